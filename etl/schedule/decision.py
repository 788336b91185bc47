"""What is decided of a job: values that ``due`` makes and the machine acts on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from attrs import define, evolve, field, frozen

from etl.model.interval import Interval
from etl.schedule.jobs import Scheduled
from etl.schedule.record import Open, Record, State

What = Literal["run", "upstream", "precondition", "paused", "slot", "retry", "running", "cascaded"]


@frozen
class Asked:
    """What a precondition answered last."""

    met: bool
    said: str
    at: datetime


@frozen
class Verdict:
    """How a due interval stands: it may ``run``, or waits for something."""

    job: str
    interval: Interval
    what: What
    said: str = ""
    until: datetime | None = None


@frozen
class Check:
    """A precondition to ask."""

    job: str
    interval: Interval
    number: int


Answers = Mapping[tuple[str, str, int], Asked]
Known = Mapping[str, tuple[Scheduled, Record]]


@define
class Decision:
    """What follows for a job: its record as it then is, runs to begin and to end, preconditions to ask.

    Args:
        record: with everything below written down.
        begin: intervals that run now; the last attempt of each names the run.
        end: runs that have taken too long.
        check: preconditions to ask.
        verdicts: how every due interval stands, the oldest first.
        wake: when there is something new to decide, if nothing happens before; None for never.
    """

    record: Record
    begin: list[Open] = field(factory=list)
    end: list[Open] = field(factory=list)
    check: list[Check] = field(factory=list)
    verdicts: list[Verdict] = field(factory=list)
    wake: datetime | None = None

    def wake_at(self, instant: datetime) -> None:
        """Decide again at an instant, or before."""
        self.wake = min(self.wake or instant, instant)

    def keep(self, opened: Open) -> Open:
        """Write down what is known of an interval now, and return it."""
        self.record = self.record.with_open(opened)
        return opened

    def say(self, opened: Open, what: What, said: str, until: datetime | None = None) -> None:
        """Say how a due interval stands."""
        self.verdicts.append(Verdict(self.record.job, opened.interval, what, said, until))

    def fail(self, opened: Open, state: State, reason: str, cause: str) -> None:
        """Write down that an interval has failed, to be told."""
        failed = evolve(opened, state=state, reason=reason, cause=cause, tell=(*opened.tell, "failure"))
        self.record = self.record.with_open(failed)
