"""Columns' types in groups, and the values of a declaration made to fit them.

One rule for rows and for aggregates: a value is spelled once, as SQL of the column's own type, with times in UTC.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from etl.sql import literal, quoted

INTEGERS = frozenset({"TINYINT", "SMALLINT", "INT", "BIGINT"})
FRACTIONS = frozenset({"FLOAT", "DOUBLE"})  # the two that know NaN
NUMBERS = INTEGERS | FRACTIONS | {"DECIMAL"}
TIMES = frozenset({"TIMESTAMP", "TIMESTAMP_NTZ"})
ORDERED = NUMBERS | TIMES | {"DATE", "STRING"}
SPELLED = ORDERED | {"BOOLEAN"}  # types whose values SQL has literals for
ANY = SPELLED | {"BINARY", "ARRAY", "MAP", "STRUCT"}
BOUNDS = ("min_value", "max_value")
DIGITS = 38  # of Spark's widest number


class MisfitError(ValueError):
    """A value that a column is not compared with; says why, to be put behind the value."""


def bare(kind: str) -> str:
    """Return a type without digits and elements: ``DECIMAL(10,2)`` is a DECIMAL."""
    return kind.partition("(")[0].partition("<")[0]


def fit(value: Any, kind: str) -> Any:
    """Return a value as one that a column of this type is compared with; text is read as the type.

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
    what = f'is not a time: the column is {kind}; give a date, a datetime or ISO text such as "2013-02-08"'
    if isinstance(value, str):
        return _read(value, datetime.fromisoformat if len(value) > len("2013-02-08") else date.fromisoformat, what)
    return _a(value, date, what)  # a datetime is a date


def spelled(value: Any, kind: str) -> str:
    """Return the SQL literal of a value that fits the type."""
    return literal(fit(value, kind))


def _a(value: Any, kind: type, otherwise: str) -> Any:
    if not isinstance(value, kind):
        raise MisfitError(otherwise)
    return value


def _read(text: str, read: Callable[[str], Any], otherwise: str) -> Any:
    try:
        return read(text)
    except ValueError:
        raise MisfitError(otherwise) from None


def _number(value: Any, kind: str) -> Any:
    what = f"is not a number: the column is {kind}"
    if isinstance(value, str):
        try:
            value = Decimal(value)
        except InvalidOperation:
            raise MisfitError(what) from None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or math.isnan(value):
        raise MisfitError(what)
    if isinstance(value, float):
        return value
    _, digits, exponent = Decimal(value).as_tuple()
    if not isinstance(exponent, int) or max(len(digits), len(digits) + exponent, -exponent) > DIGITS:
        raise MisfitError(f"has more than the {DIGITS} digits that SQL can spell")
    return value


def misfit(arguments: Mapping[str, Any], kind: str, names: Iterable[str] = BOUNDS) -> str | None:
    """Say which of these arguments does not fit a column of this type, or None."""
    for name in names:
        if arguments.get(name) is not None:
            try:
                fit(arguments[name], kind)
            except MisfitError as error:
                return f"{name}={arguments[name]!r} {error}"
    return None


def within(value: str, kind: str, arguments: Mapping[str, Any]) -> str:
    """Return SQL that is true if the value is within the arguments' bounds; NaN is within none."""
    parts = []
    for name, sign, strict in (("min_value", ">", "strict_min"), ("max_value", "<", "strict_max")):
        if arguments.get(name) is not None:
            parts.append(f"{value} {sign}{'' if arguments.get(strict) else '='} {spelled(arguments[name], kind)}")
    return " AND ".join([*not_nan(value, kind), *parts]) if parts else "true"


def not_nan(value: str, kind: str) -> list[str]:
    """Return the condition that a value is not NaN, which Spark takes for the greatest number; none for other types."""
    return [f"NOT isnan({value})"] if bare(kind) in FRACTIONS else []


def shown(value: str, kind: str) -> str:
    """Return SQL of the value as results show it: a time in UTC, whatever the zone of the machine that reads it."""
    return f"replace(CAST({value} AS STRING), ' ', 'T')" if bare(kind) in TIMES else value


def column_of(arguments: Mapping[str, Any], types: Mapping[str, str]) -> tuple[str, str]:
    """Return the argument ``column``, quoted for SQL, and its type."""
    return quoted(arguments["column"]), types[arguments["column"]]
