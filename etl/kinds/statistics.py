"""One number of a whole column, within bounds; compared where it is computed, so that types and zones are Spark's.

Aggregates ride on an observation, whose partial results Spark merges on the driver and drops one of silently where that
merge fails: none of these may overflow.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from etl.kinds.judgement import of_value
from etl.kinds.kind import Arguments, Judgement, Kind, Level, Measure, Needs, Rows, Types
from etl.kinds.ranges import unbounded, within
from etl.kinds.types import DIGITS, FRACTIONS, INTEGERS, NUMBERS, ORDERED, bare, column_of, digits, shown
from etl.kinds.words import span

Aggregate = Callable[[str, str], tuple[str, str]]  # SQL of a value and its type → SQL of the aggregate and its type


def _mean(value: str, kind: str) -> tuple[str, str]:
    return (f"try_avg({value})", _longer(kind, 4, 4)) if bare(kind) == "DECIMAL" else (f"avg({value})", "DOUBLE")


def _sum(value: str, kind: str) -> tuple[str, str]:
    if bare(kind) in INTEGERS:
        return f"try_sum(CAST({value} AS DECIMAL({DIGITS},0)))", f"DECIMAL({DIGITS},0)"
    return f"try_sum({value})", _longer(kind, 10, 0) if bare(kind) == "DECIMAL" else "DOUBLE"


def _min(value: str, kind: str) -> tuple[str, str]:
    if bare(kind) not in FRACTIONS:
        return f"min({value})", kind
    # else the one that hides a NaN
    return f"CASE WHEN isnan(max({value})) THEN max({value}) ELSE min({value}) END", kind


def _max(value: str, kind: str) -> tuple[str, str]:
    return f"max({value})", kind


def _longer(kind: str, digits_more: int, behind_more: int) -> str:
    """Return the type that Spark gives the sum or the mean of decimals."""
    whole, behind = digits(kind)
    return f"DECIMAL({min(whole + digits_more, DIGITS)},{min(behind + behind_more, DIGITS)})"


def _compared(aggregate: Aggregate) -> Callable[[Arguments, Types, Rows], Needs]:
    """Return a ``compile`` whose one measure is the observed value and whether it is within the bounds."""

    def compiled(arguments: Arguments, types: Types, rows: Rows) -> Needs:
        column, kind = column_of(arguments, types)
        value, given = aggregate(rows.only(column), kind)
        both = f"struct({shown('x', given)} AS value, {within('x', given, arguments)} AS holds)"
        # A name for the aggregate: Spark would compute it again for each time it is written.
        measures = {"observed": Measure(f"transform(array({value}), x -> {both})[0]")}
        if value.startswith("try_"):
            measures["present"] = rows.count(f"{column} IS NOT NULL")
        return Needs(measures)

    return compiled


def _judge_sum(arguments: Arguments, taken: Arguments) -> Judgement:
    success, result = of_value(arguments, taken)
    value = result["observed_value"]
    whole = isinstance(value, Decimal) and value.as_tuple().exponent == 0  # a sum of integers
    return success, {"observed_value": int(value) if whole else value}


def _check(aggregate: Aggregate) -> Callable[[Arguments, Types], str | None]:
    def check(arguments: Arguments, types: Types) -> str | None:
        column, kind = column_of(arguments, types)
        given = aggregate(column, kind)[1]
        wrong = unbounded(arguments, given)
        return wrong.replace("the column is", "what is compared is") if wrong and given != kind else wrong

    return check


def _kind(name: str, aggregate: Aggregate, accepts: frozenset[str], judge: Callable[..., Judgement] = of_value) -> Kind:
    return Kind(
        type=f"expect_column_{name}_to_be_between",
        level=Level.TABLE,
        arguments=("column",),
        options=("min_value", "max_value", "strict_min", "strict_max"),
        accepts=accepts,
        compile=_compared(aggregate),
        judge=judge,
        words=span,
        check=_check(aggregate),
    )


KINDS = (
    _kind("mean", _mean, NUMBERS),
    _kind("sum", _sum, NUMBERS, _judge_sum),
    _kind("min", _min, ORDERED),
    _kind("max", _max, ORDERED),
)
