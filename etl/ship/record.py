"""What was submitted, kept among a run's artifacts: enough to start the same once more, and to know it is the same."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from attrs import asdict, field, frozen

from etl.errors import ConflictError, LockedError, UsageError
from etl.runs.artifacts import Artifacts
from etl.runs.objects import overwrite
from etl.ship.archive import Archive
from etl.ship.built import Built, archives_of
from etl.ship.platform import Submission
from etl.spark import cache

NAME = "submission.json"
SCHEMA_VERSION = 1
SENDING = timedelta(minutes=5)  # that a submission takes at most: all its tries, and the looks between them
_CLAIMS = 10


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
        at: when it was submitted, in UTC.
        remote_id: the platform's own id; empty while it is being sent, and where the run takes place here.
        failed: why it could not be sent.
    """

    platform: str
    bundle: str
    digests: Mapping[str, str] = field(hash=False)
    arguments: Mapping[str, str] = field(hash=False)
    settings: Mapping[str, str] = field(hash=False)
    archives: tuple[Archive, ...] = ()
    at: str = ""
    remote_id: str = ""
    failed: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON values."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self)}


def record(submission: Submission, built: Built, at: datetime) -> Record:
    """Return what is kept of a submission."""
    return Record(
        platform=submission.arguments["platform"],
        bundle=submission.bundle,
        digests=built.digests,
        arguments=submission.arguments,
        settings=submission.settings,
        archives=built.archives,
        at=at.isoformat(),
    )


def keep(artifacts: Artifacts, made: Record) -> None:
    """Write what is submitted beside what the run will leave."""
    overwrite(artifacts.store, artifacts.key(NAME), _bytes(made))


def claim(artifacts: Artifacts, made: Record, now: datetime) -> Record:
    """Write that a run is being submitted, or return the record of its having been: one of several submits it.

    Raises:
        UsageError: a run of this id was submitted with something else.
        LockedError: somebody is submitting it; or was, and has been killed a moment ago.
    """
    key, body = artifacts.key(NAME), _bytes(made)
    for _ in range(_CLAIMS):
        stored = artifacts.store.get(key)
        there = _read(artifacts, stored.body) if stored else None
        if there and _asked(there) != _asked(made):
            raise UsageError(
                f"run {artifacts.run_id} was submitted at {there.at} with something else",
                remedy="nothing was sent: take another --run-id, or none",
            )
        if there and there.remote_id:
            return there
        if there and not there.failed and now - datetime.fromisoformat(there.at) < SENDING:
            raise LockedError(
                f"run {artifacts.run_id} is being submitted since {there.at}",
                remedy=f"`etl follow {artifacts.run_id}` when that has ended; this can take it over "
                f"{SENDING.total_seconds():.0f} seconds after",
            )
        try:
            artifacts.store.put_if(key, body, stored.version if stored else None)
        except ConflictError:
            continue
        return made
    raise LockedError(f"run {artifacts.run_id} is being submitted by others", remedy="submit it once")


def _asked(made: Record) -> Mapping[str, Any]:
    return {**made.to_json(), "at": "", "remote_id": "", "failed": ""}


def _bytes(made: Record) -> bytes:
    return (json.dumps(made.to_json(), indent=2) + "\n").encode()


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
    return _read(artifacts, stored.body)


def _read(artifacts: Artifacts, body: bytes) -> Record:
    said: dict[str, Any] = json.loads(body)
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
