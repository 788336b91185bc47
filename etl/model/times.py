"""What every schedule says: its time zone, its first and last interval, its business days, when an interval is due."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from attrs import field, fields, frozen

from etl.errors import DefinitionError
from etl.model.interval import FIRST_YEAR, LAST_YEAR
from etl.model.zones import at, zone_of

MOST_TIMES = 100_000


def within(low: int, high: int, what: str) -> Callable[[object, object, int | None], None]:
    def check(_: object, __: object, value: int | None) -> None:
        if value is not None and (type(value) is not int or not low <= value <= high):
            raise DefinitionError(f"schedule {what}={value!r} is outside {low} to {high}")

    return check


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def _dates(values: Any) -> tuple[str, ...]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise DefinitionError(f"schedule dates={values!r} is no list of dates", remedy='dates=("2013-01-02", …)')
    try:
        return tuple(sorted({date.fromisoformat(_text(each)).isoformat() for each in values}))
    except (TypeError, ValueError) as error:
        raise DefinitionError(f"schedule dates=: {error}", remedy='dates=("2013-01-02", …)') from None


def _due(_: object, __: object, value: str) -> None:
    if value not in ("end", "start"):
        raise DefinitionError(f"schedule due={value!r} is neither 'end' nor 'start'")


@frozen(kw_only=True)
class Times:
    """What every schedule says besides.

    Args:
        timezone: an IANA name; whose clocks and calendar count, also in ``start`` and ``end`` where they say none.
        start: no interval begins before it; ISO text, or a datetime with a zone.
        end: no interval begins at or after it.
        occurrences: so many intervals from ``start`` on, and no more.
        due: an interval is due when it has ended (``end``), or when it begins (``start``, as cron jobs are).
        dates: a business calendar: only intervals that begin on one of these days of the time zone; empty for all.
    """

    timezone: str = "UTC"
    start: str | None = field(default=None, converter=_text)
    end: str | None = field(default=None, converter=_text)
    occurrences: int | None = field(default=None, validator=within(1, MOST_TIMES, "occurrences"))
    due: Literal["end", "start"] = field(default="end", validator=_due)
    dates: tuple[str, ...] = field(default=(), converter=_dates)

    def __attrs_post_init__(self) -> None:
        zone_of(self.timezone)
        start, end = self.instant("start"), self.instant("end")
        if start and end and end <= start:
            raise DefinitionError(f"schedule end={self.end!r} is not after start={self.start!r}")
        if self.occurrences and not start:
            raise DefinitionError(f"schedule occurrences={self.occurrences} counts from start=, which is not said")

    def instant(self, name: Literal["start", "end"]) -> datetime | None:
        """Return the start or the end in UTC; None where none is said."""
        said = getattr(self, name)
        if said is None:
            return None
        try:
            parsed = datetime.fromisoformat(said)
        except (TypeError, ValueError):
            raise DefinitionError(
                f"schedule {name}={said!r} is no ISO date or time", remedy=f'write {name}="2013-01-01T06:00"'
            ) from None
        if not FIRST_YEAR < parsed.year < LAST_YEAR:
            raise DefinitionError(f"schedule {name}={said!r} lies outside the years {FIRST_YEAR} to {LAST_YEAR}")
        whole = parsed.replace(microsecond=0)
        return at(whole, self.zone) if parsed.tzinfo is None else whole.astimezone(UTC)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return zone_of(self.timezone)

    def to_json(self) -> dict[str, Any]:
        """Return the kind, and what it says other than its defaults."""
        return {"kind": type(self).__name__} | {
            each.name: list(value) if isinstance(value, tuple) else value
            for each in fields(type(self))
            if (value := getattr(self, each.name)) != each.default or not each.kw_only
        }
