"""Objects in memory that count what is asked of them, and may fail as a killed process or a network does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice

from etl.errors import ConflictError
from etl.runs.objects import Entry, Stored, checked, checked_prefix, settled


class KilledError(BaseException):
    """The process died here."""


class Memory:
    """An ``ObjectStore``; ``fault`` is called with before and after each write, and may raise."""

    def __init__(self, fault: Callable[[str], None] = lambda _: None) -> None:
        self.objects: dict[str, Stored] = {}
        self.requests: Counter[str] = Counter()
        self.writes = 0
        self.fault = fault

    def get(self, key: str) -> Stored | None:
        self.requests["get"] += 1
        return self.objects.get(checked(key))

    def put_if(self, key: str, body: bytes, version: str | None) -> str:
        self.requests["put"] += 1
        self.fault("before")
        found = self.objects.get(checked(key))
        if (found.version if found else None) != version:
            if found is None:
                raise ConflictError(f"object {key} is gone")
            return settled(key, body, found)
        self.writes += 1
        self.objects[key] = Stored(body, str(self.writes))
        self.fault("after")
        return str(self.writes)

    def list(self, prefix: str, after: str | None = None, limit: int | None = None) -> Iterator[Entry]:
        self.requests["list"] += 1
        keys = sorted(key for key in self.objects if key.startswith(checked_prefix(prefix)) and key > (after or ""))
        epoch = datetime(2000, 1, 1, tzinfo=UTC)
        return islice((Entry(key, len(self.objects[key].body), epoch) for key in keys), limit)

    def delete(self, key: str, version: str | None) -> None:
        self.requests["delete"] += 1
        found = self.objects.get(checked(key))
        if found and version not in {None, found.version}:
            raise ConflictError(f"object {key} was written since")
        self.objects.pop(key, None)
