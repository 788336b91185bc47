"""A release as files: the wheel, its zip twin, the entry script, and a manifest that says what is in it.

The twin exists because Spark puts a ``.zip`` on every executor's path and a ``.whl`` on none outside YARN. It also
holds what the engine imports, so that a cluster needs nothing installed but Spark.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
import subprocess
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from attrs import frozen

import etl
from etl.errors import Place, PlatformError, ProjectError
from etl.ship.opened import check_opened
from etl.ship.wheel import JOBS, build_wheel, files_of

SCHEMA_VERSION = 1
_ENGINE = "headrace"
_ENTRY_SCRIPT = "etl/ship/bootstrap/main.py"
_NOT_RUN = "etl/project/template/"  # what `etl init` lays out
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment a zip can name; real ones would make equal bundles differ
_NEVER = frozenset({"pyspark", "py4j", "delta-spark"})  # the platform's own; a second copy on the path breaks both
_METADATA_KEPT = ("METADATA", "entry_points.txt", "licenses", "LICENSE", "LICENSE.txt")
_COMPILED = (".so", ".pyd", ".dylib", ".dll")
_AFTER_NAME = re.compile(r"[^A-Za-z0-9._-]")  # what ends a required name: a blank, a bracket, a comparison


@frozen
class Bundle:
    """One immutable release on disk.

    Args:
        name: the distribution's.
        version: the distribution's.
        digest: sha256 over the names and sha256 of its files: equal digests, equal releases.
        wheel: for bootstrap actions and Glue's ``--additional-python-modules``.
        zip: for ``--py-files``.
        main: the entry script.
        manifest: ``bundle.json``.
    """

    name: str
    version: str
    digest: str
    wheel: Path
    zip: Path
    main: Path
    manifest: Path


def build(directory: Path, out: Path, steps: Sequence[str] = ()) -> Bundle:
    """Build the project in ``directory`` into ``out``; the same files and dependencies give the same bytes.

    Args:
        directory: the project.
        out: where the files go.
        steps: the names of its steps; the bundle is opened once, as a cluster would, and must have just these.

    Raises:
        ProjectError: it is no Python project, its build fails, or the bundle is another project than the directory.
        PlatformError: hatchling or a dependency is not installed, or one is not pure Python.
    """
    out.mkdir(parents=True, exist_ok=True)
    wheel = build_wheel(directory, out)
    project = next(iter(importlib.metadata.distributions(path=[str(wheel)])))
    entries = files_of(wheel)
    versions = _add_dependencies(entries, project)
    if _ENTRY_SCRIPT not in entries:
        raise ProjectError(
            f"the bundle would lack the engine: {_ENGINE} is no dependency of {project.name}",
            place=Place("pyproject.toml"),
            remedy=f'add it there: dependencies = ["{_ENGINE}"]',
        )
    app, main = out / "app.zip", out / "main.py"
    _write_zip(app, {name: content for name, content in entries.items() if not name.startswith(_NOT_RUN)})
    main.write_bytes(entries[_ENTRY_SCRIPT])
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in (wheel, app, main)}
    digest = hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()
    bundle = Bundle(project.name, project.version, digest, wheel, app, main, out / "bundle.json")
    # The engine is a dependency of the project, or the project itself.
    engine = {"version": versions.get(_ENGINE, project.version), "sha256": _digest_below(entries, "etl")}
    jobs = {"version": project.version, "sha256": _digest_below(entries, JOBS)}
    content = {"engine": engine, "jobs": jobs}
    _write_manifest(bundle, digests, content, {"commit": _commit(directory), "dependencies": versions})
    if steps:
        check_opened(app, directory, steps)
    return bundle


def _write_manifest(
    bundle: Bundle, digests: Mapping[str, str], packages: Mapping[str, object], created_from: Mapping[str, object]
) -> None:
    # A key is never written twice with other content: executors that start later must get the same files.
    folder = f"{bundle.name}/{bundle.version}-{bundle.digest[:12]}"
    content = {
        "schema_version": SCHEMA_VERSION,
        "name": bundle.name,
        "version": bundle.version,
        "digest": bundle.digest,
        **packages,
        "files": {file: {"sha256": sha, "key": f"{folder}/{file}"} for file, sha in digests.items()},
        "created_from": created_from,
    }
    bundle.manifest.write_text(json.dumps(content, indent=2) + "\n")


def _digest_below(entries: Mapping[str, bytes], package: str) -> str:
    """Return one digest over a package's files; the entry script makes the same of the package that it finds."""
    digests = {
        name: hashlib.sha256(entries[name]).hexdigest()
        for name in entries
        if name.startswith(f"{package}/") and not name.startswith(_NOT_RUN)
    }
    return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()


def _add_dependencies(entries: dict[str, bytes], project: importlib.metadata.Distribution) -> dict[str, str]:
    """Add what the project needs, from what is installed here; return name → version."""
    versions: dict[str, str] = {}
    waiting = list(_requirements(project))
    while waiting:
        name, conditional = waiting.pop()
        if name in versions or name in _NEVER:
            continue
        try:
            installed = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            if conditional:  # for another Python or system than this one
                continue
            raise PlatformError(f"{name}, part of the bundle, is not installed", remedy=f"pip install {name}") from None
        versions[name] = installed.version
        entries |= {key: content for key, content in _distribution_files(installed, name) if key not in entries}
        waiting += _requirements(installed)
    return dict(sorted(versions.items()))


def _requirements(distribution: importlib.metadata.Distribution) -> Iterator[tuple[str, bool]]:
    """Yield each required name, and whether it is required only under some marker; extras are not."""
    for line in distribution.requires or ():
        requirement, semicolon, marker = line.partition(";")
        if not re.search(r"\bextra\b", marker):
            yield _canonical(_AFTER_NAME.split(requirement.strip(), 1)[0]), bool(semicolon)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _distribution_files(installed: importlib.metadata.Distribution, name: str) -> Iterator[tuple[str, bytes]]:
    if name == _ENGINE:
        yield from _engine_files()
    for file in installed.files or ():
        inside = PurePosixPath(file.as_posix())
        if inside.parts[0] in {JOBS, *(["etl"] if name == _ENGINE else [])}:
            continue  # a bundle holds one project's jobs: none that another distribution installs under that name
        if ".." in inside.parts or inside.is_absolute() or "__pycache__" in inside.parts:
            continue  # console scripts, and what this machine compiled
        if inside.suffix in _COMPILED:
            raise PlatformError(f"{name} is not pure Python ({inside}): it would run on this machine's CPU only")
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
    for file in (root.parent / "bootstrap").glob("*") if not (root.parent / _ENTRY_SCRIPT).is_file() else ():
        yield f"etl/ship/bootstrap/{file.name}", file.read_bytes()


def _write_zip(file: Path, entries: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(entries):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, wherever it was made
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, entries[name])


def _commit(directory: Path) -> str | None:
    """Return the commit the project was built from, ``-dirty`` if files differ from it; None outside git."""
    try:
        command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        said = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return said.stdout.strip() or None
