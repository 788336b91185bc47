"""What makes a single row break an expectation, as SQL.

Three-valued as Great Expectations has it: rows whose column is null are missing, neither right nor wrong, but for the
expectations about nulls themselves. A comparison that yields null for values that are there counts as broken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen

from etl.model.expectation import Expectation
from etl.sql import literal, quoted


@frozen
class RowRule:
    """``missing`` rows are ignored; of the others, those for which ``holds`` is not true are broken."""

    missing: str | None
    holds: str

    @property
    def broken(self) -> str:
        """SQL that is true for a broken row, never null."""
        wrong = f"NOT coalesce({self.holds}, false)"
        return f"NOT ({self.missing}) AND {wrong}" if self.missing else wrong


def _bounds(value: str, kwargs: Any) -> str:
    parts = []
    if kwargs.get("min_value") is not None:
        parts.append(f"{value} {'>' if kwargs.get('strict_min') else '>='} {literal(kwargs['min_value'])}")
    if kwargs.get("max_value") is not None:
        parts.append(f"{value} {'<' if kwargs.get('strict_max') else '<='} {literal(kwargs['max_value'])}")
    return " AND ".join(parts) or "true"


def _in_set(column: str, kwargs: Any) -> str:
    values = [value for value in kwargs["value_set"] if value is not None]
    return f"{column} IN ({', '.join(literal(value) for value in values)})" if values else "false"


def _pair(_: str, kwargs: Any) -> str:
    sign = ">=" if kwargs.get("or_equal") else ">"
    return f"{quoted(kwargs['column_A'])} {sign} {quoted(kwargs['column_B'])}"


# By type: SQL over the quoted column that is true for a row that keeps the expectation.
HOLDS: dict[str, Callable[[str, Any], str]] = {
    "expect_column_values_to_be_between": _bounds,
    "expect_column_values_to_be_in_set": _in_set,
    "expect_column_values_to_not_be_in_set": lambda column, kwargs: f"NOT ({_in_set(column, kwargs)})",
    "expect_column_values_to_match_regex": lambda c, kwargs: f"{c} RLIKE {literal(kwargs['regex'])}",
    "expect_column_values_to_not_match_regex": lambda c, kwargs: f"NOT ({c} RLIKE {literal(kwargs['regex'])})",
    "expect_column_value_lengths_to_be_between": lambda c, kwargs: _bounds(f"length({c})", kwargs),
    "expect_column_pair_values_a_to_be_greater_than_b": _pair,
}


def row_rule(expectation: Expectation) -> RowRule | None:
    """Return the rule of a row-level expectation, None for any other."""
    kwargs, kind = expectation.kwargs, expectation.type
    if kind == "expect_column_values_to_not_be_null":
        return RowRule(None, f"{quoted(kwargs['column'])} IS NOT NULL")
    if kind == "expect_column_values_to_be_null":
        return RowRule(None, f"{quoted(kwargs['column'])} IS NULL")
    if kind not in HOLDS:
        return None
    missing = " OR ".join(f"{quoted(column)} IS NULL" for column in expectation.columns)
    column = quoted(kwargs["column"]) if "column" in kwargs else ""
    return RowRule(missing, HOLDS[kind](column, kwargs))
