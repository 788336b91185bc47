"""Names of runs in the ledger, sorted with the last run first: by job, by how they ended, and those that have not.

An entry's key says when the run began and which it is, its body nothing more. So a question about twenty of a hundred
thousand runs reads twenty, and one about a week begins behind all that is newer.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from attrs import define, field, frozen

from etl.errors import ConflictError
from etl.runs.objects import Entry, ObjectStore

NEWEST = "ledger/newest/"
OPEN = "ledger/open/"
PAGE = 1000  # names that a store gives in one answer
LENGTH = 14  # digits of a time


def before_all_older(at: datetime) -> str:
    """Return a text that is the smaller, the later the time: stores list in one direction only."""
    return f"{10**LENGTH - round(at.timestamp() * 1000):0{LENGTH}d}"  # milliseconds until the year 5138


def by_job(job: str) -> str:
    """Return where the names of a job's runs stand."""
    return f"ledger/jobs/{job}/"


def by_status(status: str) -> str:
    """Return where the names of the runs that ended so stand."""
    return f"ledger/status/{status}/"


def name_of(at: datetime, run_id: str) -> str:
    """Return a run's name in every list."""
    return f"{before_all_older(at)}-{run_id}"


def id_of(name: str) -> str:
    """Return the id of the run with this name."""
    return name.partition("-")[2]


def enter(store: ObjectStore, folder: str, name: str) -> None:
    """Put a run's name into a list; it may stand there already."""
    with suppress(ConflictError):  # another body of the same name: an earlier try, before the clock was set
        store.put_if(f"{folder}{name}", json.dumps({"run_id": id_of(name)}).encode(), None)


@frozen(kw_only=True)
class Asked:
    """Which runs are asked for; nothing asks for all.

    Args:
        job: one of whose steps was planned.
        statuses: how the run ended, in one word each.
        since: began then or later.
        until: began before.
    """

    job: str | None = None
    statuses: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


EVERY = Asked()


def names(store: ObjectStore, asked: Asked) -> Iterator[str]:
    """Yield the names that may be meant, the last run first.

    A run that has not ended stands among those of every status: whoever reads its record sees how it stands. Asks the
    store for at most two pages of names for each name that is yielded or that only one of the lists has.
    """
    lists = [Names(store, (by_job(asked.job),), asked)] if asked.job else []
    if asked.statuses:
        lists.append(Names(store, (*map(by_status, asked.statuses), OPEN), asked))
    first, *others = lists or [Names(store, (NEWEST,), asked)]
    while (name := first.current) is not None:
        other = others[0].move(name) if others else name
        if other is None:
            return
        if other == name:
            yield name
            first.step()
        else:
            first.move(other)


@define
class Names:
    """The names of several lists as one, and the place reached in it."""

    store: ObjectStore
    folders: Sequence[str]
    asked: Asked
    current: str | None = None
    entries: Iterator[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        until = self.asked.until
        self._begin(f"{before_all_older(until)}~" if until else "")  # behind every run of that very millisecond

    def step(self) -> str | None:
        """Go on to the next name and return it; None behind the last one that is asked for."""
        before, since = self.current, self.asked.since
        self.current = next((name for name in self.entries if name != before), None)
        if since and self.current and self.current[:LENGTH] > before_all_older(since):
            self.current = None
        return self.current

    def move(self, name: str) -> str | None:
        """Go on to the first name that is not before this one.

        Names of one page are passed over one by one; beyond that the store is asked anew, from there.
        """
        passed = 0
        while self.current is not None and self.current < name:
            passed += 1
            if passed > PAGE:
                self._begin(name[:-1])
            else:
                self.step()
        return self.current

    def _begin(self, behind: str) -> None:
        self.entries = heapq.merge(*(self._names(folder, behind) for folder in self.folders))
        self.step()

    def _names(self, folder: str, behind: str) -> Iterator[str]:
        found: Iterator[Entry] = self.store.list(folder, after=f"{folder}{behind}" if behind else None)
        return (entry.key.removeprefix(folder) for entry in found)
