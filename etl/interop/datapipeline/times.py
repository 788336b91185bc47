"""A time that is known only when the interval is: where it begins from, and what is done to it."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta

from attrs import evolve, frozen

UNITS = ("Minutes", "Hours", "Days", "Weeks", "Months", "Years")
WORDS = {"midnight": "midnight", "firstOfMonth": "first_of_month", "sunday": "sunday"}
PARTS = {"year": "%Y", "month": "%-m", "day": "%-d", "dayOfYear": "%-j", "hour": "%-H", "minute": "%-M"}
YEAR = 12


@frozen
class Later:
    """``start`` or ``end``, and changes in their order: ``- 1 day``, ``midnight``."""

    base: str
    changes: tuple[str, ...] = ()

    def moved(self, count: int, unit: str) -> Later:
        """Return the time so many units later."""
        short = unit.lower().removesuffix("s")
        said = f"{'+' if count >= 0 else '-'} {abs(count)} {short if abs(count) == 1 else short + 's'}"
        return evolve(self, changes=(*self.changes, said)) if count else self

    def worded(self, word: str) -> Later:
        """Return the time changed by a word of the template's."""
        return evolve(self, changes=(*self.changes, word))

    def template(self, form: str = "") -> str:
        """Return the text in braces; steps before the first word stand at the time itself."""
        steps = [change for change in self.changes if change[0] in "+-"]
        ahead = next((n for n, change in enumerate(self.changes) if change[0] not in "+-"), len(self.changes))
        first = " ".join([self.base, *steps[:ahead]])
        rest = "".join(f" | {change}" for change in self.changes[ahead:])
        return f"{{{first}{rest}{':' + form if form else ''}}}"


Time = Later | datetime


def moved(time: Time, count: int, unit: str) -> Time:
    """Return a time so many units later; of months and years the last day where there is no such day."""
    if isinstance(time, Later):
        return time.moved(count, unit)
    if unit in ("Months", "Years"):
        months = count * (YEAR if unit == "Years" else 1)
        year, month = divmod(time.year * YEAR + time.month - 1 + months, YEAR)
        return time.replace(year=year, month=month + 1, day=min(time.day, calendar.monthrange(year, month + 1)[1]))
    return time + timedelta(**{unit.lower(): count})


def worded(time: Time, function: str) -> Time:
    """Return midnight of a time's day, the first of its month, or its Sunday."""
    if isinstance(time, Later):
        return time.worded(WORDS[function])
    if function == "midnight":
        return time.replace(hour=0, minute=0, second=0, microsecond=0)
    return time.replace(day=1) if function == "firstOfMonth" else time - timedelta(days=time.isoweekday() % 7)


def part(time: Time, function: str) -> int | str:
    """Return a part of a time: a number, or of a later one what stands for it in braces."""
    if isinstance(time, Later):
        return time.template(PARTS[function])
    return int(time.strftime(PARTS[function]))


def written(time: Time, form: str = "") -> str:
    """Return a time as text: without a format as Data Pipeline writes it, ``2011-05-24T17:10:00``."""
    form = form or "%Y-%m-%dT%H:%M:%S"
    return time.template(form) if isinstance(time, Later) else time.strftime(form)


def made(*numbers: int) -> datetime:
    """Return a time of UTC from its numbers."""
    year, month, day, *clock = numbers
    hour, minute, second = (*clock, 0, 0, 0)[:3]
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
