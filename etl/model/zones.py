"""Local clocks as instants: what a wall clock shows once, twice or never.

A time that a zone's clocks skip is the instant at which they jump; one that they show twice is the first of the two.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from etl.errors import DefinitionError, did_you_mean

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name.

    Raises:
        DefinitionError: this machine knows none of the name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError, AttributeError):
        from zoneinfo import available_timezones

        near = did_you_mean(str(name), available_timezones() or {"UTC"}, limit=3)
        said = f"schedule timezone={name!r} is no time zone of this machine's tz database; {near}"
        raise DefinitionError(said) from None


def at(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant, in UTC, at which a zone's clocks show a time without a zone."""
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
        return instant
    earliest = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return change(earliest, instant, zone)


def wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return what a zone's clocks show at an instant, without a zone."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def change(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant, to the second, at which the offset is another than at ``low``; both in UTC."""
    before = offset(low, zone)
    while high - low > SECOND:
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        low, high = (middle, high) if offset(middle, zone) == before else (low, middle)
    return high


def offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    """Return how far a zone's clocks are ahead of UTC at an instant."""
    return instant.astimezone(zone).utcoffset() or timedelta(0)
