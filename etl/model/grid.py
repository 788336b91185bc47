"""Boundaries that cut all time: at a rate, or where a cron expression fires.

A rate of minutes or hours goes as a stopwatch does, one of days to years as a calendar does.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from attrs import frozen

from etl.model import cron
from etl.model.duration import Period
from etl.model.zones import at, wall, zone_of

MONTHS = {"months": 1, "years": 12}
DAYS = {"days": 1, "weeks": 7}


@frozen
class Rate:
    """A boundary at ``anchor`` (UTC), and one every period before and after it, by a zone's calendar."""

    anchor: datetime
    period: Period
    timezone: str

    def after(self, instant: datetime) -> datetime:
        """Return the first boundary after an instant."""
        zone = zone_of(self.timezone)
        number = number_at(self.anchor, self.period, zone, instant) + 1
        while (found := boundary(self.anchor, self.period, zone, number)) <= instant:
            number += 1  # a day that a zone left out has no length
        return found

    def before(self, instant: datetime) -> datetime:
        """Return the last boundary before an instant."""
        zone = zone_of(self.timezone)
        number = number_at(self.anchor, self.period, zone, instant)
        while (found := boundary(self.anchor, self.period, zone, number)) >= instant:
            number -= 1
        return found


@frozen
class Fires:
    """A boundary wherever a cron expression fires in a zone."""

    expression: str
    timezone: str

    def after(self, instant: datetime) -> datetime:
        """Return the first boundary after an instant."""
        return cron.after(self.expression, instant, zone_of(self.timezone))

    def before(self, instant: datetime) -> datetime:
        """Return the last boundary before an instant."""
        return cron.before(self.expression, instant, zone_of(self.timezone))


Grid = Rate | Fires


def boundary(anchor: datetime, period: Period, zone: ZoneInfo, number: int) -> datetime:
    """Return the boundary with this number; 0 is the anchor. The 31st is the last day of a shorter month.

    Args:
        anchor: the first boundary, in UTC.
        period: the step.
        zone: whose calendar and clocks count.
        number: below zero for those before the anchor.
    """
    if period.span is not None:
        return anchor + number * period.span
    first = wall(anchor, zone)
    if period.step in DAYS:
        return at(first + timedelta(days=number * period.count * DAYS[period.step]), zone)
    from calendar import monthrange

    months = first.year * 12 + first.month - 1 + number * period.count * MONTHS[period.step]
    year, month = divmod(months, 12)
    day = min(first.day, monthrange(year, month + 1)[1])
    return at(first.replace(year=year, month=month + 1, day=day), zone)


def number_at(anchor: datetime, period: Period, zone: ZoneInfo, instant: datetime) -> int:
    """Return the number of the last boundary that is not after an instant."""
    if period.span is not None:
        return (instant - anchor) // period.span
    first, there = wall(anchor, zone), wall(instant, zone)
    if period.step in DAYS:
        number = (there.date() - first.date()).days // (period.count * DAYS[period.step])
    else:
        months = (there.year - first.year) * 12 + there.month - first.month
        number = months // (period.count * MONTHS[period.step])
    number += 1
    while boundary(anchor, period, zone, number) > instant:
        number -= 1
    return number
