"""The time a run is about: half-open ``[start, end)`` in UTC."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from attrs import frozen

from etl.errors import UsageError

FIRST_YEAR, LAST_YEAR = 1900, 2999  # Spark's calendars agree there; beyond lie typing errors


class Unit(StrEnum):
    """The length of one interval."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


EXAMPLES = {Unit.HOUR: "2013-02-08T05", Unit.DAY: "2013-02-08", Unit.MONTH: "2013-02"}
"""Keys of intervals, by their unit."""


@frozen(order=True)
class Interval:
    """A half-open span of time in UTC.

    Args:
        start: first instant inside; time-zone aware, UTC.
        end: first instant outside; time-zone aware, UTC, later than ``start``.

    Raises:
        UsageError: an end that is naive, not UTC, or not after the start.
    """

    start: datetime
    end: datetime

    def __attrs_post_init__(self) -> None:
        for name, instant in (("start", self.start), ("end", self.end)):
            if instant.utcoffset() != timedelta(0):
                raise UsageError(f"interval {name} {instant.isoformat()} is not in UTC")
        if self.end <= self.start:
            raise UsageError(f"interval [{self.start.isoformat()}, {self.end.isoformat()}) is empty")

    @property
    def key(self) -> str:
        """A short name, unique among intervals: ``2013-02-08``, ``2013-02-08T05``, ``2013-02`` or ``start/end``."""
        return _key(self)

    def __str__(self) -> str:
        return self.key

    def dates(self) -> tuple[date, ...]:
        """Return every UTC calendar day the interval touches, in order."""
        last = (self.end - timedelta(microseconds=1)).date()
        days = (last - self.start.date()).days + 1
        return tuple(self.start.date() + timedelta(days=n) for n in range(days))

    def reaching_back(self, by: timedelta | int) -> Interval:
        """Return the interval together with what lies before it: a span, or that many intervals of its own length."""
        if isinstance(by, timedelta):
            return Interval(self.start - by, self.end)
        unit = next((unit for unit in Unit if containing(self.start, unit) == self), None)
        start = self.start
        for _ in range(by):
            start = floor(start - timedelta(microseconds=1), unit) if unit else start - (self.end - self.start)
        return Interval(start, self.end)

    def overlaps(self, other: Interval) -> bool:
        """Say whether an instant lies in both."""
        return self.start < other.end and other.start < self.end

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end


@lru_cache(maxsize=16_384)
def _key(interval: Interval) -> str:
    for unit, pattern in ((Unit.DAY, "%Y-%m-%d"), (Unit.MONTH, "%Y-%m"), (Unit.HOUR, "%Y-%m-%dT%H")):
        if containing(interval.start, unit) == interval:
            return interval.start.strftime(pattern)
    pattern = "%Y-%m-%dT%H:%M:%S" if interval.start.second or interval.end.second else "%Y-%m-%dT%H:%M"
    return f"{interval.start:{pattern}}/{interval.end:{pattern}}"


def containing(instant: datetime, unit: Unit) -> Interval:
    """Return the interval of this unit that holds ``instant``."""
    start = floor(instant, unit)
    return Interval(start, after(start, unit))


def touching(interval: Interval, unit: Unit) -> Iterator[Interval]:
    """Yield the intervals of a unit that an interval overlaps, in order."""
    yield from _between(floor(interval.start, unit), interval.end, unit)


def from_key(key: str) -> Interval:
    """Return the interval of a ``key``.

    Raises:
        UsageError: no interval has this key.
    """
    start, slash, end = key.partition("/")
    if slash:
        return Interval(parse_instant(start), parse_instant(end))
    units = {len(EXAMPLES[unit]): unit for unit in Unit}
    if len(key) not in units:
        raise UsageError(f"{key!r} is the key of no interval")
    return containing(parse_instant(key), units[len(key)])


def floor(instant: datetime, unit: Unit) -> datetime:
    """Return the start of the unit that holds ``instant``."""
    hour = instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if unit is Unit.HOUR:
        return hour
    return hour.replace(hour=0) if unit is Unit.DAY else hour.replace(hour=0, day=1)


def after(start: datetime, unit: Unit) -> datetime:
    """Return the start of the unit that follows the one starting at ``start``."""
    if unit is Unit.HOUR:
        return start + timedelta(hours=1)
    if unit is Unit.DAY:
        return start + timedelta(days=1)
    return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)


def between(start: datetime, end: datetime, unit: Unit) -> tuple[Interval, ...]:
    """Cut ``[start, end)`` into whole intervals of this unit, in order.

    Raises:
        UsageError: ``start`` or ``end`` does not lie on a boundary of the unit, or nothing lies between them.
    """
    for name, instant in (("from", start), ("to", end)):
        if floor(instant, unit) != instant:
            raise UsageError(
                f"{name} {instant.isoformat()} is not the start of a {unit}",
                remedy=f"use {floor(instant, unit).isoformat()} or {after(floor(instant, unit), unit).isoformat()}",
            )
    if end <= start:
        meant = (
            f"--to {Interval(after(start, unit), after(after(start, unit), unit)).key} for one {unit}"
            if end == start
            else "--to comes after --from"
        )
        said = f"nothing lies between {start.isoformat()} and {end.isoformat()}: the end is excluded"
        raise UsageError(said, remedy=meant)
    return tuple(_between(start, end, unit))


def _between(start: datetime, end: datetime, unit: Unit) -> Iterator[Interval]:
    while start < end:
        following = after(start, unit)
        yield Interval(start, following)
        start = following


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 date, month or time as UTC: ``2013-02-08``, ``2013-02``, ``2013-02-08T05:00Z``.

    Raises:
        UsageError: the text is no date, or lies outside the years 1900 to 2999.
    """
    padded = f"{text}-01" if len(text) == len("2013-02") else text
    try:
        instant = datetime.fromisoformat(padded)
    except ValueError as error:
        raise UsageError(f"{text[:40]!r} is not an ISO date or time ({error})", remedy="write 2013-02-08") from None
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise UsageError(f"{text!r} lies outside the years {FIRST_YEAR} to {LAST_YEAR}")
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
