"""When a cron expression fires, in any zone, forwards and backwards.

The expression's fields are cronsim's, which knows no zone here. Zones are met as Debian's cron does. Where neither
the minute nor the hour begins with ``*``, the job has a time of day: skipped by the clocks, it fires as they jump;
shown twice, it fires the first time. Any other fires at each instant whose local time matches: twice in an hour that
comes twice, never in one that does not come.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from etl.errors import DefinitionError
from etl.model.zones import DAY, SECOND, at, change, offset, wall

FIELDS = 5
REMEDY = "write five: minute hour day-of-month month day-of-week"
EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 a wall clock's time


@lru_cache(maxsize=1024)
def checked(expression: str) -> str:
    """Return the expression if it is one of five fields that fires at some time.

    Raises:
        DefinitionError: it is none.
    """
    from cronsim import CronSim, CronSimError  # only for who uses it: a command's start counts its imports

    try:
        fields = len(expression.split())
        next(CronSim(expression, EPOCH))
    except (CronSimError, AttributeError, ValueError, AssertionError, TypeError) as error:
        said = f"cron expression {expression!r} cannot be read: {str(error) or type(error).__name__}"
        raise DefinitionError(said, remedy=REMEDY) from None
    except StopIteration:
        raise DefinitionError(f"cron expression {expression!r} never fires") from None
    if fields != FIELDS:
        raise DefinitionError(f"cron expression {expression!r} has {fields} fields", remedy=REMEDY)
    return expression


def after(expression: str, instant: datetime, zone: ZoneInfo) -> datetime:
    """Return when the expression fires first after an instant; in UTC."""
    return _fires(expression, instant, zone, forwards=True)


def before(expression: str, instant: datetime, zone: ZoneInfo) -> datetime:
    """Return when the expression fired last before an instant; in UTC."""
    return _fires(expression, instant, zone, forwards=False)


def _fires(expression: str, instant: datetime, zone: ZoneInfo, *, forwards: bool) -> datetime:
    from cronsim import CronSim

    minute, hour, *_ = expression.split()
    if minute.startswith("*") or hour.startswith("*"):
        return _matching(expression, instant, zone, forwards=forwards)
    # A day more than enough: what the clocks skip or repeat moves a time of day by less.
    walls = CronSim(expression, wall(instant - (DAY if forwards else -DAY), zone), reverse=not forwards)
    for each in walls:
        fires = at(each, zone)
        if (fires > instant) if forwards else (fires < instant):
            return fires
    raise AssertionError(expression)  # checked() saw it fire


def _matching(expression: str, instant: datetime, zone: ZoneInfo, *, forwards: bool) -> datetime:
    """Go from one change of the clocks to the next; between two, local time and UTC go alike."""
    from cronsim import CronSim

    back = timedelta(0) if forwards else SECOND  # what lies before an instant has the offset of the second before it
    cursor = instant.replace(microsecond=0) + (SECOND if instant.microsecond and not forwards else timedelta(0))
    ahead = offset(cursor - back, zone)
    local = (cursor + ahead).replace(tzinfo=None)
    while True:
        fires = (next(CronSim(expression, local, reverse=not forwards)) - ahead).replace(tzinfo=UTC)
        edge = _edge(cursor - back, fires, zone)
        if edge is None:
            return fires
        cursor, ahead = edge, offset(edge - back, zone)
        local = (edge + ahead).replace(tzinfo=None) - (SECOND if forwards else timedelta(0))


def _edge(here: datetime, end: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the first change of the clocks on the way from one instant to another, forwards or back."""
    ahead, day = offset(here, zone), DAY if end > here else -DAY
    while here != end:
        there = min(here + day, end) if end > here else max(here + day, end)
        if offset(there, zone) != ahead:
            return change(min(here, there), max(here, there), zone)
        here = there
    return None
