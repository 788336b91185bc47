"""What in a built bundle would fail on a cluster and not here: each with the file, what is wrong, and the remedy."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import stat
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from attrs import frozen

from etl.ship.archive import NEWEST_GLIBC, Archive
from etl.ship.built import archives_of, built_in
from etl.ship.unpacked import ANY
from etl.ship.wheel import JOBS

_MACHINES = {"x86_64": 0x3E, "arm64": 0xB7}  # e_machine of an ELF file
_COMPILED = re.compile(r"\.(so(\.\d+)*|pyd|dylib|dll)$")
_OF_PYTHON = re.compile(r"\.cpython-3(\d+)\D")
_GLIBC = re.compile(rb"GLIBC_2\.(\d+)")
_PLATFORMS_OWN = {"pyspark": "pyspark", "py4j": "py4j", "delta": "delta-spark"}
_NEEDS_PYTHON = re.compile(r"^Requires-Python:.*?(>=|==|~=|>|<=|<)\s*3\.(\d+)", re.MULTILINE)


@frozen(kw_only=True)
class Pitfall:
    """Something that would fail there.

    Args:
        file: of the bundle, with the file inside it and the line where there is one.
        problem: what is wrong.
        remedy: what to do.
    """

    file: str
    problem: str
    remedy: str


def pitfalls(directory: Path) -> tuple[Pitfall, ...]:
    """Return what would fail of the bundle in a directory; nothing where it is sound.

    Raises:
        UsageError: no bundle is there, or another version of Headrace has built it.
    """
    built_in(directory)
    said = json.loads((directory / "bundle.json").read_text(encoding="utf-8"))
    found = list(_changed(directory, said["files"]))
    archives = archives_of(said)
    pythons = sorted({each.python for each in archives if each.python != ANY})
    found += [each for file in said["files"] for each in _named(file)]
    if (directory / "app.zip").is_file():
        found += _in_app(directory / "app.zip", pythons)
    for archive in archives:
        if (directory / archive.file).is_file():
            found += _in_archive(directory / archive.file, archive)
    return tuple(found)


def _changed(directory: Path, files: Mapping[str, Mapping[str, str]]) -> Iterator[Pitfall]:
    """Yield what is not what the manifest says: executors that start later would get other files than the first."""
    again = "build it again: etl package"
    folder = re.compile(r".+/[^/]+-[0-9a-f]{12}/")
    for name, each in files.items():
        if not (directory / name).is_file():
            yield Pitfall(file=name, problem="is named in bundle.json and not there", remedy=again)
        elif hashlib.sha256((directory / name).read_bytes()).hexdigest() != each["sha256"]:
            yield Pitfall(file=name, problem="was changed after it was built", remedy=again)
        if not folder.match(each["key"]):
            problem = f"key {each['key']} does not change with the content"
            yield Pitfall(file=name, problem=problem, remedy=again)


def _named(file: str) -> Iterator[Pitfall]:
    if file.startswith("main") and not file.endswith(".py"):
        yield Pitfall(
            file=file,
            problem="spark-submit takes an entry point that does not end in .py for a jar",
            remedy="leave it main.py",
        )


def _in_app(file: Path, pythons: list[str]) -> Iterator[Pitfall]:
    with zipfile.ZipFile(file) as opened:
        for name in opened.namelist():
            place = f"{file.name}: {name}"
            yield from _own(place, name)
            if _COMPILED.search(name):
                yield Pitfall(
                    file=place,
                    problem="is compiled: Python imports none from a zip",
                    remedy="declare its package as a dependency, then it travels in an archive",
                )
            if name.startswith(f"{JOBS}/") and name.endswith(".py"):
                yield from _file_reads(place, opened.read(name))
            if name.endswith(".dist-info/METADATA"):
                yield from _python(place, opened.read(name).decode(errors="replace"), pythons)


def _in_archive(file: Path, archive: Archive) -> Iterator[Pitfall]:
    with zipfile.ZipFile(file) as opened:
        for entry in opened.infolist():
            place = f"{file.name}: {entry.filename}"
            yield from _own(place, entry.filename)
            if stat.S_ISLNK(entry.external_attr >> 16) or re.search(r"(^|/)bin/python[\d.]*$", entry.filename):
                yield Pitfall(
                    file=place,
                    problem="is a link or an interpreter of the machine that built it, and leads nowhere on another",
                    remedy="put packages into the archive, no virtual environment: `etl package` does",
                )
            elif _COMPILED.search(entry.filename):
                yield from _compiled(place, entry.filename, opened.read(entry), archive)


def _own(place: str, name: str) -> Iterator[Pitfall]:
    top = name.partition("/")[0]
    jar = name.endswith(".jar") and Path(name).name.startswith(("delta-", "spark-"))
    what = _PLATFORMS_OWN.get(top, Path(name).name)
    if top in _PLATFORMS_OWN or jar:
        yield Pitfall(
            file=place,
            problem=f"{what} is the platform's; a second copy on the path breaks both",
            remedy="remove it from the dependencies; pyspark belongs in the extra `dev`",
        )


def _file_reads(place: str, code: bytes) -> Iterator[Pitfall]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Name) and node.id == "__file__":
            yield Pitfall(
                file=f"{place}:{node.lineno}",
                problem="reads beside __file__: in a zip that is no directory",
                remedy="read it with importlib.resources.files(__package__)",
            )


def _python(place: str, metadata: str, pythons: list[str]) -> Iterator[Pitfall]:
    said = _NEEDS_PYTHON.search(metadata)
    for python in pythons if said else ():
        minor, sign, bound = int(python.partition(".")[2]), said[1] if said else "", int(said[2]) if said else 0
        fits = {">=": minor >= bound, "~=": minor >= bound, ">": minor > bound, "==": minor == bound}
        fits |= {"<=": minor <= bound, "<": minor < bound}
        if not fits[sign]:
            yield Pitfall(
                file=place,
                problem=f"needs Python {sign}3.{bound}; the bundle is for {python} too",
                remedy="take another version, or leave that Python out of [tool.headrace.bundle]",
            )


def _compiled(place: str, name: str, content: bytes, archive: Archive) -> Iterator[Pitfall]:
    again = "remove the archive's wheels from Headrace's cache, and `etl package`"
    if not content.startswith(b"\x7fELF"):
        yield Pitfall(file=place, problem="is no shared object of Linux", remedy=again)
        return
    wanted = _MACHINES.get(archive.cpu)
    if wanted is None or int.from_bytes(content[18:20], "little") != wanted:
        yield Pitfall(file=place, problem=f"is for another CPU than {archive.cpu}", remedy=again)
    newest = max((int(each) for each in _GLIBC.findall(content)), default=0)
    if newest > NEWEST_GLIBC:
        yield Pitfall(
            file=place,
            problem=f"needs glibc 2.{newest}; EMR 7 and Glue 5 have 2.{NEWEST_GLIBC}",
            remedy="take a version with a manylinux wheel, not one that was compiled here",
        )
    minor = _OF_PYTHON.search(name)
    if minor and archive.python != f"3.{minor[1]}":
        yield Pitfall(
            file=place,
            problem=f"is for Python 3.{minor[1]}; the archive is for {archive.python}",
            remedy='write the Pythons of your platforms: [tool.headrace.bundle] python = ["3.11"]',
        )
