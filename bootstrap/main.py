"""The one entry script: every platform starts a bundle with it, and `etl run` does the rest.

Standard library only, and only ``--key value`` pairs: Glue keeps a job's arguments in a map, so anything else would
mean one thing there and another on EMR. Exits with the run's code, 2 for arguments it cannot take, 5 where the engine
of its bundle is not to be had.
"""

import hashlib
import importlib.util
import json
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

OWN = ("job", "date", "from", "to", "env", "set", "params", "run-id", "platform")
RESERVED_BY_GLUE = (
    *("JOB_NAME", "JOB_ID", "JOB_RUN_ID", "SECURITY_CONFIGURATION", "TempDir", "RedshiftTempDir", "conf", "class"),
    *("scriptLocation", "encryption-type", "datalake-formats", "user-jars-first", "spark-event-logs-path"),
    *("use-postgres-driver", "auto-scale-within-microbatch"),
)
RESERVED_PREFIXES = ("enable-", "disable-", "extra-", "job-", "continuation-", "continuous-", "additional-", "python-")
ZIP = "app.zip"
PACKAGES = {"etl": "engine", "jobs": "jobs"}  # what is compared, and its name in bundle.json
NOT_RUN = "etl/project/template/"  # in the engine's wheel, not in a bundle
WRONG_ENGINE = 5  # the exit code for an environment that cannot run the bundle


class Package(NamedTuple):
    """A package of the bundle: its name, what it calls itself, a digest of its files, and where it lies."""

    name: str
    version: str
    sha256: str
    place: str

    def __str__(self) -> str:
        """Name it for people."""
        return f"{self.name} {self.version or 'of no version'} ({self.sha256[:12]}) in {self.place}"


def pairs(argv: Sequence[str]) -> dict[str, str]:
    """Return the arguments as a map, without the keys that Glue adds."""
    given: dict[str, str] = {}
    for position in range(0, len(argv), 2):
        flag, value = argv[position], argv[position + 1 : position + 2]
        key = flag.removeprefix("--")
        if not flag.startswith("--") or not key or "=" in key:
            refuse(f"expected --key value, got {flag!r}")
        if not value or (value[0].startswith("--") and not is_reserved(key)):
            refuse(f"{flag} has no value")
        if key in given:
            refuse(f"{flag} is given twice")
        given[key] = value[0]
    own = {key: value for key, value in given.items() if key in OWN}
    unknown = [key for key in given if key not in own and not is_reserved(key)]
    if unknown:
        refuse(f"unknown {', '.join(f'--{key}' for key in unknown)}; known: {', '.join(f'--{key}' for key in OWN)}")
    if "JOB_RUN_ID" in given:
        own.setdefault("platform", "glue")
    return own


def is_reserved(key: str) -> bool:
    """Whether Glue itself puts the key there."""
    return key in RESERVED_BY_GLUE or key.startswith(RESERVED_PREFIXES)


def command(given: dict[str, str]) -> list[str]:
    """Return the same request as arguments of `etl`."""
    if "job" not in given:
        refuse("--job is missing")
    said = dict(given)
    # Whoever submitted was asked; here is nobody to ask.
    line = ["run", "--yes", *said.pop("job").split()]
    for key, flag in (("set", "--set"), ("params", "--param")):
        for name, value in members(key, said.pop(key, "{}")).items():
            line += [flag, f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
    for key, value in said.items():
        line += [f"--{key}", value]
    return line


def members(key: str, text: str) -> dict[str, object]:
    """Return a JSON object's members; Glue has no place for a flag given twice."""
    try:
        value = json.loads(text)
    except ValueError as error:
        refuse(f"--{key} is not JSON: {error}")
    if not isinstance(value, dict):
        refuse(f'--{key} must be a JSON object such as {{"a.b": "c"}}, got {text}')
    return value


def refuse(reason: str, code: int = 2) -> NoReturn:
    """Say what was wrong, and end."""
    print(f"main.py: {reason}", file=sys.stderr)
    raise SystemExit(code)


def find_bundle() -> None:
    """Make sure that ``import etl`` and ``import jobs`` give the engine and the project of this script's bundle.

    Both are common names, and a machine image may hold other ones. What would be imported is compared with
    ``bundle.json``, or with the bundle's zip where only that is at hand; if it is another, the zip goes before it.
    """
    own = own_zip()
    wanted = expected(own)
    if not wanted:
        engine = installed("etl")
        if not engine or not engine.version:
            refuse(f"found {engine or 'no etl'}: {remedy()}", WRONG_ENGINE)
        print(f"main.py: {engine}: neither bundle.json nor {ZIP} is there to compare it with", file=sys.stderr)
        return
    before = {package.name: installed(package.name) for package in wanted}
    if all(is_same(before[package.name], package) for package in wanted):
        return
    if own:
        sys.path.insert(0, str(own))
        importlib.invalidate_caches()
    for package in wanted:
        found = (before[package.name], installed(package.name))
        if not is_same(found[1], package):
            there = " and ".join(str(each) for each in dict.fromkeys(found) if each) or f"no {package.name}"
            refuse(f"found {there}; this bundle needs {package}: {remedy()}", WRONG_ENGINE)


def is_same(found: Package | None, wanted: Package) -> bool:
    """Whether what is there has the files that were bundled."""
    return found is not None and found.sha256 == wanted.sha256


def remedy() -> str:
    """Say what helps where a package is not to be had."""
    return f"put the bundle's {ZIP} beside this script, or in --py-files"


def own_zip() -> Path | None:
    """Return the bundle's zip: beside this script, or wherever --py-files has put it on the path."""
    places = (Path(__file__).with_name(ZIP), *(Path(entry) for entry in sys.path if Path(entry).name == ZIP))
    return next((place for place in places if place.is_file()), None)


def expected(own: Path | None) -> tuple[Package, ...]:
    """Return what this script was bundled with, as the manifest beside script or zip, or the zip, has it."""
    for file in (Path(__file__), *([own] if own else [])):
        manifest = file.with_name("bundle.json")
        if manifest.is_file():
            said = json.loads(manifest.read_text(encoding="utf-8"))
            both = {name: said[key] for name, key in PACKAGES.items() if key in said}
            return tuple(Package(name, each["version"], each["sha256"], str(manifest)) for name, each in both.items())
    if own is None:
        return ()
    held = {name: dict(zipped(own, name)) for name in PACKAGES}
    return tuple(described(name, files, str(own)) for name, files in held.items() if files)


def installed(name: str) -> Package | None:
    """Return the package that an import would give. It is read, not imported: it may be anything of that name."""
    spec = importlib.util.find_spec(name)
    if spec is None:
        return None
    archive = getattr(spec.loader, "archive", None)
    if archive:
        return described(name, dict(zipped(Path(archive), name)), archive)
    folder = next(iter(spec.submodule_search_locations or ()), None)
    return described(name, dict(unpacked(Path(folder), name)) if folder else {}, folder or str(spec.origin))


def described(name: str, files: Mapping[str, bytes], place: str) -> Package:
    """Describe a package by its files; the bundle's manifest has the same digest of them."""
    digests = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
    said = re.search(rb'^__version__ = "([^"]+)"', files.get(f"{name}/__init__.py", b""), re.MULTILINE)
    version = said[1].decode() if said else ""
    return Package(name, version, hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest(), place)


def zipped(archive: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield a package's files in a zip, by name."""
    with zipfile.ZipFile(archive) as opened:
        for file in opened.namelist():
            if file.startswith(f"{name}/") and not file.endswith("/"):
                yield file, opened.read(file)


def unpacked(folder: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield a package's files in a folder, without what Python compiled there and what no run reads."""
    for file in folder.rglob("*"):
        inside = f"{name}/{file.relative_to(folder).as_posix()}"
        if file.is_file() and "__pycache__" not in file.parts and not inside.startswith(NOT_RUN):
            yield inside, file.read_bytes()


def run(argv: Sequence[str]) -> int:
    """Find engine and project, and run the job."""
    line = command(pairs(argv))
    find_bundle()
    from etl.cli import main

    return int(main(line, bundled=True) or 0)


if __name__ == "__main__":
    raise SystemExit(run(sys.argv[1:]))
