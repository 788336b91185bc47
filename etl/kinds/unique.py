"""Keys that stand in no other row; missing if all their columns are null unless said otherwise; null equals null."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from etl.kinds.judgement import of_rows
from etl.kinds.kind import KEYS, OBSERVATION, Arguments, Kind, Level, Measure, Needs, Rows, Types
from etl.kinds.types import ANY
from etl.sql import conjunction, quoted

ALL, NEVER = "all_values_are_missing", "false"
MISSING: dict[str, Callable[[list[str]], str]] = {
    ALL: " AND ".join,
    "any_value_is_missing": " OR ".join,
    "never": lambda _: NEVER,
}
"""Great Expectations' ``ignore_row_if``: which rows are missing, as SQL from that of each column's absence."""


def _column(arguments: Arguments, _: Types, rows: Rows) -> Needs:
    return _unique([arguments["column"]], arguments, rows)


def _columns(arguments: Arguments, _: Types, rows: Rows) -> Needs:
    return _unique(arguments["column_list"], arguments, rows)


def _unique(names: Sequence[str], arguments: Arguments, rows: Rows) -> Needs:
    columns = [quoted(name) for name in names]
    missing = MISSING[arguments.get("ignore_row_if", ALL)]([f"{column} IS NULL" for column in columns])
    # A struct of nulls is a value that can stand twice; null itself is none.
    whole = columns[0] if len(columns) == 1 and missing != NEVER else f"struct({', '.join(columns)})"
    looked_at = conjunction([f"NOT ({missing})", arguments.get("row_condition")])
    key = Measure(f"CASE WHEN {looked_at} THEN {whole} END", by=KEYS)
    return Needs({"elements": rows.count(), "missing": rows.count(missing), "unexpected": key})


def _check(arguments: Arguments, types: Types) -> str | None:
    names = arguments.get("column_list", ("?",))
    if not isinstance(names, list | tuple):
        return f"column_list={names!r} is not a list of columns"
    if not names or len({name.lower() for name in names}) < len(names):
        return f"column_list={list(names)!r} " + ("names a column twice" if names else "names no column")
    for column, kind in types.items():
        if "MAP<" in kind:
            return f"column {column!r} is {kind}: Spark compares no maps"
    asked = arguments.get("ignore_row_if", ALL)
    return None if asked in MISSING else f"ignore_row_if={asked!r} is not one of {', '.join(MISSING)}"


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
        options=("mostly", "ignore_row_if"),
        accepts=ANY - {"MAP"},
        passes=(OBSERVATION, KEYS),
        compile=_columns,
        judge=of_rows,
        check=_check,
    ),
)
