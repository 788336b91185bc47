"""Intervals as people name them: a key, a time inside, a range; and how they call their length."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from etl.errors import UsageError
from etl.model.grid import Fires
from etl.model.interval import Interval, Unit, containing, from_key, parse_instant
from etl.model.recurrence import cut, grid_of
from etl.model.schedule import Daily, Every, Hourly, Monthly, Schedule
from etl.model.zones import at

UNITS = {Hourly().grid: Unit.HOUR, Daily().grid: Unit.DAY, Monthly().grid: Unit.MONTH}
ONE = timedelta(days=1)


def named(schedule: Schedule | None, text: str) -> Interval:
    """Return the interval that a key names or that holds a time; of a UTC day where there is no schedule.

    A time without an offset is one of the schedule's zone; of UTC where the intervals are hours or minutes.

    Raises:
        UsageError: the text is no time, or its interval is none of the schedule's.
    """
    if schedule is None:
        return from_key(text) if "/" in text else containing(parse_instant(text), Unit.DAY)
    found = _keyed(schedule, text) or cut(schedule, moment(schedule, text))
    if "/" in text and found.key != from_key(text).key:
        raise UsageError(f"{text!r} is no interval of {schedule}; one is {found.key}", remedy=f"--date {found.key}")
    return found


def _keyed(schedule: Schedule, text: str) -> Interval | None:
    try:
        found = from_key(text)
    except UsageError:
        return None
    return found if cut(schedule, found.start) == found else None


def moment(schedule: Schedule | None, text: str) -> datetime:
    """Return a time that a text says, in UTC: by the clocks of the schedule's zone where it says no offset."""
    instant = parse_instant(text.partition("/")[0])
    if schedule is None or by_stopwatch(schedule) or "/" in text or _says_offset(text):
        return instant
    return at(instant.replace(tzinfo=None), schedule.zone)


def by_stopwatch(schedule: Schedule) -> bool:
    """Say whether a schedule's intervals are hours or minutes, which no calendar changes."""
    return isinstance(schedule, Hourly) or (isinstance(schedule, Every) and schedule.step.span is not None)


def keeps_days(schedule: Schedule) -> bool:
    """Say whether no boundary lies inside a day of UTC, so that a DATE tells its intervals apart."""
    if isinstance(schedule, Daily | Monthly):
        return schedule.timezone == "UTC"
    if isinstance(schedule, Hourly):
        return False
    if isinstance(schedule, Every):
        anchor, span = schedule.grid.anchor, schedule.step.span
        return anchor.time() == time() and (not span % ONE if span else schedule.timezone == "UTC")
    return schedule.timezone == "UTC" and schedule.expression.split()[:2] == ["0", "0"]


def _says_offset(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def pieces(schedule: Schedule, start: str, end: str) -> tuple[Interval, ...]:
    """Cut a range, given in texts, into the pieces of time of a schedule, in order.

    Raises:
        UsageError: an end that is no boundary, or nothing lies between.
    """
    first, last = moment(schedule, start), moment(schedule, end)
    for option, instant in (("--from", first), ("--to", last)):
        around = cut(schedule, instant)
        if around.start != instant:
            raise UsageError(
                f"{option} {instant:%Y-%m-%dT%H:%M}+00:00 is no boundary of {length(schedule)}",
                remedy=f"use {around.start.isoformat()} or {around.end.isoformat()}",
            )
    if last <= first:
        raise UsageError(
            f"nothing lies between {start} and {end}: the end is excluded", remedy="--to comes after --from"
        )
    found = [cut(schedule, first)]
    while found[-1].end < last:
        found.append(cut(schedule, found[-1].end))
    return tuple(found)


def length(schedule: Schedule) -> str:
    """Return how long a schedule's intervals are, in words: ``day``, ``15 minutes``, ``0 6 * * MON-FRI``."""
    grid = grid_of(schedule)
    zone = "" if schedule.timezone == "UTC" or by_stopwatch(schedule) else f" ({schedule.timezone})"
    if isinstance(grid, Fires):
        return f"interval of cron {grid.expression}{zone}"
    said = str(grid.period).removeprefix("1 ")
    return f"{said}{zone}"


def example(schedule: Schedule | None) -> str:
    """Return the key of one interval of a schedule."""
    return cut(schedule or Daily(), datetime.fromisoformat("2013-02-08T05:00+00:00")).key
