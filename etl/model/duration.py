"""Spans of time as people and AWS write them (``10 minutes``, ``10m``, ``PT10M``), and steps of a calendar."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Literal

from attrs import frozen

from etl.errors import UsageError

UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
LONGEST = timedelta(days=3660)
Step = Literal["minutes", "hours", "days", "weeks", "months", "years"]
STEPS: dict[str, Step] = {
    short: step
    for step in ("minutes", "hours", "days", "weeks", "months", "years")
    for short in (step, step.removesuffix("s"))
}

_WORDS = {"second": "s", "sec": "s", "minute": "m", "min": "m", "hour": "h", "day": "d", "week": "w"}
_SPOKEN = re.compile(r"(\d{1,9}(?:\.\d{1,6})?) ?([a-z]+)", re.ASCII | re.IGNORECASE)
_ISO = re.compile(
    r"P(?:(\d{1,5})W|(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9}(?:\.\d{1,6})?)S)?)?)", re.ASCII
)


def duration(text: str | timedelta) -> timedelta:
    """Return the span of time that a text says: ``10 minutes``, ``10m``, ``1.5 hours``, ``PT1H30M``, ``P2W``.

    A day is 24 hours here. Months and years have no length of their own and are refused.

    Raises:
        UsageError: it says none, or one that is not above zero or above ten years.
    """
    found = text if isinstance(text, timedelta) else _iso(text) or _spoken(text)
    if found is None:
        raise UsageError(
            f"{text!r} is no duration", remedy="write a number with its unit: 30 seconds, 10m, 1.5h, PT10M"
        )
    if not timedelta(0) < found <= LONGEST:
        raise UsageError(f"duration {text!r} is not above zero and at most ten years")
    return found


def _spoken(text: str) -> timedelta | None:
    said = _SPOKEN.fullmatch(text) if isinstance(text, str) else None
    if not said:
        return None
    word = said[2].lower()
    unit = UNITS.get(_WORDS.get(word.removesuffix("s"), word))
    try:
        return float(said[1]) * unit if unit else None
    except OverflowError:
        return timedelta.max


def _iso(text: str) -> timedelta | None:
    said = _ISO.fullmatch(text) if isinstance(text, str) else None
    if not said or not any(said.groups()):
        return None
    weeks, days, hours, minutes, seconds = (float(each or 0) for each in said.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


@frozen
class Period:
    """So many steps of a calendar: ``15 minutes``, ``2 weeks``, ``1 month``."""

    count: int
    step: Step

    @property
    def span(self) -> timedelta | None:
        """The period's length, where each is equally long: minutes and hours."""
        return {"minutes": UNITS["m"], "hours": UNITS["h"]}.get(self.step, timedelta(0)) * self.count or None

    def __str__(self) -> str:
        return f"{self.count} {self.step.removesuffix('s') if self.count == 1 else self.step}"


MOST: dict[Step, int] = {"minutes": 1_576_800, "hours": 26_280, "days": 1_095, "weeks": 156, "months": 36, "years": 3}


def period(text: str) -> Period:
    """Return the steps that a text says: ``15 minutes``, ``1 Day``, ``3 months``; at most three years.

    Source of the bounds: AWS Data Pipeline's, but for its least, 15 minutes.

    Raises:
        UsageError: it says none.
    """
    count, _, word = text.strip().partition(" ") if isinstance(text, str) else ("", "", "")
    step = STEPS.get(word.strip().lower())
    if step is None or not re.fullmatch(r"[0-9]{1,7}", count) or not 1 <= int(count) <= MOST[step]:
        raise UsageError(
            f"period {text!r} is not a number of {', '.join(MOST)} up to 3 years", remedy="write 15 minutes, or 1 month"
        )
    return Period(int(count), step)
