"""When a job is due. A schedule also gives the unit of its intervals."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from attrs import field, frozen

from etl.errors import DefinitionError
from etl.model.interval import Unit


def _clock(_: object, __: object, value: str) -> None:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise DefinitionError(f"schedule time at={value!r} is not HH:MM (00:00 to 23:59)")


def _within(low: int, high: int, what: str) -> Callable[[object, object, int], None]:
    def check(_: object, __: object, value: int) -> None:
        if not low <= value <= high:
            raise DefinitionError(f"schedule {what}={value!r} is outside {low} to {high}")

    return check


@frozen
class Hourly:
    """Due every hour, ``minute`` minutes after the interval's end."""

    unit: ClassVar[Unit] = Unit.HOUR
    minute: int = field(default=0, validator=_within(0, 59, "minute"))


@frozen
class Daily:
    """Due every day at ``at`` (HH:MM, UTC) for the day before."""

    unit: ClassVar[Unit] = Unit.DAY
    at: str = field(default="00:00", validator=_clock)


@frozen
class Monthly:
    """Due on ``day`` of every month at ``at`` (HH:MM, UTC) for the month before."""

    unit: ClassVar[Unit] = Unit.MONTH
    day: int = field(default=1, validator=_within(1, 28, "day"))
    at: str = field(default="00:00", validator=_clock)


Schedule = Hourly | Daily | Monthly
