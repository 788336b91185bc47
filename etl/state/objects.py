"""Small objects under keys, changed only by compare-and-set: the one primitive that state rests on.

``S3`` offers the same with ``If-None-Match`` and ``If-Match``; like there, a version is a digest of the content.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Protocol

from attrs import field, frozen

from etl.errors import ConfigError, ConflictError


@frozen
class Stored:
    """An object's bytes and the version that a later ``put_if`` names."""

    body: bytes
    version: str


class ObjectStore(Protocol):
    """Objects by key (``ledger/20130208T060000Z-7f3a91c2/0-started.json``)."""

    def get(self, key: str) -> Stored | None:
        """Return the object, or None when there is none."""

    def put_if(self, key: str, body: bytes, version: str | None) -> str:
        """Write the object if its version is still this one (None: if there is none) and return the new version.

        Raises:
            ConflictError: somebody else wrote first; the object is theirs, unchanged.
        """

    def list(self, prefix: str) -> tuple[str, ...]:
        """Return the keys that start with ``prefix``, sorted."""

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens when there is none."""


@frozen
class Folder:
    """Objects as files below a local folder, durable when ``put_if`` returns."""

    root: Path = field(converter=Path)

    def get(self, key: str) -> Stored | None:
        """Return the object, or None when there is none."""
        try:
            body = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        return Stored(body, _version(body))

    def put_if(self, key: str, body: bytes, version: str | None) -> str:
        """Write the object if its version is still this one (None: if there is none) and return the new version.

        Raises:
            ConflictError: somebody else wrote first; the object is theirs, unchanged.
        """
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with _written(path, body) as temporary:
            if version is None:
                self._create(key, temporary)
            else:
                self._replace(key, temporary, version)
        _sync(path.parent)
        return _version(body)

    def list(self, prefix: str) -> tuple[str, ...]:
        """Return the keys that start with ``prefix``, sorted."""
        files = (path for path in self.root.rglob("*") if path.is_file() and not path.name.startswith("."))
        keys = (path.relative_to(self.root).as_posix() for path in files)
        return tuple(sorted(key for key in keys if key.startswith(prefix)))

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens when there is none."""
        with self._locked():
            self._path(key).unlink(missing_ok=True)

    def _create(self, key: str, temporary: Path) -> None:
        try:
            os.link(temporary, self._path(key))  # refuses an existing name in one system call, where rename replaces it
        except FileExistsError:
            raise ConflictError(f"object {key} is already there") from None

    def _replace(self, key: str, temporary: Path, version: str) -> None:
        with self._locked():
            found = self.get(key)
            if found is None or found.version != version:
                raise ConflictError(f"object {key} was changed by another writer")
            temporary.replace(self._path(key))

    def _path(self, key: str) -> Path:
        parts = PurePosixPath(key).parts
        if not parts or key.startswith("/") or any(part.startswith(".") for part in parts):
            raise ValueError(f"object key {key!r} is not a relative path of plain names")
        return self.root.joinpath(*parts)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def open_store(root: str, relative_to: Path) -> ObjectStore:
    """Return the store at ``root``: a local folder, relative to the project.

    Raises:
        ConfigError: a URI; no store but the local folder is available yet.
    """
    if "://" in root:
        raise ConfigError(f"state = {root!r}: only a local folder can hold the state yet", remedy="use a local path")
    return Folder(relative_to / root)


@contextmanager
def _written(path: Path, body: bytes) -> Iterator[Path]:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with temporary.open("xb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _version(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
