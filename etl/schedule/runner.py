"""Where an interval's run takes place: what a scheduler asks of it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from attrs import frozen

from etl.model.interval import Interval
from etl.schedule.outcome import Outcome


@frozen
class Order:
    """A run that is to take place, or does: which job, which interval, under which id, since when."""

    job: str
    interval: Interval
    run_id: str
    at: datetime


class Runner(Protocol):
    """Begins runs, and tells how they ended.

    A run of one id takes place once, however often it is begun: the ledger refuses a second.
    """

    def begin(self, order: Order) -> None:
        """Begin a run, or go on with one that a scheduler before this one may have begun."""

    def ended(self, order: Order) -> Outcome | None:
        """Return how a run ended; None while it goes on."""

    def end(self, order: Order) -> None:
        """End a run that takes too long, with all its processes; asked again and again until it has ended."""
