"""How many rows there are."""

from __future__ import annotations

from typing import Any

from etl.kinds.kind import Arguments, Judgement, Kind, Level, Needs, Rows, Types
from etl.kinds.types import BOUNDS, misfit
from etl.kinds.words import span


def _count(_: Arguments, __: Types, rows: Rows) -> Needs:
    return Needs({"observed": rows.count()})


def _between(arguments: Arguments, taken: Arguments) -> Judgement:
    observed: int = taken["observed"]
    low, high = arguments.get("min_value"), arguments.get("max_value")
    return (low is None or observed >= low) and (high is None or observed <= high), _result(observed)


def _equal(arguments: Arguments, taken: Arguments) -> Judgement:
    return taken["observed"] == arguments["value"], _result(taken["observed"])


def _result(observed: int) -> dict[str, Any]:
    return {"observed_value": observed}


def _check(arguments: Arguments, _: Types) -> str | None:
    names = (*BOUNDS, "value")
    for name in names:
        if isinstance(arguments.get(name), str):  # an SQL literal would read it, a comparison of counts does not
            return f"{name}={arguments[name]!r} is not a number of rows"
    return misfit(arguments, "BIGINT", names)


KINDS = (
    Kind(
        type="expect_table_row_count_to_be_between",
        level=Level.TABLE,
        arguments=(),
        options=("min_value", "max_value"),
        compile=_count,
        judge=_between,
        words=span,
        check=_check,
    ),
    Kind(
        type="expect_table_row_count_to_equal",
        level=Level.TABLE,
        arguments=("value",),
        compile=_count,
        judge=_equal,
        check=_check,
    ),
)
