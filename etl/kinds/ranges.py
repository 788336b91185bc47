"""Bounds: read from the arguments once, then asked by rows, by aggregates and by the files' statistics alike."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

from attrs import frozen

from etl.kinds.types import EXACT, FRACTIONS, bare, digits, extent, not_nan
from etl.kinds.values import MisfitError, as_sql, fit, in_units, seen

SIDES = (("min_value", "strict_min"), ("max_value", "strict_max"))


@frozen
class Bound:
    """One bound, made to fit: the value is one of the column's own type, or beyond all of them.

    A bound between two values of the type is moved to the next one that lies within, so that a whole number compared
    with 0.5, or a DATE with noon, is compared with a value of its own.

    Args:
        kind: the type of what is compared.
        value: units of the last digit for exact numbers (±infinity: no bound, or none within), else what ``fit`` gives.
        least: it is a lower bound.
        strict: the value itself is not within.
    """

    kind: str
    value: Any
    least: bool
    strict: bool

    @property
    def end(self) -> Any:
        """The outermost exact number within, in units; for other types the value."""
        step = 1 if self.strict and bare(self.kind) in EXACT else 0
        return self.value + (step if self.least else -step)

    def sql(self, value: str) -> str:
        """Return SQL that is true for a value on the right side; the value is never null."""
        if bare(self.kind) in EXACT:
            first, last = extent(self.kind)
            if (self.end <= first) if self.least else (self.end >= last):
                return "true"
            if (self.end > last) if self.least else (self.end < first):
                return "false"
            return f"{value} {'>=' if self.least else '<='} {in_units(self.end, self.kind)}"
        return f"{value} {'>' if self.least else '<'}{'' if self.strict else '='} {as_sql(self.value, self.kind)}"

    def admits(self, value: Any) -> bool:
        """Say whether a value that a file's statistics give is on the right side."""
        found = _told(value, self.kind)
        if found == self.value:
            return not self.strict
        return bool(found > self.value) if self.least else bool(found < self.value)


def bounds(arguments: Mapping[str, Any], kind: str) -> Iterator[Bound]:
    """Yield the arguments' bounds as a value of this type is compared with them.

    Raises:
        MisfitError: one does not fit; the argument stands before what is wrong.
    """
    for name, strict in SIDES:
        given, least = arguments.get(name), name == "min_value"
        if given is None:
            continue
        try:
            value = _numbered(fit(given, kind), name)
        except MisfitError as error:
            raise MisfitError(f"{name}={seen(given)} {error}") from None
        yield _within(value, kind, least=least, strict=bool(arguments.get(strict)))


def within(value: str, kind: str, arguments: Mapping[str, Any]) -> str:
    """Return SQL that is true if the value is within the arguments' bounds; NaN is within none."""
    parts = [bound.sql(value) for bound in bounds(arguments, kind)]
    return " AND ".join([*not_nan(value, kind), *parts]) or "true"


def unbounded(arguments: Mapping[str, Any], kind: str) -> str | None:
    """Say why the arguments' bounds do not fit a value of this type, or leave none; None if they are fine."""
    try:
        found = list(bounds(arguments, kind))
    except MisfitError as error:
        return str(error)
    if not _leave_none(found, kind):
        return None
    given = [f"{name}={seen(arguments[name])}" for name, _ in SIDES if arguments.get(name) is not None]
    strict = " strictly" if any(bound.strict for bound in found) else ""
    return f"{' and '.join(given)}: no {kind} lies{strict} within"


def _leave_none(found: list[Bound], kind: str) -> bool:
    low, high = (next((bound for bound in found if bound.least is least), None) for least in (True, False))
    if bare(kind) in EXACT:
        first, last = extent(kind)
        return bool(max(first, low.end if low else first) > min(last, high.end if high else last))
    if low is None or high is None:
        return False
    if low.value == high.value:
        return low.strict or high.strict
    return bool(_ordered(low.value) > _ordered(high.value))


def _ordered(value: Any) -> Any:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value  # as Spark orders texts


def _numbered(value: Any, name: str) -> Any:
    if isinstance(value, float) and math.isnan(value):
        raise MisfitError(f"is not a number, and NaN is no bound: leave {name} out")
    return value


def _within(value: Any, kind: str, *, least: bool, strict: bool) -> Bound:
    """Return the bound at a value that ``fit`` gave, moved to the type's next value where it lies between two."""
    if bare(kind) in EXACT:
        if value.is_infinite():
            return Bound(kind, float(value), least, strict)
        units = Fraction(value) * 10 ** digits(kind)[1]
        between = units.denominator != 1
        return Bound(kind, math.ceil(units) if least else math.floor(units), least, strict and not between)
    if bare(kind) == "DATE":
        day = datetime(value.year, value.month, value.day)  # noqa: DTZ001 UTC by agreement
        strict = least if day != value else strict  # from noon on is after the day, until noon is on it
        return Bound(kind, day, least, strict)
    return Bound(kind, value, least, strict)


def _told(value: Any, kind: str) -> Any:
    """Return a value of a file's statistics (naive times are UTC) as bounds are kept."""
    if bare(kind) in EXACT:
        return Fraction(value) * 10 ** digits(kind)[1]
    if bare(kind) in FRACTIONS or not isinstance(value, date):
        return value
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
