"""From measures to Great Expectations results, without Spark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from etl.errors import DefectError
from etl.kinds.kind import Measure
from etl.model.jsonable import json_value
from etl.model.result import ExpectationResult
from etl.quality.check import Check
from etl.quality.compile import Suite


class MeasureMissingError(DefectError):
    """A measure was needed and not taken: never a fault of the data."""


@frozen
class Measures:
    """What was measured, in whatever pass."""

    values: Mapping[Measure, Any] = field(hash=False)

    def value(self, measure: Measure) -> Any:
        """Return a measured value.

        Raises:
            MeasureMissingError: it was not taken.
        """
        if measure not in self.values:
            raise MeasureMissingError(f"measure {measure.sql!r} of the {measure.by.name} was not taken")
        return self.values[measure]


def judge(suite: Suite, measures: Measures) -> tuple[ExpectationResult, ...]:
    """Judge every expectation, in the suite's order."""
    return tuple(_judge(check, measures) for check in suite.checks)


def _judge(check: Check, measures: Measures) -> ExpectationResult:
    taken = {role: measures.value(measure) for role, measure in check.measures.items()}
    success, result = check.kind.judge(check.expectation.kwargs, taken)
    return ExpectationResult(check.expectation, success, json_value(result))
