"""What is remembered of a scheduled job: which intervals are settled, and how the others stand.

``schedule/<environment>/jobs/<job>.json``, changed by compare-and-set only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from attrs import evolve, field, frozen

from etl.model.interval import Interval
from etl.model.recurrence import due_at, next_interval, previous_interval
from etl.model.schedule import Schedule
from etl.schedule.spans import Spans, covering, with_span, without_span

State = Literal["waiting", "running", "retry", "done", "failed", "expired", "cascaded"]
FAILED = frozenset({"failed", "expired", "cascaded"})
AT_WORK = frozenset({"running", "retry"})
MOST_MARKS = 20


@frozen(kw_only=True)
class Attempt:
    """One run of an interval; ``exit_code`` is None while it has not ended, and of one that was lost."""

    run_id: str
    at: datetime
    ended: datetime | None = None
    exit_code: int | None = None
    timed_out: bool = False


@frozen(kw_only=True)
class Open:
    """An interval that is not settled, or of which something is still to be told.

    Args:
        interval: which.
        state: ``waiting`` has not begun, ``retry`` begins again at ``next_at``, ``cascaded`` failed with what it reads,
            ``expired`` never began.
        attempts: its runs, the last one last.
        next_at: when it is tried again.
        since: when its preconditions were asked for the first time.
        reason: why it failed.
        cause: the job, interval and run whose failure this is.
        tell: what its alarms are still to be told: ``failure``, ``success``, ``late``.
        late: it was late; that is told once.
        again: somebody asked for it again; such a run does not count against ``max_active_runs``.
    """

    interval: Interval
    state: State = "waiting"
    attempts: tuple[Attempt, ...] = ()
    next_at: datetime | None = None
    since: datetime | None = None
    reason: str = ""
    cause: str = ""
    tell: tuple[str, ...] = ()
    late: bool = False
    again: bool = False

    @property
    def key(self) -> str:
        """The interval's key."""
        return self.interval.key

    @property
    def failed(self) -> bool:
        """True if it has failed for good, as long as nobody asks for it again."""
        return self.state in FAILED


@frozen(kw_only=True)
class Mark:
    """What somebody did by hand: ``what`` is done, failed, again, pause or resume."""

    what: str
    interval: str
    who: str
    why: str
    at: datetime


@frozen(kw_only=True)
class Record:
    """What is remembered of a job.

    Args:
        job: its name.
        since: when the scheduler first saw it.
        first: no interval that begins before it is this scheduler's, where the schedule says no start.
        done: what has succeeded, or was marked done.
        skipped: what was left out, by ``catch_up=False``.
        open: the other intervals that something is known of, by key.
        paused: who paused the job and why; None while it is not paused.
        marks: the last that was done by hand, the last one last.
    """

    job: str
    since: datetime
    first: datetime
    done: Spans = ()
    skipped: Spans = ()
    open: Mapping[str, Open] = field(factory=dict, hash=False)
    paused: Mark | None = None
    marks: tuple[Mark, ...] = ()

    def begins(self, schedule: Schedule) -> datetime:
        """Return the instant before which no interval is this scheduler's."""
        return schedule.instant("start") or self.first

    def reached(self, schedule: Schedule) -> datetime:
        """Return the instant up to which everything is settled without a gap."""
        instant = self.begins(schedule)
        while (until := self.settled(instant)) is not None:
            instant = until
        return instant

    def settled(self, instant: datetime) -> datetime | None:
        """Return up to when everything is settled from an instant on; None where the instant itself is not."""
        span = covering(self.done, instant) or covering(self.skipped, instant)
        return span[1] if span else None

    def with_open(self, opened: Open) -> Record:
        """Return the record with what is known of an interval now."""
        return evolve(self, open={**self.open, opened.key: opened})

    def without(self, key: str) -> Record:
        """Return the record without anything of an open interval."""
        return evolve(self, open={name: each for name, each in self.open.items() if name != key})

    def with_done(self, schedule: Schedule, interval: Interval) -> Record:
        """Return the record with an interval that is done."""
        return evolve(self, done=_joined(self.done, schedule, interval)).without(interval.key)

    def unsettled(self, interval: Interval) -> Record:
        """Return the record with an interval that is settled no more."""
        span = (interval.start, interval.end)
        return evolve(self, done=without_span(self.done, span), skipped=without_span(self.skipped, span))

    def marked(self, mark: Mark) -> Record:
        """Return the record with what somebody did by hand."""
        return evolve(self, marks=(*self.marks, mark)[-MOST_MARKS:])


def new_record(job: str, schedule: Schedule, now: datetime) -> Record:
    """Return what is remembered of a job that the scheduler sees for the first time.

    Without a start, its first interval is the first that becomes due from now on.
    """
    found = previous_interval(schedule, now)
    first = found if found and due_at(schedule, found) >= now else next_interval(schedule, found.end if found else now)
    return Record(job=job, since=now, first=first.start if first else now)


def _joined(spans: Spans, schedule: Schedule, interval: Interval) -> Spans:
    """Add an interval; a gap before it that holds none, as a business calendar leaves them, is closed."""
    earlier = [end for _, end in spans if end < interval.start]
    start = interval.start
    if earlier and next_interval(schedule, earlier[-1]) == interval:
        start = earlier[-1]
    return with_span(spans, (start, interval.end))
