"""What somebody does by hand: pause and resume a job; mark an interval done or failed, or ask for it again."""

from __future__ import annotations

from typing import Literal

from attrs import evolve

from etl.errors import UsageError
from etl.model.interval import Interval
from etl.model.naming import length
from etl.model.recurrence import has
from etl.schedule.jobs import Scheduled
from etl.schedule.record import Mark, Open, Record

As = Literal["done", "failed", "again"]


def marked(each: Scheduled, record: Record, interval: Interval, mark: Mark) -> Record:
    """Return the record after somebody marked an interval ``done``, ``failed``, or asked for it ``again``.

    What waits for a done one goes on; what waits for a failed one fails with it. Asked for again, it begins as if it
    never had; what failed with it waits for it once more.

    Raises:
        UsageError: the job has no such interval, or it is at work.
    """
    if not has(each.schedule, interval):
        raise UsageError(
            f"job {each.name} has no interval {interval.key}: its intervals are of one {length(each.schedule)}"
        )
    opened = record.open.get(interval.key)
    if opened and opened.state == "running":
        run = opened.attempts[-1].run_id
        raise UsageError(f"{each.name} {interval.key} is at work as run {run}", remedy="end that run first, or wait")
    if mark.what == "done":
        return record.unsettled(interval).with_done(each.schedule, interval).marked(mark)
    record = record.unsettled(interval).marked(mark)
    if mark.what == "again":
        return record.with_open(Open(interval=interval, again=True))
    reason = f"marked failed by {mark.who}: {mark.why}"
    cause = f"{each.name} {interval.key} marked {mark.at.isoformat()}"
    return record.with_open(Open(interval=interval, state="failed", reason=reason, cause=cause))


def paused(record: Record, mark: Mark) -> Record:
    """Return the record of a job of which nothing begins until it is resumed; what is at work goes on."""
    return evolve(record, paused=record.paused or mark).marked(mark)


def resumed(record: Record, mark: Mark) -> Record:
    """Return the record of a job that goes on."""
    return evolve(record, paused=None).marked(mark)
