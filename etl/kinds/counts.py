"""How many rows there are."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from etl.kinds.kind import Arguments, Judgement, Kind, Level, Needs, Rows, Types
from etl.kinds.ranges import unbounded
from etl.kinds.values import misfit, seen
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


def uncounted(arguments: Arguments, what: str, names: tuple[str, ...] = ("min_value", "max_value")) -> str | None:
    """Say which of these arguments is no whole number from 0 on, or None."""
    for name in names:
        given = arguments.get(name)
        if given is not None and not _whole(given):
            return f"{name}={seen(given)} is not a number of {what}: 0, 1, 2 …"
    return None


def _whole(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return False
    return bool(value >= 0 and value % 1 == 0)


def _check(arguments: Arguments, _: Types) -> str | None:
    return uncounted(arguments, "rows") or unbounded(arguments, "BIGINT")


def _check_equal(arguments: Arguments, _: Types) -> str | None:
    return uncounted(arguments, "rows", ("value",)) or misfit({"value": arguments["value"]}, "BIGINT")


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
        check=_check_equal,
    ),
)
