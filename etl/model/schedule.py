"""When a job is due, and how time is cut into its intervals. What follows from a schedule: ``recurrence``.

Boundaries cut all time into intervals without gap or overlap. Which of them a job runs, ``start``, ``end``,
``occurrences`` and ``dates`` say.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from attrs import field, frozen

from etl.errors import DefinitionError, UsageError
from etl.model.cron import checked
from etl.model.duration import Period, period
from etl.model.grid import Fires, Grid, Rate
from etl.model.times import Times, within
from etl.model.zones import at, wall

MILLENNIUM = datetime(2000, 1, 1)  # noqa: DTZ001 a wall clock's time, of any zone
MONDAY = datetime(2000, 1, 3)  # noqa: DTZ001


def _clock(_: object, __: object, value: str) -> None:
    if not isinstance(value, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value, re.ASCII):
        raise DefinitionError(f"schedule time at={value!r} is not HH:MM (00:00 to 23:59)")


def _fires(_: object, __: object, value: str) -> None:
    checked(value)


@frozen(cache_hash=True)
class Hourly(Times):
    """Due every hour, ``minute`` minutes after its interval: an hour of UTC, in every time zone."""

    minute: int = field(default=0, validator=within(0, 59, "minute"))

    @property
    def grid(self) -> Grid:
        """The boundaries of its intervals."""
        return Rate(MILLENNIUM.replace(tzinfo=UTC), Period(1, "hours"), "UTC")

    def moved(self, boundary: datetime) -> datetime:
        """Return when it is due for the boundary that its interval is due by."""
        return boundary + timedelta(minutes=self.minute)


@frozen(cache_hash=True)
class Daily(Times):
    """Due every day at ``at`` (HH:MM in its time zone) for the day before."""

    at: str = field(default="00:00", validator=_clock)

    @property
    def grid(self) -> Grid:
        """The boundaries of its intervals."""
        return Rate(at(MILLENNIUM, self.zone), Period(1, "days"), self.timezone)

    def moved(self, boundary: datetime) -> datetime:
        """Return when it is due for the boundary that its interval is due by."""
        return at(_clocked(wall(boundary, self.zone), self.at), self.zone)


@frozen(cache_hash=True)
class Monthly(Times):
    """Due on ``day`` of every month at ``at`` (HH:MM in its time zone) for the month before."""

    day: int = field(default=1, validator=within(1, 28, "day"))
    at: str = field(default="00:00", validator=_clock)

    @property
    def grid(self) -> Grid:
        """The boundaries of its intervals."""
        return Rate(at(MILLENNIUM, self.zone), Period(1, "months"), self.timezone)

    def moved(self, boundary: datetime) -> datetime:
        """Return when it is due for the boundary that its interval is due by."""
        return at(_clocked(wall(boundary, self.zone).replace(day=self.day), self.at), self.zone)


@frozen(cache_hash=True)
class Every(Times):
    """Due at a rate: every ``15 minutes``, ``6 hours``, ``1 day``, ``2 weeks``, ``1 month``, ``1 year``.

    Counted from ``start``; without one from the beginning of the year 2000, weeks from its first Monday. Minutes and
    hours go as a stopwatch does, the others as the calendar of the time zone.
    """

    period: str = field()

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        try:
            period(self.period)
        except UsageError as error:
            raise DefinitionError(f"schedule Every(…): {error.message}", remedy=error.remedy) from None

    @property
    def step(self) -> Period:
        """The step between two boundaries."""
        return period(self.period)

    @property
    def grid(self) -> Rate:
        """The boundaries of its intervals."""
        step = self.step
        first = at(MONDAY if step.step == "weeks" else MILLENNIUM, self.zone)
        return Rate(self.instant("start") or first, step, self.timezone)

    def moved(self, boundary: datetime) -> datetime:
        """Return when it is due for the boundary that its interval is due by."""
        return boundary


@frozen(cache_hash=True)
class Cron(Times):
    """Due whenever a cron expression fires: five fields, ``0 6 * * MON-FRI``; an interval lies between two times."""

    expression: str = field(validator=_fires)

    @property
    def grid(self) -> Grid:
        """The boundaries of its intervals."""
        return Fires(self.expression, self.timezone)

    def moved(self, boundary: datetime) -> datetime:
        """Return when it is due for the boundary that its interval is due by."""
        return boundary


Schedule = Hourly | Daily | Monthly | Every | Cron


def _clocked(day: datetime, clock: str) -> datetime:
    return day.replace(hour=int(clock[:2]), minute=int(clock[3:]), second=0)
