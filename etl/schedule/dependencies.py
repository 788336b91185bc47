"""How what an interval reads of other jobs stands: published, still to come, or failed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import frozen

from etl.model.interval import Interval
from etl.model.recurrence import next_interval
from etl.schedule.jobs import Scheduled, waited_for
from etl.schedule.record import Record


@frozen
class Upstream:
    """``said`` is empty where everything is published; ``failed`` where it will not come by itself, for a ``cause``."""

    said: str = ""
    failed: bool = False
    cause: str = ""


READY = Upstream()


def standing_of(each: Scheduled, interval: Interval, known: Mapping[str, tuple[Scheduled, Record]]) -> Upstream:
    """Say how the intervals of other jobs stand that an interval of this job waits for; what failed comes first."""
    waiting = READY
    for waits in each.waits:
        writer, record = known[waits.job]
        start, end = waited_for(waits, interval, writer.schedule)
        for opened in record.open.values():
            if opened.failed and start < opened.interval.end and opened.interval.start < end:
                said = f"{waits.dataset}: {waits.job} {opened.key} failed: {opened.reason}"
                return Upstream(said, failed=True, cause=opened.cause)
        missing = first_missing(writer, record, start, end) if not waiting.said else None
        if missing:
            waiting = Upstream(f"{waits.dataset}: {waits.job} {missing.key}")
    return waiting


def first_missing(writer: Scheduled, record: Record, start: datetime, end: datetime) -> Interval | None:
    """Return the first interval of a job within a span that is not settled; None where all are."""
    found = next_interval(writer.schedule, max(start, record.begins(writer.schedule)))
    while found and found.start < end:
        settled = record.settled(found.start)
        if settled is None:
            return found
        found = next_interval(writer.schedule, settled)
    return None
