"""What old runs left behind, to be cleared away: by the ledger's word about each run, never by age of files alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from attrs import frozen

from etl.runs.ledger import Ledger
from etl.runs.objects import Entry, ObjectStore

FOLDER = "runs/"


@frozen
class Leftover:
    """The artifacts of one run: objects below ``runs/<run id>/``."""

    run_id: str
    keys: tuple[str, ...]
    size: int  # bytes
    started_at: datetime


def leftovers(artifacts: ObjectStore, ledger: Ledger, before: datetime) -> Iterator[Leftover]:
    """Yield the artifacts of runs that have ended, or died, and began before a point in time; by run id.

    A run that is at work keeps what it has, however old, and so does whatever the ledger does not know: it is somebody
    else's. A run's record in the ledger stays.
    """
    listed = (entry for entry in artifacts.list(FOLDER) if entry.key.count("/") > 1)
    for run_id, entries in groupby(listed, key=lambda entry: entry.key.split("/")[1]):
        run = ledger.known(run_id)
        if run is not None and run.state != "running" and run.started_at < before:
            yield _leftover(run_id, list(entries), run.started_at)


def _leftover(run_id: str, entries: list[Entry], started_at: datetime) -> Leftover:
    return Leftover(run_id, tuple(entry.key for entry in entries), sum(entry.size for entry in entries), started_at)


def clear(artifacts: ObjectStore, leftover: Leftover) -> None:
    """Delete a run's artifacts, the manifest last: what is cut off in the middle is found again."""
    for key in sorted(leftover.keys, key=lambda key: key.endswith("/manifest.json")):
        artifacts.delete(key, None)
