"""Values of a set; a null in the set says nothing."""

from __future__ import annotations

from functools import partial

from etl.kinds.judgement import of_rows
from etl.kinds.kind import Arguments, Kind, Level, RowRule, Types, by_row, unless_missing
from etl.kinds.types import SPELLED, column_of
from etl.kinds.values import misfit, spelled
from etl.kinds.words import sample


def _in(arguments: Arguments, types: Types) -> RowRule:
    column, _ = column_of(arguments, types)
    return unless_missing(f"{column} IS NULL", _among(arguments, types))


def _not_in(arguments: Arguments, types: Types) -> RowRule:
    column, _ = column_of(arguments, types)
    return unless_missing(f"{column} IS NULL", f"NOT ({_among(arguments, types)})")


def _among(arguments: Arguments, types: Types) -> str:
    column, kind = column_of(arguments, types)
    values = ", ".join(spelled(value, kind) for value in arguments["value_set"] if value is not None)
    return f"{column} IN ({values})" if values else "false"


def _check(arguments: Arguments, types: Types, *, negated: bool = False) -> str | None:
    given = arguments["value_set"]
    if not isinstance(given, list | tuple | set | frozenset):
        return f"value_set={given!r} is not a list of values"
    values = {f"value_set[{n}]": value for n, value in enumerate(given) if value is not None}
    if not values:
        return f"value_set={given!r} holds no value: every row would {'hold' if negated else 'break it'}"
    return misfit(values, types[arguments["column"]])


KINDS = (
    Kind(
        type="expect_column_values_to_be_in_set",
        level=Level.ROW,
        arguments=("column", "value_set"),
        options=("mostly",),
        accepts=SPELLED,
        compile=by_row(_in),
        judge=of_rows,
        check=_check,
        words=lambda arguments: [f"in {sample(arguments['value_set'])}"],
    ),
    Kind(
        type="expect_column_values_to_not_be_in_set",
        level=Level.ROW,
        arguments=("column", "value_set"),
        options=("mostly",),
        accepts=SPELLED,
        compile=by_row(_not_in),
        judge=of_rows,
        check=partial(_check, negated=True),
        words=lambda arguments: [f"not in {sample(arguments['value_set'])}"],
    ),
)
