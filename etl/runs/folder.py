"""Objects as files below a local folder.

A file is created by ``link``, which refuses an existing name in one system call, and replaced under one lock for the
whole folder. Its version is the time of its writing, which only grows, and a digest of its bytes.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO

from attrs import field, frozen

from etl.errors import ConflictError, PlatformError
from etl.runs.objects import Entry, Stored, checked, checked_prefix, settled


@frozen
class Folder:
    """Objects as files, durable when ``put_if`` returns. See ``ObjectStore`` for what each method promises."""

    root: Path = field(converter=Path)

    def get(self, key: str) -> Stored | None:
        """Return the object, or None when there is none."""
        path = self._path(key)
        with self._usable():
            try:
                file = path.open("rb")
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                return None
            with file:  # a file is never changed, only another put in its place: bytes and time belong together
                body = file.read()
                return Stored(body, _version(file, body))

    def put_if(self, key: str, body: bytes, version: str | None) -> str:
        """Write the object if its version is still this one (None: if there is none) and return the new version.

        Raises:
            ConflictError: somebody else wrote first; the object is theirs, unchanged.
            PlatformError: the folder cannot be written.
        """
        path = self._path(key)
        with self._usable():
            path.parent.mkdir(parents=True, exist_ok=True)
            with _written(path, body) as file:
                done = _create(path, file) if version is None else self._replace(key, file, version)
                written = _version(file, body)
            if not done:
                return settled(key, body, self.get(key))
            _sync(path.parent)
            return written

    def list(self, prefix: str, after: str | None = None, limit: int | None = None) -> Iterator[Entry]:
        """Yield the objects whose keys start with ``prefix``, sorted by key, behind ``after``, at most ``limit``."""
        folder, slash, _ = checked_prefix(prefix).rpartition("/")
        return islice(self._walk(folder + slash, prefix, after or ""), limit)

    def delete(self, key: str, version: str | None) -> None:
        """Remove the object if its version is still this one (None: whatever it is); no object is fine too.

        Raises:
            ConflictError: the object was written since; it stays.
        """
        path = self._path(key)
        with self._usable(), self._locked():
            found = self.get(key)
            if found is None:
                return
            if version not in {None, found.version}:
                raise ConflictError(f"object {key} was written by somebody else and is not deleted")
            path.unlink(missing_ok=True)

    def append(self, key: str) -> IO[bytes]:
        """Open the object to write at its end, creating it where there is none."""
        path = self._path(key)
        with self._usable():
            path.parent.mkdir(parents=True, exist_ok=True)
            return path.open("ab")

    def _replace(self, key: str, file: IO[bytes], version: str) -> bool:
        with self._locked():
            found = self.get(key)
            if found is None or found.version != version:
                return False
            before = self._path(key).stat().st_mtime_ns
            if os.fstat(file.fileno()).st_mtime_ns <= before:  # a clock that stood still or was set back
                os.utime(file.fileno(), ns=(before + 1, before + 1))
            Path(file.name).replace(self._path(key))
            return True

    def _walk(self, folder: str, prefix: str, after: str) -> Iterator[Entry]:
        """Yield what lies below a folder (``a/``) in the order of whole keys: ``a/b.c`` before ``a/b/c``."""
        for name, path in sorted(self._names(folder)):
            key = folder + name
            if name.endswith("/"):
                if (key.startswith(prefix) or prefix.startswith(key)) and (key > after or after.startswith(key)):
                    yield from self._walk(key, prefix, after)
            elif key.startswith(prefix) and key > after:
                try:
                    found = path.stat()
                except FileNotFoundError:  # deleted since
                    continue
                yield Entry(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def _names(self, folder: str) -> Iterator[tuple[str, Path]]:
        with self._usable():
            try:
                found = os.scandir(self.root / folder)
            except (FileNotFoundError, NotADirectoryError):
                return
            with found:
                for entry in found:
                    if not entry.name.startswith("."):  # the lock, and what a killed writer left
                        yield entry.name + "/" * entry.is_dir(), Path(entry.path)

    def _path(self, key: str) -> Path:
        return self.root / checked(key)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise PlatformError(
                f"cannot use {error.filename or self.root}: {error.strerror or error}",
                remedy=f"check owner, mode and free space of {self.root}",
            ) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


@contextmanager
def _written(path: Path, body: bytes) -> Iterator[IO[bytes]]:
    """Write a file beside its place and yield it, open; what is not moved from there is removed."""
    temporary = path.with_name(f".{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(body)
            file.flush()
            now = time.time_ns()  # finer than the clock of the file system, which ticks every few milliseconds
            os.utime(file.fileno(), ns=(now, now))
            os.fsync(file.fileno())
            yield file
    finally:
        temporary.unlink(missing_ok=True)


def _create(path: Path, file: IO[bytes]) -> bool:
    try:
        os.link(file.name, path)
    except FileExistsError:
        return False
    return True


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _version(file: IO[bytes], body: bytes) -> str:
    return f"{os.fstat(file.fileno()).st_mtime_ns:x}-{hashlib.sha256(body).hexdigest()}"
