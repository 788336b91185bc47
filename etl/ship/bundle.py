"""A release as files: the wheel, its zip twin, the entry script, and a manifest that says what is in it.

The twin exists because Spark puts a ``.zip`` on every executor's path and a ``.whl`` on none outside YARN. It also
holds what the engine imports, so that a cluster needs nothing installed but Spark. Archives have what no zip can carry.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from etl.errors import Place, ProjectError
from etl.ship.archive import Archive, Targets, archives, write_zip
from etl.ship.dependencies import ENGINE, ENTRY_SCRIPT, dependencies
from etl.ship.opened import check_opened
from etl.ship.wheel import JOBS, build_wheel, files_of

SCHEMA_VERSION = 1
_NOT_RUN = "etl/project/template/"  # what `etl init` lays out


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
        archives: of packages that must be unpacked; none where pure Python will do.
    """

    name: str
    version: str
    digest: str
    wheel: Path
    zip: Path
    main: Path
    manifest: Path
    archives: tuple[Archive, ...] = ()


def build(directory: Path, out: Path, steps: Sequence[str] = ()) -> Bundle:
    """Build the project in ``directory`` into ``out``; the same files and dependencies give the same bytes.

    Args:
        directory: the project.
        out: where the files go.
        steps: the names of its steps; the bundle is opened once, as a cluster would, and must have just these.

    Raises:
        ProjectError: it is no Python project, its build fails, or the bundle is another project than the directory.
        PlatformError: hatchling or a dependency is not installed, or a native one cannot be had for a CPU.
    """
    out.mkdir(parents=True, exist_ok=True)
    wheel = build_wheel(directory, out)
    project = next(iter(importlib.metadata.distributions(path=[str(wheel)])))
    entries = files_of(wheel)
    needed = dependencies(project)
    for each in needed:
        if each.form == "zip":
            entries = {**each.files, **entries}
    if ENTRY_SCRIPT not in entries:
        raise ProjectError(
            f"the bundle would lack the engine: {ENGINE} is no dependency of {project.name}",
            place=Place("pyproject.toml"),
            remedy=f'add it there: dependencies = ["{ENGINE}"]',
        )
    app, main = out / "app.zip", out / "main.py"
    write_zip(app, {name: content for name, content in entries.items() if not name.startswith(_NOT_RUN)})
    main.write_bytes(entries[ENTRY_SCRIPT])
    more = archives(needed, Targets.of(directory), out)
    names = [wheel.name, app.name, main.name, *(name for each in more for name in (each.file, *each.wheels))]
    digests = {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in dict.fromkeys(names)}
    digest = hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()
    bundle = Bundle(project.name, project.version, digest, wheel, app, main, out / "bundle.json", more)
    versions = {each.name: each.version for each in needed}
    # The engine is a dependency of the project, or the project itself.
    engine = {"version": versions.get(ENGINE, project.version), "sha256": _digest_below(entries, "etl")}
    jobs = {"version": project.version, "sha256": _digest_below(entries, JOBS)}
    content = {"engine": engine, "jobs": jobs, "archives": [each.to_json() for each in more]}
    _write_manifest(bundle, digests, content, {"commit": _commit(directory), "dependencies": versions})
    if steps:
        check_opened(app, directory, steps)
    return bundle


def _write_manifest(
    bundle: Bundle, digests: Mapping[str, str], packages: Mapping[str, Any], created_from: Mapping[str, object]
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


def _commit(directory: Path) -> str | None:
    """Return the commit the project was built from, ``-dirty`` if files differ from it; None outside git."""
    try:
        command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        said = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return said.stdout.strip() or None
