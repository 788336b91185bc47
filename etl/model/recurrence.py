"""The intervals of a schedule: next and previous, in a range, and when each is due.

All of it follows from the schedule alone; instants are UTC.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice

from attrs import evolve

from etl.model.grid import Grid
from etl.model.interval import Interval
from etl.model.schedule import Schedule
from etl.model.zones import at, wall

MICRO = timedelta(microseconds=1)
ONE = timedelta(days=1)


@lru_cache(maxsize=4096)
def grid_of(schedule: Schedule) -> Grid:
    """Return the boundaries that a schedule cuts time by; those of two schedules may be equal."""
    return schedule.grid


def cut(schedule: Schedule, instant: datetime) -> Interval:
    """Return the piece of time, between two boundaries, that holds an instant, be it run or not."""
    grid = grid_of(schedule)
    return Interval(grid.before(instant + MICRO), grid.after(instant))


@lru_cache(maxsize=16_384)
def next_interval(schedule: Schedule, instant: datetime) -> Interval | None:
    """Return the first interval that begins at or after an instant; None behind the last."""
    grid, (first, limit) = grid_of(schedule), _window(schedule)
    start = _on_a_date(schedule, grid.after(max(instant, first or instant) - MICRO))
    return Interval(start, grid.after(start)) if start and (limit is None or start < limit) else None


def previous_interval(schedule: Schedule, instant: datetime) -> Interval | None:
    """Return the last interval that has ended at an instant; None before the first."""
    grid, (first, limit) = grid_of(schedule), _window(schedule)
    end = grid.before(instant + MICRO)
    start: datetime | None = grid.before(end if limit is None else min(end, limit))
    while start and not is_on_a_date(schedule, start):
        days = [each for each in schedule.dates if each < wall(start, schedule.zone).date().isoformat()]
        start = grid.before(_midnight(schedule, date.fromisoformat(days[-1]) + ONE)) if days else None
    return Interval(start, grid.after(start)) if start and (first is None or start >= first) else None


def has(schedule: Schedule, interval: Interval) -> bool:
    """Say whether a schedule runs an interval."""
    return next_interval(schedule, interval.start) == interval


@lru_cache(maxsize=16_384)
def due_at(schedule: Schedule, interval: Interval) -> datetime:
    """Return when an interval is due."""
    return schedule.moved(interval.end if schedule.due == "end" else interval.start)


def last_due(schedule: Schedule, now: datetime) -> Interval | None:
    """Return the last interval that is due; None before the first is."""
    ahead = cut(schedule, now)
    found = previous_interval(schedule, ahead.end)
    while found and due_at(schedule, found) > now:
        found = previous_interval(schedule, found.start)
    return found


def intervals(schedule: Schedule, start: datetime, end: datetime) -> Iterator[Interval]:
    """Yield the intervals that begin at or after ``start`` and before ``end``, in order."""
    found = next_interval(schedule, start)
    while found and found.start < end:
        yield found
        found = next_interval(schedule, found.end)


@lru_cache(maxsize=4096)
def _window(schedule: Schedule) -> tuple[datetime | None, datetime | None]:
    """Return what every interval begins at or after, and what it begins before."""
    start, end = schedule.instant("start"), schedule.instant("end")
    if schedule.occurrences and start:
        counted = intervals(evolve(schedule, occurrences=None), start, end or datetime.max.replace(tzinfo=start.tzinfo))
        last = next(islice(counted, schedule.occurrences - 1, None), None)
        end = last.end if last else end
    return start, end


def is_on_a_date(schedule: Schedule, start: datetime) -> bool:
    """Say whether an interval that begins then begins on a day of the schedule's business calendar."""
    day = wall(start, schedule.zone).date().isoformat()
    place = bisect_left(schedule.dates, day)
    return not schedule.dates or (place < len(schedule.dates) and schedule.dates[place] == day)


def _on_a_date(schedule: Schedule, start: datetime) -> datetime | None:
    """Return the first boundary at or after ``start`` on one of the schedule's dates."""
    grid = grid_of(schedule)
    while not is_on_a_date(schedule, start):
        place = bisect_right(schedule.dates, wall(start, schedule.zone).date().isoformat())
        if place == len(schedule.dates):
            return None
        start = grid.after(_midnight(schedule, date.fromisoformat(schedule.dates[place])) - MICRO)
    return start


def _midnight(schedule: Schedule, day: date) -> datetime:
    return at(datetime.combine(day, time()), schedule.zone)
