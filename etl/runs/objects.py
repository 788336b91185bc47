"""Small objects under keys, changed only by compare-and-set: the one primitive that records and artifacts rest on.

A key is names joined by ``/``. A name is up to 200 ASCII letters, digits and ``_ . = : + @ -``, and starts with a
letter, a digit or ``_``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Protocol, runtime_checkable

from attrs import frozen

from etl.errors import ConflictError, EtlError

_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.=:+@-]{0,199}"
_KEY = re.compile(f"{_NAME}(?:/{_NAME})*")
_PREFIX = re.compile(f"(?:{_NAME}/)*(?:{_NAME})?")


@frozen
class Stored:
    """An object's bytes and the version that a later ``put_if`` or ``delete`` names."""

    body: bytes
    version: str


@frozen
class Entry:
    """An object in a listing: its size in bytes and when it was last written, in UTC."""

    key: str
    size: int
    modified: datetime


class ObjectStore(Protocol):
    """Objects by key (``ledger/runs/20130208T060000Z-7f3a91c2/0-started.json``).

    A version names one write, not one content: after A → B → A the object has a third version. A store whose platform
    only knows digests (an ETag of S3) cannot tell that, so a body that may come back, a lease's, carries a nonce.
    """

    def get(self, key: str) -> Stored | None:
        """Return the object, or None when there is none."""

    def put_if(self, key: str, body: bytes, version: str | None) -> str:
        """Write the object if its version is still this one (None: if there is none) and return the new version.

        An object that has exactly this body already is a success too: the answer to a first try was lost, and this is
        the second. Two writers of one body therefore both succeed; a body that must be one writer's carries a nonce.

        Raises:
            ConflictError: somebody else wrote first; the object is theirs, unchanged.
        """

    def list(self, prefix: str, after: str | None = None, limit: int | None = None) -> Iterator[Entry]:
        """Yield the objects whose keys start with ``prefix``, sorted by key.

        Args:
            prefix: looked up, not filtered by: what lies elsewhere costs nothing.
            after: begin behind this key.
            limit: at most so many.
        """

    def delete(self, key: str, version: str | None) -> None:
        """Remove the object if its version is still this one (None: whatever it is); no object is fine too.

        Raises:
            ConflictError: the object was written since; it stays.
        """


@runtime_checkable
class Appending(Protocol):
    """What a store may offer besides: objects that grow. A folder can, S3 cannot."""

    def append(self, key: str) -> IO[bytes]:
        """Open the object to write at its end, creating it where there is none."""


def is_key(text: str) -> bool:
    """Say whether an object could have this key."""
    return bool(_KEY.fullmatch(text))


def checked(key: str) -> str:
    """Return the key if it is one.

    Raises:
        EtlError: it is none.
    """
    if not is_key(key):
        raise EtlError(f"object key {key[:200]!r} is not names of ASCII letters, digits and _.=:+@- joined by /")
    return key


def checked_prefix(prefix: str) -> str:
    """Return the prefix if some key could start with it.

    Raises:
        EtlError: none could.
    """
    if not _PREFIX.fullmatch(prefix):
        raise EtlError(f"object prefix {prefix[:200]!r} is not the beginning of a key")
    return prefix


def settled(key: str, body: bytes, found: Stored | None) -> str:
    """Return the version of the object that refused a write, if it has the body that was to be written.

    Args:
        key: its key.
        body: what was to be written.
        found: what is there now.

    Raises:
        ConflictError: it has not.
    """
    if found is None:
        raise ConflictError(f"object {key} is gone", remedy="read it again, then decide")
    if found.body != body:
        raise ConflictError(f"object {key} was written by somebody else", remedy="read it again, then decide")
    return found.version


def overwrite(store: ObjectStore, key: str, body: bytes) -> None:
    """Write an object whatever it was; of several writers at once the last one stays.

    Raises:
        ConflictError: others wrote it a hundred times meanwhile.
    """
    for _ in range(100):
        found = store.get(key)
        try:
            store.put_if(key, body, found.version if found else None)
        except ConflictError:
            continue
        return
    raise ConflictError(f"object {key} is written by others all the time", remedy="run it again")
