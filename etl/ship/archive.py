"""Archives of a bundle: packages that no zip can be imported from, unpacked by the platform or by ``main.py``.

Made without Docker: pip fetches the wheels of another Python and CPU as well as of this one. The versions are those
that are installed here, so that what was tested is what travels.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import asdict, field, frozen

from etl.errors import Place, PlatformError, ProjectError, UsageError
from etl.ship.dependencies import Dependency
from etl.ship.unpacked import ANY, NATIVE, UNPACKED, archive_name
from etl.spark import cache

CPUS = {"x86_64": "x86_64", "arm64": "aarch64"}  # as AWS says it, and as wheels do
NEWEST_GLIBC = 34  # 2.34: Amazon Linux 2023, which EMR 7, EMR 8 and Glue 5 and 6 run on
_OLDEST_GLIBC = 5
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment a zip can name; real ones would make equal bundles differ
_TABLE = "[tool.headrace.bundle]"


@frozen(kw_only=True)
class Archive:
    """A zip of packages that is unpacked where it is used.

    Args:
        file: its name in the bundle.
        python: the minor version that it is for, or ``any``.
        cpu: ``x86_64``, ``arm64``, or ``any``.
        packages: name → version.
        wheels: the same packages as files of the bundle, for Glue's pip; none where any CPU will do.
    """

    file: str
    python: str = ANY
    cpu: str = ANY
    packages: Mapping[str, str] = field(factory=dict, hash=False)
    wheels: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    @property
    def folder(self) -> str:
        """Where a platform unpacks it, in the container's working directory."""
        return UNPACKED if self.cpu == ANY else NATIVE


@frozen(kw_only=True)
class Targets:
    """For which Pythons and CPUs native packages are fetched."""

    pythons: tuple[str, ...]
    cpus: tuple[str, ...]

    @classmethod
    def of(cls, directory: Path) -> Targets:
        """Return what pyproject.toml says; by default the Python that builds, and both CPUs.

        Raises:
            ProjectError: a value is none that there is.
        """
        tool: Any = tomllib.loads((directory / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {})
        said = tool.get("headrace", {}).get("bundle", {})
        here = f"{sys.version_info.major}.{sys.version_info.minor}"
        pythons, cpus = said.get("python", [here]), said.get("cpu", [*CPUS])
        unknown = sorted(set(said) - {"python", "cpu"})
        bad = [each for each in pythons if not re.fullmatch(r"3\.\d\d?", str(each))]
        bad += [each for each in cpus if each not in CPUS]
        if unknown or bad:
            raise ProjectError(
                f"{_TABLE} says {', '.join(map(repr, (*unknown, *bad)))}",
                place=Place("pyproject.toml"),
                remedy=f'write python = ["3.11"] and cpu = ["x86_64", "arm64"]; CPUs are {", ".join(CPUS)}',
            )
        return cls(pythons=tuple(pythons), cpus=tuple(cpus))


def archives(found: Sequence[Dependency], targets: Targets, out: Path) -> tuple[Archive, ...]:
    """Write the archives that dependencies need into ``out``, and the wheels of native ones into ``out/wheels``.

    Raises:
        PlatformError: pip is not installed, or has no wheel of that version for a Python and CPU.
    """
    made = []
    unpacked = [each for each in found if each.form == "unpacked"]
    if unpacked:
        entries = {name: content for each in unpacked for name, content in each.files.items()}
        made.append(Archive(file=archive_name("", ANY), packages={each.name: each.version for each in unpacked}))
        write_zip(out / made[-1].file, entries)
    native = {each.name: each.version for each in found if each.form == "native"}
    for python in targets.pythons if native else ():
        for cpu in targets.cpus:
            wheels = [_wheel(name, version, python, cpu) for name, version in native.items()]
            file = archive_name(python, cpu)
            write_zip(out / file, dict(item for wheel in wheels for item in _installed(wheel).items()))
            (out / "wheels").mkdir(exist_ok=True)
            for wheel in wheels:
                (out / "wheels" / wheel.name).write_bytes(wheel.read_bytes())
            names = tuple(f"wheels/{wheel.name}" for wheel in wheels)
            made.append(Archive(file=file, python=python, cpu=cpu, packages=native, wheels=names))
    return tuple(made)


def fitting(found: Iterable[Archive], python: str, cpu: str) -> tuple[Archive, ...]:
    """Return the archives that a Python on a CPU needs.

    Raises:
        UsageError: there are native packages, and none for this one.
    """
    every = tuple(found)
    native = [each for each in every if each.cpu != ANY]
    fit = [each for each in native if (each.python, each.cpu) == (python, cpu)]
    if native and not fit:
        there = ", ".join(f"{each.python} on {each.cpu}" for each in native)
        raise UsageError(
            f"the bundle has native packages for Python {there}; this place runs {python} on {cpu}",
            remedy=f'write python = ["{python}"], cpu = ["{cpu}"] into {_TABLE} of pyproject.toml, and `etl package`',
        )
    return (*(each for each in every if each.cpu == ANY), *fit)


def write_zip(file: Path, entries: Mapping[str, bytes]) -> None:
    """Write a zip whose bytes follow from names and contents alone."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(entries):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, wherever it was made
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, entries[name])


def _installed(wheel: Path) -> dict[str, bytes]:
    """Return what a wheel puts on the path: its files, and those of its purelib and platlib."""
    entries = {}
    with zipfile.ZipFile(wheel) as opened:
        for name in opened.namelist():
            inside = re.sub(r"^[^/]+\.data/(?:pure|plat)lib/", "", name)
            if not name.endswith("/") and not re.match(r"[^/]+\.data/", inside):
                entries[inside] = opened.read(name)
    return entries


def _wheel(name: str, version: str, python: str, cpu: str) -> Path:
    """Return the wheel of a version, fetched once a machine.

    Raises:
        PlatformError: it cannot be had.
    """
    kept = cache.directory(f"wheels/cp{python.replace('.', '')}-{cpu}/{name}-{version}", os.environ)
    at_hand = sorted(kept.glob("*.whl"))
    if at_hand:
        return at_hand[0]
    kept.mkdir(parents=True, exist_ok=True)
    machine = CPUS[cpu]
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(NEWEST_GLIBC, _OLDEST_GLIBC - 1, -1)]
    platforms = [f"--platform={tag}" for tag in (*tags, f"manylinux2014_{machine}", f"manylinux2010_{machine}")]
    with tempfile.TemporaryDirectory(dir=kept) as scratch:
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--no-deps", "--dest"]
        command += [scratch, "--only-binary=:all:", "--implementation=cp", f"--python-version={python}", *platforms]
        ended = subprocess.run([*command, f"{name}=={version}"], capture_output=True, text=True, check=False)
        fetched = sorted(Path(scratch).glob("*.whl"))
        if ended.returncode or not fetched:
            last = ended.stderr.strip().splitlines()[-1:] or ["no wheel"]
            raise PlatformError(
                f"no wheel of {name} {version} for Python {python} on {cpu} (glibc 2.{NEWEST_GLIBC}): {last[0]}",
                remedy=f"install a version that has one, or leave this Python or CPU out of {_TABLE}; pip must be here",
            )
        return fetched[0].rename(kept / fetched[0].name)
