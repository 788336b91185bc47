"""What was submitted, kept among a run's artifacts: enough to start the same once more, and to know it is the same."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from etl.errors import UsageError
from etl.runs.artifacts import Artifacts
from etl.runs.objects import overwrite
from etl.ship.archive import Archive
from etl.ship.built import Built, archives_of
from etl.ship.platform import Submission
from etl.spark import cache

NAME = "submission.json"
SCHEMA_VERSION = 1


@frozen(kw_only=True)
class Record:
    """A submission as it is kept.

    Args:
        platform: where it was sent.
        bundle: where its bundle lay, for the platform.
        digests: sha256 of the bundle's files, in hex, by name.
        arguments: of ``main.py``.
        settings: Spark's configuration.
        archives: all of the bundle's.
    """

    platform: str
    bundle: str
    digests: Mapping[str, str] = field(hash=False)
    arguments: Mapping[str, str] = field(hash=False)
    settings: Mapping[str, str] = field(hash=False)
    archives: tuple[Archive, ...] = ()


def keep(artifacts: Artifacts, submission: Submission, built: Built) -> None:
    """Write what is submitted beside what the run will leave."""
    said = {
        "schema_version": SCHEMA_VERSION,
        "platform": submission.arguments["platform"],
        "bundle": submission.bundle,
        "digests": dict(built.digests),
        "arguments": dict(submission.arguments),
        "settings": dict(submission.settings),
        "archives": [each.to_json() for each in built.archives],
    }
    overwrite(artifacts.store, artifacts.key(NAME), (json.dumps(said, indent=2) + "\n").encode())


def read(artifacts: Artifacts) -> Record:
    """Return what was submitted as a run.

    Raises:
        UsageError: it was not submitted, or by another version.
    """
    stored = artifacts.store.get(artifacts.key(NAME))
    if stored is None:
        raise UsageError(
            f"run {artifacts.run_id} left no {NAME}: it was not started by `etl submit`",
            remedy="`etl retry` and `etl run` carry out today's code; a replay needs the bundle that was submitted",
        )
    said: dict[str, Any] = json.loads(stored.body)
    if said.pop("schema_version") != SCHEMA_VERSION:
        raise UsageError(f"{NAME} of run {artifacts.run_id} is of another version of Headrace")
    return Record(**{**said, "archives": archives_of(said)})


def kept_bundle(source: Path, digests: Mapping[str, str]) -> Path:
    """Return a folder of this machine with just these files, copied from ``source`` where it is not there yet.

    Raises:
        UsageError: a file is missing, or has other bytes than were submitted; nothing is kept of them.
    """
    digest = hashlib.sha256(json.dumps(dict(digests), sort_keys=True).encode()).hexdigest()
    folder = cache.directory(f"bundles/{digest}", os.environ)
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            made = Path(scratch) / "bundle"
            for name in digests:
                (made / name).parent.mkdir(parents=True, exist_ok=True)
                try:
                    shutil.copyfile(source / name, made / name)
                except FileNotFoundError:
                    raise UsageError(
                        f"{source} has no {name}, which was submitted", remedy="name the bundle's folder: --bundle DIR"
                    ) from None
            _check(made, digests, source)
            # The entry script compares engine and jobs with it; it names no file of this machine.
            if (source / "bundle.json").is_file():
                shutil.copyfile(source / "bundle.json", made / "bundle.json")
            made.rename(folder)
    _check(folder, digests, folder)
    return folder


def _check(folder: Path, digests: Mapping[str, str], said: Path) -> None:
    for name, wanted in digests.items():
        found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if found != wanted:
            raise UsageError(
                f"{said / name} has sha256 {found[:12]}…; submitted was {wanted[:12]}…",
                remedy="name the folder of the bundle that was submitted: --bundle DIR",
            )
