"""Expectations about nulls: the only ones for which a null row is not missing."""

from __future__ import annotations

from etl.kinds.judgement import of_rows
from etl.kinds.kind import FILES, OBSERVATION, Arguments, Kind, Level, Needs, RowRule, Rows, Types, by_row
from etl.kinds.proof import Proof, Statistics
from etl.sql import quoted


def _not_null(arguments: Arguments, types: Types, rows: Rows) -> Needs:
    return _counted(arguments, types, rows, null_is_broken=True)


def _null(arguments: Arguments, types: Types, rows: Rows) -> Needs:
    return _counted(arguments, types, rows, null_is_broken=False)


def _counted(arguments: Arguments, types: Types, rows: Rows, *, null_is_broken: bool) -> Needs:
    column = arguments["column"]

    def read(statistics: Statistics) -> dict[str, int] | None:
        nulls = statistics.null_rows(column)
        if nulls is None:
            return None
        return {"elements": statistics.rows, "unexpected": nulls if null_is_broken else statistics.rows - nulls}

    broken = f"{quoted(column)} IS {'' if null_is_broken else 'NOT '}NULL"
    needs = by_row(lambda _, __: RowRule(None, broken))(arguments, types, rows)
    return Needs(needs.measures, needs.rule, Proof(column, exact=True, read=read))


KINDS = (
    Kind(
        type="expect_column_values_to_not_be_null",
        level=Level.ROW,
        arguments=("column",),
        options=("mostly",),
        passes=(OBSERVATION, FILES),
        compile=_not_null,
        judge=of_rows,
    ),
    Kind(
        type="expect_column_values_to_be_null",
        level=Level.ROW,
        arguments=("column",),
        options=("mostly",),
        passes=(OBSERVATION, FILES),
        compile=_null,
        judge=of_rows,
    ),
)
