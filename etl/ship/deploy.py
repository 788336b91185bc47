"""A bundle on S3, under keys that change with its content, and which one an environment uses.

``<bundles>/<name>/<version>-<digest>/`` holds one bundle; ``bundle.json``, written last, says that it is whole.
``<bundles>/<name>/deployed/<environment>.json`` names the bundle of an environment and those before it.
"""

from __future__ import annotations

import getpass
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from etl.errors import ConfigError, UsageError
from etl.model.s3 import S3Settings, is_s3
from etl.runs.objects import ObjectStore, Stored
from etl.runs.s3 import S3Store, open_bucket
from etl.ship.built import Built, built_of

MANIFEST = "bundle.json"
REMEMBERED = 50  # earlier bundles of an environment
SCHEMA_VERSION = 1


@frozen(kw_only=True)
class Alias:
    """Which bundle an environment uses.

    Args:
        folder: of the bundle, below ``bundles``.
        at: since when, in UTC.
        by: whose account put it there.
        before: the folders of those before it, the last one first.
        version: of the object that says so; None where there is none yet.
    """

    folder: str
    at: str = ""
    by: str = ""
    before: tuple[str, ...] = ()
    version: str | None = field(default=None, eq=False)


def bundles_store(bundles: str, s3: S3Settings) -> S3Store:
    """Return the store of the bundles.

    Raises:
        ConfigError: no place is said, or one that is not on S3.
    """
    if not is_s3(bundles):
        raise ConfigError(
            f"bundles = {bundles!r}: no place on S3 to put bundles",
            remedy='write bundles = "s3://bucket/bundles" in conf/env/<environment>.toml',
        )
    return open_bucket(bundles, s3)


def keys(built: Built) -> tuple[str, ...]:
    """Return the keys of a bundle's files."""
    return tuple(f"{built.folder}/{name}" for name in (*built.digests, MANIFEST))


def upload(store: S3Store, built: Built) -> Iterator[tuple[str, bool]]:
    """Put a bundle's files under their keys, the manifest last; yield each key, and whether it was not there yet.

    Raises:
        PlatformError: a key has other bytes.
        EtlError: S3 refuses.
    """
    for name, digest in built.digests.items():
        key = f"{built.folder}/{name}"
        yield key, store.put_file(key, built.directory / name, digest)
    manifest, key = built.directory / MANIFEST, f"{built.folder}/{MANIFEST}"
    # It also says where the bundle was built: the first one stays, whoever builds the same bytes elsewhere.
    there = any(entry.key == key for entry in store.list(key, limit=1))
    if not there:
        store.put_file(key, manifest, hashlib.sha256(manifest.read_bytes()).hexdigest())
    yield key, not there


def alias(store: ObjectStore, name: str, environment: str) -> Alias | None:
    """Return which bundle of a project an environment uses; None where none was deployed."""
    return _read(store.get(_key(name, environment)))


def point(store: ObjectStore, built_folder: str, environment: str, at: datetime) -> Alias:
    """Let an environment use a bundle that is there, and remember the one before.

    Raises:
        UsageError: the bundle is not whole.
        ConflictError: somebody else deployed at the same time; what they did stays.
    """
    name = built_folder.partition("/")[0]
    if store.get(f"{built_folder}/{MANIFEST}") is None:
        raise UsageError(f"bundle {built_folder} is not there, or not whole", remedy="deploy it again: etl deploy")
    now = alias(store, name, environment)
    if now and now.folder == built_folder:
        return now
    before = (now.folder, *(each for each in now.before if each != now.folder)) if now else ()
    made = Alias(folder=built_folder, at=at.isoformat(), by=_who(), before=before[:REMEMBERED])
    return _write(store, name, environment, made, now)


def roll_back(store: ObjectStore, name: str, environment: str, at: datetime) -> Alias:
    """Let an environment use the bundle before the one it uses.

    Raises:
        UsageError: there is none before it, or it is not there any more.
        ConflictError: somebody else deployed at the same time.
    """
    now = alias(store, name, environment)
    if now is None or not now.before:
        raise UsageError(f"{environment} has no earlier bundle of {name}", remedy="`etl deploy` puts one there")
    if store.get(f"{now.before[0]}/{MANIFEST}") is None:
        raise UsageError(f"bundle {now.before[0]} is not there any more", remedy="build it from its commit, and deploy")
    made = Alias(folder=now.before[0], at=at.isoformat(), by=_who(), before=now.before[1:])
    return _write(store, name, environment, made, now)


def deployed(store: ObjectStore, name: str, environment: str) -> Built:
    """Return the bundle that an environment uses, as it lies on S3.

    Raises:
        UsageError: none was deployed, or it is gone.
    """
    found = alias(store, name, environment)
    said = store.get(f"{found.folder}/{MANIFEST}") if found else None
    if said is None:
        raise UsageError(
            f"no bundle of {name} is deployed to {environment}", remedy=f"etl package, and etl deploy -e {environment}"
        )
    return built_of(json.loads(said.body))


def fetch(bundle: str, names: Iterable[str], s3: S3Settings, folder: Path) -> None:
    """Copy a bundle's files from S3 into a folder; one that is not there is left out.

    Args:
        bundle: the URI below which they lie.
        names: of the files.
        s3: how S3 is reached.
        folder: where they go.
    """
    store = open_bucket(bundle, s3)
    for name in (*names, MANIFEST):
        stored = store.get(name)
        if stored:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(stored.body)


def superseded(store: ObjectStore, name: str, keep: int) -> tuple[str, ...]:
    """Return the bundles of a project that nobody uses, but for the ``keep`` that were put there last.

    What an environment uses, or used before, counts among those kept only where it is new: a rollback goes no further
    back than what is left. What an environment uses now always stays.
    """
    used = {
        found.folder for entry in store.list(f"{name}/deployed/") if (found := _read(store.get(entry.key))) is not None
    }
    whole = [entry for entry in store.list(f"{name}/") if entry.key.endswith(f"/{MANIFEST}")]
    newest = sorted(whole, key=lambda entry: (entry.modified, entry.key), reverse=True)
    folders = [entry.key.rpartition("/")[0] for entry in newest]
    return tuple(folder for folder in folders[keep:] if folder not in used)


def remove(store: ObjectStore, folder: str) -> None:
    """Delete a bundle, the manifest first: what is left of it is no bundle."""
    store.delete(f"{folder}/{MANIFEST}", None)
    for entry in list(store.list(f"{folder}/")):
        store.delete(entry.key, None)


def _key(name: str, environment: str) -> str:
    return f"{name}/deployed/{environment}.json"


def _read(stored: Stored | None) -> Alias | None:
    if stored is None:
        return None
    said = json.loads(stored.body)
    return Alias(
        folder=said["folder"], at=said["at"], by=said["by"], before=tuple(said["before"]), version=stored.version
    )


def _write(store: ObjectStore, name: str, environment: str, made: Alias, now: Alias | None) -> Alias:
    said: Mapping[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "folder": made.folder,
        "at": made.at,
        "by": made.by,
        "before": list(made.before),
    }
    body = (json.dumps(said, indent=2) + "\n").encode()
    return evolve(made, version=store.put_if(_key(name, environment), body, now.version if now else None))


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return ""
