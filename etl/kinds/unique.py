"""Keys that stand in no other row; missing if all their columns are null, and null equals null beside a value."""

from __future__ import annotations

from collections.abc import Sequence

from etl.kinds.judgement import of_rows
from etl.kinds.kind import KEYS, OBSERVATION, Arguments, Kind, Level, Measure, Needs, Rows, Types
from etl.kinds.types import ANY
from etl.sql import conjunction, quoted


def _column(arguments: Arguments, _: Types, rows: Rows) -> Needs:
    return _unique([arguments["column"]], arguments, rows)


def _columns(arguments: Arguments, _: Types, rows: Rows) -> Needs:
    return _unique(arguments["column_list"], arguments, rows)


def _unique(names: Sequence[str], arguments: Arguments, rows: Rows) -> Needs:
    columns = [quoted(name) for name in names]
    missing = " AND ".join(f"{column} IS NULL" for column in columns)
    whole = columns[0] if len(columns) == 1 else f"struct({', '.join(columns)})"
    looked_at = conjunction([f"NOT ({missing})", arguments.get("row_condition")])
    key = Measure(f"CASE WHEN {looked_at} THEN {whole} END", by=KEYS)
    return Needs({"elements": rows.count(), "missing": rows.count(missing), "unexpected": key})


def _check(_: Arguments, types: Types) -> str | None:
    for column, kind in types.items():
        if "MAP<" in kind:
            return f"column {column!r} is {kind}: Spark compares no maps"
    return None


KINDS = (
    Kind(
        type="expect_column_values_to_be_unique",
        level=Level.TABLE,
        arguments=("column",),
        options=("mostly",),
        accepts=ANY - {"MAP"},
        passes=(OBSERVATION, KEYS),
        compile=_column,
        judge=of_rows,
        check=_check,
    ),
    Kind(
        type="expect_compound_columns_to_be_unique",
        level=Level.TABLE,
        arguments=("column_list",),
        options=("mostly",),
        accepts=ANY - {"MAP"},
        passes=(OBSERVATION, KEYS),
        compile=_columns,
        judge=of_rows,
        check=_check,
    ),
)
