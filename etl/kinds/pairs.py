"""Two columns of one row; missing if either is null."""

from __future__ import annotations

from etl.kinds.judgement import of_rows
from etl.kinds.kind import Arguments, Kind, Level, RowRule, Types, by_row, unless_missing
from etl.kinds.types import DIGITS, EXACT, NUMBERS, ORDERED, TIMES, bare, digits, not_nan
from etl.sql import quoted


def _greater(arguments: Arguments, types: Types) -> RowRule:
    names = (arguments["column_A"], arguments["column_B"])
    a, b = map(quoted, names)
    numbers = [*not_nan(a, types[names[0]]), *not_nan(b, types[names[1]])]
    holds = f"{a} {'>=' if arguments.get('or_equal') else '>'} {b}"
    return unless_missing(f"{a} IS NULL OR {b} IS NULL", " AND ".join([*numbers, holds]))


def _check(arguments: Arguments, types: Types) -> str | None:
    if arguments["column_A"] == arguments["column_B"]:
        return f"column_A and column_B are both {arguments['column_A']!r}"
    a, b = types[arguments["column_A"]], types[arguments["column_B"]]
    for group in (NUMBERS, TIMES | {"DATE"}, {"STRING"}):
        if (bare(a) in group) != (bare(b) in group):
            return f"a {a} ({arguments['column_A']!r}) is not compared with a {b} ({arguments['column_B']!r})"
    if bare(a) in EXACT and bare(b) in EXACT:
        (whole_a, behind_a), (whole_b, behind_b) = digits(a), digits(b)
        if max(whole_a - behind_a, whole_b - behind_b) + max(behind_a, behind_b) > DIGITS:
            return f"a {a} and a {b} are compared by casting both, which needs more than {DIGITS} digits"
    return None


KINDS = (
    Kind(
        type="expect_column_pair_values_a_to_be_greater_than_b",
        level=Level.ROW,
        arguments=("column_A", "column_B"),
        options=("or_equal", "mostly"),
        accepts=ORDERED,
        compile=by_row(_greater),
        judge=of_rows,
        check=_check,
    ),
)
