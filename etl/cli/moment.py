"""Points in time at the command line: a date, a time, a word, or how long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

from etl.errors import UsageError
from etl.model.duration import UNITS
from etl.model.interval import parse_instant
from etl.model.run import utc_now

DAYS: dict[str | None, int] = {"yesterday": -1, "today": 0}
_AGO = re.compile(r"(\d{1,6})([mhd])")


def age(text: str) -> timedelta | None:
    """Return how long ``30m``, ``12h`` or ``7d`` is; None for another text."""
    found = _AGO.fullmatch(text)
    return int(found[1]) * UNITS[found[2]] if found else None


def parse(text: str, now: datetime) -> datetime:
    """Read a point in time, in UTC: ``2013-02-08``, ``2013-02-08T05:00``, ``yesterday``, ``7d`` for seven days ago.

    Raises:
        UsageError: the text is none of these.
    """
    if text in DAYS:
        return datetime.combine((now + timedelta(days=DAYS[text])).date(), datetime.min.time(), UTC)
    ago = age(text)
    try:
        return now - ago if ago else parse_instant(text)
    except UsageError as error:
        raise UsageError(error.message, remedy="write 2013-02-08, yesterday, or 12h or 7d for so long ago") from None


def moment(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    """Read an option's point in time."""
    return None if value is None else parse(value, utc_now())
