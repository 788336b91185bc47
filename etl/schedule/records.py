"""The records of scheduled jobs in a store, and what somebody changes in them by hand while a scheduler runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from attrs import frozen

from etl.errors import ConflictError, PlatformError
from etl.runs.objects import ObjectStore, overwrite
from etl.schedule.record import Record
from etl.schedule.record_json import from_json, to_json

TRIES = 20


@frozen
class Records:
    """The records of one environment."""

    store: ObjectStore
    environment: str

    def read(self, job: str) -> tuple[Record, str] | None:
        """Return a job's record and its version; None for a job that no scheduler has seen.

        Raises:
            PlatformError: it says nothing that Headrace has written.
        """
        stored = self.store.get(self._key(job))
        if stored is None:
            return None
        try:
            return from_json(json.loads(stored.body)), stored.version
        except (KeyError, TypeError, ValueError) as error:
            raise PlatformError(
                f"object {self._key(job)} is no record of a scheduled job: {type(error).__name__}: {error}",
                remedy="nothing was begun; put back what it said, or write with the newer Headrace",
            ) from error

    def write(self, record: Record, version: str | None) -> str:
        """Write a record over this version of it (None: there is none yet) and return the new one.

        Raises:
            ConflictError: somebody else wrote first.
        """
        return self.store.put_if(self._key(record.job), json.dumps(to_json(record)).encode(), version)

    def change(self, job: str, new: Record, change: Callable[[Record], Record]) -> Record:
        """Change a record by hand, whoever writes it meanwhile, and tell the scheduler; return what it says then.

        Args:
            job: whose.
            new: what is changed where there is no record yet.
            change: makes the record that is written from the one that is there.

        Raises:
            ConflictError: others were faster, again and again.
        """
        for _ in range(TRIES):
            found = self.read(job)
            changed = change(found[0] if found else new)
            try:
                self.write(changed, found[1] if found else None)
            except ConflictError:
                continue
            overwrite(self.store, self._changed(job), b"{}")
            return changed
        raise ConflictError(f"the record of job {job} is written by others all the time", remedy="do it again")

    def changed(self) -> Iterator[str]:
        """Yield the jobs that were changed by hand since this was asked last."""
        prefix = self._changed("")
        for entry in list(self.store.list(prefix)):
            self.store.delete(entry.key, None)  # first: what is changed from now on leaves a mark of its own
            yield entry.key.removeprefix(prefix)

    def told(self, digest: str) -> bool:
        """Say whether an alarm was raised for a cause."""
        return self.store.get(self._told(digest)) is not None

    def tell(self, digest: str) -> None:
        """Remember that an alarm was raised for a cause."""
        overwrite(self.store, self._told(digest), b"{}")

    def _key(self, job: str) -> str:
        return f"schedule/{self.environment}/jobs/{job}"

    def _changed(self, job: str) -> str:
        return f"schedule/{self.environment}/changed/{job}"

    def _told(self, digest: str) -> str:
        return f"schedule/{self.environment}/told/{digest}"
