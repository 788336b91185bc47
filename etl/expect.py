"""Expectations for job authors: Great Expectations' names and arguments, without the ``expect_`` prefix.

Every builder takes ``on_failure`` ("fail" gates the publish, "warn" reports, "quarantine" sends broken rows aside),
``row_condition`` (Spark SQL; only those rows are looked at) and ``description``. Row-level builders take ``mostly``:
the share of non-null rows, 0 to 1, that must hold. Null rows are ignored unless nulls are what is expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from etl.model.expectation import Expectation, OnFailure

Action = Literal["fail", "warn", "quarantine"]


def _expectation(kind: str, common: Common, **kwargs: Any) -> Expectation:  # noqa: ANN401 GX kwargs
    on_failure, row_condition, description = common
    given = {key: value for key, value in kwargs.items() if value is not None and (key, value) != ("mostly", 1.0)}
    if row_condition:
        given |= {"row_condition": row_condition, "condition_parser": "spark"}
    return Expectation(f"expect_{kind}", given, OnFailure(on_failure), description)


Common = tuple[Action, str | None, str]


def column_values_to_not_be_null(
    column: str, *, mostly: float = 1.0,
    on_failure: Action = "fail",
    row_condition: str | None = None,
    description: str = "",
) -> Expectation:
    """Expect no null in the column."""
    return _expectation("column_values_to_not_be_null", (on_failure, row_condition, description), column=column, mostly=mostly)


def column_values_to_be_null(
    column: str, *, mostly: float = 1.0,
    on_failure: Action = "fail",
    row_condition: str | None = None,
    description: str = "",
) -> Expectation:
    """Expect nothing but null in the column."""
    return _expectation("column_values_to_be_null", (on_failure, row_condition, description), column=column, mostly=mostly)


def column_values_to_be_between(
    column: str, min_value: Any = None, max_value: Any = None, *, mostly: float = 1.0,
    strict_min: bool = False, strict_max: bool = False,
    on_failure: Action = "fail",
    row_condition: str | None = None,
    description: str = "",
) -> Expectation:
    """Expect values from ``min_value`` to ``max_value``, both included unless strict; None leaves a side open."""
    return _expectation("column_values_to_be_between", (on_failure, row_condition, description), column=column, mostly=mostly,
        min_value=min_value, max_value=max_value, strict_min=strict_min or None, strict_max=strict_max or None)


def column_values_to_be_in_set(
    column: str, value_set: Sequence[Any], *, mostly: float = 1.0,
    on_failure: Action = "fail",
    row_condition: str | None = None,
    description: str = "",
) -> Expectation:
    """Expect only these values."""
    return _expectation("column_values_to_be_in_set", (on_failure, row_condition, description), column=column,
        value_set=tuple(value_set), mostly=mostly)


def column_values_to_not_be_in_set(
    column: str, value_set: Sequence[Any], *, mostly: float = 1.0,
    on_failure: Action = "fail",
    row_condition: str | None = None,
    description: str = "",
) -> Expectation:
    """Expect none of these values."""
    return _expectation("column_values_to_not_be_in_set", (on_failure, row_condition, description), column=column,
        value_set=tuple(value_set), mostly=mostly)


def column_values_to_match_regex(
    column: str, regex: str, *, mostly: float = 1.0,
    on_failure: Action = "fail",
    row_condition: str | None = None,
    description: str = "",
) -> Expectation:
    """Expect values in which the Java regular expression is found (anywhere, unless anchored)."""
    return _expectation("column_values_to_match_regex", (on_failure, row_condition, description), column=column,
        regex=regex, mostly=mostly)


def column_values_to_not_match_regex(
    column: str, regex: str, *, mostly: float = 1.0,
    on_failure: Action = "fail",
    row_condition: str | None = None,
    description: str = "",
) -> Expectation:
    """Expect values in which the Java regular expression is not found."""
    return _expectation("column_values_to_not_match_regex", (on_failure, row_condition, description), column=column,
        regex=regex, mostly=mostly)


def column_value_lengths_to_be_between(
    column: str, min_value: int | None = None, max_value: int | None = None, *, mostly: float = 1.0,
    on_failure: Action = "fail",
    row_condition: str | None = None,
    description: str = "",
) -> Expectation:
    """Expect strings of ``min_value`` to ``max_value`` characters, both included."""
    return _expectation("column_value_lengths_to_be_between", (on_failure, row_condition, description), column=column,
        min_value=min_value, max_value=max_value, mostly=mostly)


def column_pair_values_a_to_be_greater_than_b(
    column_A: str, column_B: str, *, or_equal: bool = False, mostly: float = 1.0,  # noqa: N803 GX's names
    on_failure: Action = "fail",
    row_condition: str | None = None,
    description: str = "",
) -> Expectation:
    """Expect A > B in every row where both are there."""
    return _expectation("column_pair_values_a_to_be_greater_than_b", (on_failure, row_condition, description), column_A=column_A,
        column_B=column_B, or_equal=or_equal or None, mostly=mostly)


def column_values_to_be_unique(
    column: str, *, mostly: float = 1.0,
    on_failure: Action = "fail",
    row_condition: str | None = None,
    description: str = "",
) -> Expectation:
    """Expect no value twice in the rows this run publishes. Costs one pass over the key columns."""
    return _expectation("column_values_to_be_unique", (on_failure, row_condition, description), column=column, mostly=mostly)


def compound_columns_to_be_unique(
    column_list: Sequence[str], *, mostly: float = 1.0,
    on_failure: Action = "fail",
    row_condition: str | None = None,
    description: str = "",
) -> Expectation:
    """Expect no combination twice in the rows this run publishes. Costs one pass, shared by all uniqueness."""
    return _expectation("compound_columns_to_be_unique", (on_failure, row_condition, description), column_list=tuple(column_list), mostly=mostly)


def table_row_count_to_be_between(
    min_value: int | None = None, max_value: int | None = None, *,
    on_failure: Action = "fail",
    row_condition: str | None = None,
    description: str = "",
) -> Expectation:
    """Expect this many rows published by this run, both bounds included."""
    return _expectation("table_row_count_to_be_between", (on_failure, row_condition, description), min_value=min_value,
        max_value=max_value)


def table_row_count_to_equal(
    value: int, *,
    on_failure: Action = "fail",
    row_condition: str | None = None,
    description: str = "",
) -> Expectation:
    """Expect exactly this many rows published by this run."""
    return _expectation("table_row_count_to_equal", (on_failure, row_condition, description), value=value)


def column_mean_to_be_between(
    column: str, min_value: Any = None, max_value: Any = None, *,
    strict_min: bool = False, strict_max: bool = False,
    on_failure: Action = "fail",
    row_condition: str | None = None,
    description: str = "",
) -> Expectation:
    """Expect the column's mean (nulls ignored) in this range; no rows, no value, and the expectation fails."""
    return _expectation("column_mean_to_be_between", (on_failure, row_condition, description), column=column,
        min_value=min_value, max_value=max_value, strict_min=strict_min or None, strict_max=strict_max or None)


def column_sum_to_be_between(
    column: str, min_value: Any = None, max_value: Any = None, *,
    strict_min: bool = False, strict_max: bool = False,
    on_failure: Action = "fail",
    row_condition: str | None = None,
    description: str = "",
) -> Expectation:
    """Expect the column's sum (nulls ignored) in this range; no rows, no value, and the expectation fails."""
    return _expectation("column_sum_to_be_between", (on_failure, row_condition, description), column=column,
        min_value=min_value, max_value=max_value, strict_min=strict_min or None, strict_max=strict_max or None)


def column_min_to_be_between(
    column: str, min_value: Any = None, max_value: Any = None, *,
    strict_min: bool = False, strict_max: bool = False,
    on_failure: Action = "fail",
    row_condition: str | None = None,
    description: str = "",
) -> Expectation:
    """Expect the column's least value in this range; no rows, no value, and the expectation fails."""
    return _expectation("column_min_to_be_between", (on_failure, row_condition, description), column=column,
        min_value=min_value, max_value=max_value, strict_min=strict_min or None, strict_max=strict_max or None)


def column_max_to_be_between(
    column: str, min_value: Any = None, max_value: Any = None, *,
    strict_min: bool = False, strict_max: bool = False,
    on_failure: Action = "fail",
    row_condition: str | None = None,
    description: str = "",
) -> Expectation:
    """Expect the column's greatest value in this range; no rows, no value, and the expectation fails."""
    return _expectation("column_max_to_be_between", (on_failure, row_condition, description), column=column,
        min_value=min_value, max_value=max_value, strict_min=strict_min or None, strict_max=strict_max or None)
