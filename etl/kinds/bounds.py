"""Values within bounds; a NaN is within none, whether a bound is open or not."""

from __future__ import annotations

from etl.kinds.counts import uncounted
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
from etl.kinds.ranges import bounds, unbounded, within
from etl.kinds.types import FRACTIONS, NUMBERS, ORDERED, TIMES, bare, column_of
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
    for bound in bounds(arguments, kind):
        ends = statistics.least if bound.least else statistics.greatest
        if arguments["column"] not in ends or not bound.admits(ends[arguments["column"]]):
            return False
    return True


def _check(arguments: Arguments, types: Types) -> str | None:
    return unbounded(arguments, types[arguments["column"]])


def _check_length(arguments: Arguments, _: Types) -> str | None:
    return uncounted(arguments, "characters") or unbounded(arguments, "INT")


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
