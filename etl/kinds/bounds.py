"""Values within bounds; a NaN is within none, whether a bound is open or not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from etl.kinds.judgement import of_rows
from etl.kinds.kind import (
    FILES,
    OBSERVATION,
    Arguments,
    Kind,
    Level,
    Needs,
    RowRule,
    Rows,
    Types,
    by_row,
    unless_missing,
)
from etl.kinds.proof import Proof, Statistics
from etl.kinds.types import FRACTIONS, NUMBERS, ORDERED, TIMES, bare, column_of, fit, misfit, within
from etl.kinds.words import span
from etl.sql import quoted

# Not FLOAT and DOUBLE: a NaN is in no file's statistics. Not STRING: formats cut long texts.
PROVABLE = (NUMBERS | TIMES | {"DATE"}) - FRACTIONS


def _between(arguments: Arguments, types: Types, rows: Rows) -> Needs:
    needs = by_row(_rule)(arguments, types, rows)
    column, kind = arguments["column"], types[arguments["column"]]
    if bare(kind) not in PROVABLE:
        return needs

    def read(statistics: Statistics) -> dict[str, int] | None:
        nulls = statistics.null_rows(column)
        if nulls is None or (nulls < statistics.rows and not _inside(statistics, arguments, kind)):
            return None
        return {"elements": statistics.rows, "missing": nulls, "unexpected": 0}

    return Needs(needs.measures, needs.rule, Proof(column, exact=False, read=read))


def _rule(arguments: Arguments, types: Types) -> RowRule:
    column, kind = column_of(arguments, types)
    return unless_missing(f"{column} IS NULL", within(column, kind, arguments))


def _inside(statistics: Statistics, arguments: Arguments, kind: str) -> bool:
    """Say whether the files' bounds lie within the arguments'."""
    column = arguments["column"]
    for name, ends, strict in (
        ("min_value", statistics.least, "strict_min"),
        ("max_value", statistics.greatest, "strict_max"),
    ):
        if arguments.get(name) is None:
            continue
        if column not in ends:
            return False
        end, bound = _comparable(ends[column], fit(arguments[name], kind))
        outside = end < bound if name == "min_value" else end > bound
        if outside or (end == bound and arguments.get(strict)):
            return False
    return True


def _comparable(*values: Any) -> list[Any]:
    """Return values in one type: days as their midnight in UTC; numbers as floats if one is, as Spark does."""
    if any(isinstance(value, float) for value in values):
        return [float(value) for value in values]
    return [_instant(value) if isinstance(value, date) else value for value in values]


def _instant(value: date) -> datetime:
    at = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _check(arguments: Arguments, types: Types) -> str | None:
    return misfit(arguments, types[arguments["column"]])


def _check_length(arguments: Arguments, _: Types) -> str | None:
    return misfit(arguments, "INT")


def _length(arguments: Arguments, _: Types) -> RowRule:
    column = quoted(arguments["column"])
    return unless_missing(f"{column} IS NULL", within(f"length({column})", "INT", arguments))


KINDS = (
    Kind(
        type="expect_column_values_to_be_between",
        level=Level.ROW,
        arguments=("column",),
        options=("min_value", "max_value", "strict_min", "strict_max", "mostly"),
        accepts=ORDERED,
        passes=(OBSERVATION, FILES),
        compile=_between,
        judge=of_rows,
        words=span,
        check=_check,
    ),
    Kind(
        type="expect_column_value_lengths_to_be_between",
        level=Level.ROW,
        arguments=("column",),
        options=("min_value", "max_value", "strict_min", "strict_max", "mostly"),
        accepts=frozenset({"STRING", "BINARY"}),
        compile=by_row(_length),
        judge=of_rows,
        words=span,
        check=_check_length,
    ),
)
