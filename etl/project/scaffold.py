"""A new project as files: a small one that runs at once, or the reference job of this repository."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from etl import __version__
from etl.errors import UsageError, did_you_mean

EXAMPLES = ("nyc_flights",)
SUFFIX = ".template"  # nobody imports, checks or collects them where they lie
OF_THE_SMALL_ONE = ("conf/", "jobs/orders.py", "tests/", "data/", ".github/")
NAME = re.compile(r"[a-z](?:[a-z0-9]|[-_](?=[a-z0-9])){0,62}")
_NAMED = re.compile(r'^name = "[^"]*"$', re.MULTILINE)


def lay_out(directory: Path, name: str, example: str | None = None) -> tuple[str, ...]:
    """Write a project's files and return their names, sorted; writes nothing where one of them is there already.

    Args:
        directory: made where there is none.
        name: of the project: of its distribution, and in its configuration.
        example: a job of this repository in place of the small one.

    Raises:
        UsageError: no name for a project, no such example, or a file that would be overwritten.
    """
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name for a project", remedy="lower-case letters, digits, - and _: --name shop"
        )
    if example and example not in EXAMPLES:
        raise UsageError(f"no example {example!r}; {did_you_mean(example, EXAMPLES)}")
    content = dict(_small(name, without=OF_THE_SMALL_ONE if example else ()))
    if example:
        content |= dict(_example(example, name))
    there = sorted(file for file in content if (directory / file).exists())
    if there:
        raise UsageError(
            f"{directory} has {', '.join(there[:3])} already" + (" …" if len(there) > 3 else ""),  # noqa: PLR2004
            remedy="name a new directory: nothing was written",
        )
    for file, body in content.items():
        (directory / file).parent.mkdir(parents=True, exist_ok=True)
        (directory / file).write_bytes(body)
    return tuple(sorted(content))


def _small(name: str, without: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for file, body in _below(files("etl.project") / "template"):
        laid = file.removesuffix(SUFFIX)
        if laid != file and not laid.startswith(without):
            yield laid, body.decode().replace("PROJECT", name).replace("ENGINE", __version__).encode()


def _example(example: str, name: str) -> Iterator[tuple[str, bytes]]:
    packed = files("etl.project") / "template" / "example"
    # A checkout has the files where they are at home.
    root: Traversable = packed if packed.is_dir() else Path(str(files("etl"))).parent
    for file, body in _below(root / "jobs" / example):
        yield f"jobs/{example}/{file}", body
    for file, body in _below(root / "conf"):
        yield f"conf/{file}", _NAMED.sub(f'name = "{name}"', body.decode()).encode() if file == "base.toml" else body


def _below(folder: Traversable, inside: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _below(entry, f"{inside}{entry.name}/")
        elif entry.is_file():
            yield f"{inside}{entry.name}", entry.read_bytes()
