"""The values of a declaration made to fit their column, once and alike for every expectation.

What fits is spelled as SQL of the column's own type: Spark casts no column to compare it, so that nothing is rounded,
and no verdict depends on a session's time zone, on Python, or on Spark's rules for mixed types.
"""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any

from etl.kinds.types import DIGITS, EXACT, FRACTIONS, NUMBERS, TIMES, bare, digits, extent
from etl.sql import literal

_WIDE = Context(prec=2 * DIGITS)  # Python's own context would round after 28 digits
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_CLOCK = r"\d\d:\d\d(:\d\d([.]\d{1,6})?)?"
_TIME = re.compile(rf"\d{{4}}-\d\d-\d\d([T ]{_CLOCK} ?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII)


SEEN = 60  # letters of a value that a message shows


class MisfitError(ValueError):
    """A value that a column is not compared with; says why, to be put behind the value."""


def fit(value: Any, kind: str) -> Any:
    """Return a value as what a column of this type is compared with; text is read as the type.

    Exact numbers become a ``Decimal`` (a float by the digits it is written with: 0.1 is 0.1), FLOAT and DOUBLE a float,
    days and times a ``datetime`` in UTC, without zone.

    Raises:
        MisfitError: it does not fit; says what would.
    """
    group = bare(kind)
    if group == "STRING":
        return _a(value, str, "is not text: the column is STRING")
    if group == "BOOLEAN":
        return _a(value, bool, "is neither True nor False: the column is BOOLEAN")
    if group in NUMBERS:
        return _number(value, kind)
    return _time(
        value, f'is not a time: the column is {kind}; give a date, a datetime or ISO text such as "2013-02-08"'
    )


def spelled(value: Any, kind: str) -> str:
    """Return the SQL literal of a value of the column's type.

    Raises:
        MisfitError: the type has no such value.
    """
    fitted, group = fit(value, kind), bare(kind)
    if group in EXACT:
        units, rest = divmod(Fraction(fitted) * 10 ** digits(kind)[1], 1) if fitted.is_finite() else (0, 1)
        least, greatest = extent(kind)
        if rest or not least <= units <= greatest:
            raise MisfitError(f"is no value of {kind}")
        return in_units(int(units), kind)
    if group == "DATE" and fitted.time() != datetime.min.time():
        raise MisfitError("has a time of day: the column is DATE")
    return as_sql(fitted, kind)


def as_sql(fitted: Any, kind: str) -> str:
    """Return the SQL literal of a value that ``fit`` gave, for a column that is no exact number."""
    group = bare(kind)
    if group in FRACTIONS:
        return f"{group.lower()}('{float(fitted)!r}')"
    if group == "DATE":
        return literal(fitted.date())
    if group in TIMES:
        return f"{group}'{fitted.isoformat(sep=' ')}{'' if group == 'TIMESTAMP_NTZ' else 'Z'}'"
    return literal(fitted)


def in_units(units: int, kind: str) -> str:
    """Return the SQL literal of an exact number, given in units of the type's last digit."""
    _, behind = digits(kind)
    return literal(Decimal(units).scaleb(-behind, _WIDE)) if behind else str(units)


def misfit(arguments: Mapping[str, Any], kind: str) -> str | None:
    """Say which of these values is none of the type, or None."""
    for name, value in arguments.items():
        try:
            spelled(value, kind)
        except MisfitError as error:
            return f"{name}={seen(value)} {error}"
    return None


def seen(value: Any) -> str:
    """Return a value as messages show it: no longer than a line."""
    text = repr(value)
    return text if len(text) <= SEEN else f"{text[:SEEN]}…"


def _a(value: Any, kind: type, otherwise: str) -> Any:
    if not isinstance(value, kind):
        raise MisfitError(otherwise)
    return value


def _number(value: Any, kind: str) -> Any:
    what = f"is not a number: the column is {kind}"
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            raise MisfitError(what)
        value = Decimal(value)
    if isinstance(value, bool) or not isinstance(value, numbers.Real | Decimal):
        raise MisfitError(what)
    if isinstance(value, numbers.Integral):
        value = int(value)
    elif not isinstance(value, Decimal):
        value = float(value)
    return _float(value, kind) if bare(kind) in FRACTIONS else _decimal(value, what)


def _float(value: Any, kind: str) -> float:
    try:
        found = float(value)
    except (OverflowError, ValueError):  # a signalling NaN is no float
        raise MisfitError(f"is beyond what a {kind} holds") from None
    endless = value.is_infinite() if isinstance(value, Decimal) else value == found
    if math.isinf(found) and not endless:
        raise MisfitError(f"is beyond what a {kind} holds")
    return found


def _decimal(value: Any, what: str) -> Decimal:
    found = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if found.is_nan():
        raise MisfitError(what)
    _, shown, exponent = found.as_tuple()
    if isinstance(exponent, int) and max(len(shown), len(shown) + exponent, -exponent) > DIGITS:
        raise MisfitError(f"has more than the {DIGITS} digits that SQL can spell")
    return found


def _time(value: Any, what: str) -> datetime:
    if isinstance(value, str):
        if not _TIME.fullmatch(value):
            raise MisfitError(what)
        try:
            value = datetime.fromisoformat(value.replace(" ", "T", 1).replace(" ", ""))
        except ValueError:  # a day or an hour that does not exist
            raise MisfitError(what) from None
    if not isinstance(value, date) or value != value:  # noqa: PLR0124 pandas' NaT is a datetime
        raise MisfitError(what)
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 UTC by agreement
    try:
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    except OverflowError:
        raise MisfitError(what) from None
