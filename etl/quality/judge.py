"""From measures to Great Expectations results, without Spark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from etl.errors import DefectError
from etl.model.jsonable import json_value
from etl.model.result import ExpectationResult
from etl.quality.compile import COUNTS, Check, Suite


class MeasureMissingError(DefectError):
    """A measure was needed and not taken: never a fault of the data."""


@frozen
class Measures:
    """What was measured: aggregates by their SQL, duplicated rows by their key's SQL."""

    values: Mapping[str, Any] = field(hash=False)
    duplicates: Mapping[str, int] = field(factory=dict, hash=False)

    def value(self, sql: str) -> Any:
        """Return a measure.

        Raises:
            MeasureMissingError: it was not taken.
        """
        if sql not in self.values:
            raise MeasureMissingError(f"measure {sql!r} was not taken")
        return self.values[sql]


def judge(suite: Suite, measures: Measures) -> tuple[ExpectationResult, ...]:
    """Judge every expectation, in the suite's order."""
    return tuple(_judge(check, measures) for check in suite.checks)


def _judge(check: Check, measures: Measures) -> ExpectationResult:
    taken = {role: measures.value(sql) for role, sql in check.measures.items()}
    if check.key is not None:
        if check.key not in measures.duplicates:
            raise MeasureMissingError(f"uniqueness of {check.key!r} was not measured")
        taken["unexpected"] = measures.duplicates[check.key]
    if "unexpected" in taken:
        return _of_rows(check, taken)
    return _of_value(check, taken["observed"])


def _of_rows(check: Check, taken: Mapping[str, int]) -> ExpectationResult:
    """Column-map expectations: the share of non-missing rows that hold must reach ``mostly``; no rows, no failure."""
    elements, missing, unexpected = taken["elements"], taken.get("missing", 0), taken["unexpected"]
    present = elements - missing
    success = present == 0 or (present - unexpected) / present >= check.expectation.kwargs.get("mostly", 1.0)
    result: dict[str, Any] = {
        "element_count": elements, "unexpected_count": unexpected,
        "unexpected_percent": 100.0 * unexpected / present if present else None, "partial_unexpected_list": [],
    }  # fmt: skip
    if "missing" in taken:
        result |= {
            "missing_count": missing, "missing_percent": 100.0 * missing / elements if elements else None,
            "unexpected_percent_total": 100.0 * unexpected / elements if elements else None,
            "unexpected_percent_nonmissing": result["unexpected_percent"],
        }  # fmt: skip
    return ExpectationResult(check.expectation, success, result)


def _of_value(check: Check, observed: Any) -> ExpectationResult:
    """Aggregate expectations: no value (no rows) is a failure, as in Great Expectations."""
    kwargs = check.expectation.kwargs
    if check.expectation.type in COUNTS and "value" in kwargs:
        success = observed == kwargs["value"]
    else:
        success = observed is not None and _within(observed, kwargs)
    return ExpectationResult(check.expectation, success, {"observed_value": json_value(observed)})


def _within(observed: Any, kwargs: Mapping[str, Any]) -> bool:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    above = low is None or (observed > low if kwargs.get("strict_min") else observed >= low)
    below = high is None or (observed < high if kwargs.get("strict_max") else observed <= high)
    return bool(above and below)
