"""Expectations for job authors: Great Expectations' names and arguments, without the ``expect_`` prefix.

Every builder takes ``on_failure`` ("fail" gates the publish, "warn" reports, "quarantine" sends broken rows aside),
``row_condition`` (Spark SQL; only those rows are looked at) and ``description``. Row-level builders take ``mostly``:
the share of non-null rows, 0 to 1, that must hold. Null rows are ignored unless nulls are what is expected.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from inspect import isfunction
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypedDict, Unpack

from etl.errors import did_you_mean
from etl.model.build import expectation as _expectation
from etl.model.build import several as _several
from etl.model.expectation import Expectation

Action = Literal["fail", "warn", "quarantine"]
Names = str | Sequence[str]
Missing = Literal["all_values_are_missing", "any_value_is_missing", "never"]


class Common(TypedDict, total=False):
    """What every builder takes besides its own arguments."""

    on_failure: Action
    row_condition: str
    description: str


class Bounds(Common, total=False):
    """Common, and bounds that are included unless strict."""

    strict_min: bool
    strict_max: bool


def column_values_to_not_be_null(column: str, *, mostly: float = 1.0, **common: Unpack[Common]) -> Expectation:
    """Expect no null in the column."""
    return _expectation("column_values_to_not_be_null", common, column=column, mostly=mostly)


def column_values_to_be_null(column: str, *, mostly: float = 1.0, **common: Unpack[Common]) -> Expectation:
    """Expect nothing but null in the column."""
    return _expectation("column_values_to_be_null", common, column=column, mostly=mostly)


def column_values_to_be_between(
    column: str, min_value: Any = None, max_value: Any = None, *, mostly: float = 1.0, **bounds: Unpack[Bounds]
) -> Expectation:
    """Expect values from ``min_value`` to ``max_value``; None leaves a side open."""
    return _expectation(
        "column_values_to_be_between", bounds, column=column, min_value=min_value, max_value=max_value, mostly=mostly
    )


def column_values_to_be_in_set(
    column: str, value_set: Collection[Any], *, mostly: float = 1.0, **common: Unpack[Common]
) -> Expectation:
    """Expect only these values."""
    return _expectation(
        "column_values_to_be_in_set", common, column=column, value_set=_several(value_set), mostly=mostly
    )


def column_values_to_not_be_in_set(
    column: str, value_set: Collection[Any], *, mostly: float = 1.0, **common: Unpack[Common]
) -> Expectation:
    """Expect none of these values."""
    values = _several(value_set)
    return _expectation("column_values_to_not_be_in_set", common, column=column, value_set=values, mostly=mostly)


def column_values_to_match_regex(
    column: str, regex: str, *, mostly: float = 1.0, **common: Unpack[Common]
) -> Expectation:
    """Expect values in which the Java regular expression is found (anywhere, unless anchored)."""
    return _expectation("column_values_to_match_regex", common, column=column, regex=regex, mostly=mostly)


def column_values_to_not_match_regex(
    column: str, regex: str, *, mostly: float = 1.0, **common: Unpack[Common]
) -> Expectation:
    """Expect values in which the Java regular expression is not found."""
    return _expectation("column_values_to_not_match_regex", common, column=column, regex=regex, mostly=mostly)


def column_value_lengths_to_be_between(
    column: str,
    min_value: int | None = None,
    max_value: int | None = None,
    *,
    mostly: float = 1.0,
    **bounds: Unpack[Bounds],
) -> Expectation:
    """Expect strings of ``min_value`` to ``max_value`` characters."""
    kind = "column_value_lengths_to_be_between"
    return _expectation(kind, bounds, column=column, min_value=min_value, max_value=max_value, mostly=mostly)


def column_pair_values_a_to_be_greater_than_b(
    column_A: str,  # noqa: N803 GX's names
    column_B: str,  # noqa: N803
    *,
    or_equal: bool = False,
    mostly: float = 1.0,
    **common: Unpack[Common],
) -> Expectation:
    """Expect A > B in every row where both are there."""
    kind = "column_pair_values_a_to_be_greater_than_b"
    return _expectation(kind, common, column_A=column_A, column_B=column_B, or_equal=or_equal, mostly=mostly)


def column_values_to_be_unique(column: str, *, mostly: float = 1.0, **common: Unpack[Common]) -> Expectation:
    """Expect no value twice in the rows this run publishes. Costs one pass, shared by all uniqueness."""
    return _expectation("column_values_to_be_unique", common, column=column, mostly=mostly)


def compound_columns_to_be_unique(
    column_list: Names, *, mostly: float = 1.0, ignore_row_if: Missing | None = None, **common: Unpack[Common]
) -> Expectation:
    """Expect no combination twice in the rows this run publishes. Costs one pass, shared by all uniqueness.

    Rows whose columns are all null are ignored unless ``ignore_row_if`` says otherwise; null equals null.
    """
    columns = (column_list,) if isinstance(column_list, str) else _several(column_list)
    return _expectation(
        "compound_columns_to_be_unique", common, column_list=columns, mostly=mostly, ignore_row_if=ignore_row_if
    )


def table_row_count_to_be_between(
    min_value: int | None = None, max_value: int | None = None, **common: Unpack[Common]
) -> Expectation:
    """Expect this many rows published by this run, both bounds included."""
    return _expectation("table_row_count_to_be_between", common, min_value=min_value, max_value=max_value)


def table_row_count_to_equal(value: int, **common: Unpack[Common]) -> Expectation:
    """Expect exactly this many rows published by this run."""
    return _expectation("table_row_count_to_equal", common, value=value)


def column_mean_to_be_between(
    column: str, min_value: Any = None, max_value: Any = None, **bounds: Unpack[Bounds]
) -> Expectation:
    """Expect the column's mean (nulls ignored) in this range; no rows, no value, and the expectation fails."""
    return _expectation("column_mean_to_be_between", bounds, column=column, min_value=min_value, max_value=max_value)


def column_sum_to_be_between(
    column: str, min_value: Any = None, max_value: Any = None, **bounds: Unpack[Bounds]
) -> Expectation:
    """Expect the column's sum (nulls ignored) in this range; no rows, no value, and the expectation fails."""
    return _expectation("column_sum_to_be_between", bounds, column=column, min_value=min_value, max_value=max_value)


def column_min_to_be_between(
    column: str, min_value: Any = None, max_value: Any = None, **bounds: Unpack[Bounds]
) -> Expectation:
    """Expect the column's least value in this range; no rows, no value, and the expectation fails."""
    return _expectation("column_min_to_be_between", bounds, column=column, min_value=min_value, max_value=max_value)


def column_max_to_be_between(
    column: str, min_value: Any = None, max_value: Any = None, **bounds: Unpack[Bounds]
) -> Expectation:
    """Expect the column's greatest value in this range; no rows, no value, and the expectation fails."""
    return _expectation("column_max_to_be_between", bounds, column=column, min_value=min_value, max_value=max_value)


if not TYPE_CHECKING:  # type checkers refuse such a name by themselves

    def __getattr__(name: str) -> NoReturn:
        """Refuse a name that is no expectation, with the one that was probably meant."""
        if name.startswith("_"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        own = (value for value in globals().values() if getattr(value, "__module__", "") == __name__)
        known = [value.__name__ for value in own if isfunction(value) and value.__name__[0] != "_"]
        meant = name.removeprefix("expect_")
        said = f"did you mean {meant!r}?" if meant in known else did_you_mean(meant, known, limit=len(known))
        raise AttributeError(f"no expectation {name!r}; {said}")
