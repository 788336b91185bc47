"""A few of the values that broke an expectation, to show with the failure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attrs import evolve

from etl.kinds.types import shown
from etl.model.jsonable import json_value
from etl.model.result import ExpectationResult
from etl.quality.check import Check
from etl.quality.compile import Suite
from etl.sql import quoted

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SAMPLE = 5  # unexpected values shown for an expectation that blocks
SAMPLED = 3  # blocking expectations that are sampled: each costs a Spark job


def sampled(rows: DataFrame, suite: Suite, results: tuple[ExpectationResult, ...]) -> tuple[ExpectationResult, ...]:
    """Add up to five unexpected values to the first three blocking row-level results."""
    return tuple(_samples(rows, suite, results))


def _samples(rows: DataFrame, suite: Suite, results: tuple[ExpectationResult, ...]) -> Iterator[ExpectationResult]:
    left = SAMPLED
    for check, result in zip(suite.checks, results, strict=True):
        if not result.blocks or check.rule is None or not left:
            yield result
            continue
        left -= 1
        yield evolve(result, result={**result.result, "partial_unexpected_list": _values(rows, check)})


def _values(rows: DataFrame, check: Check) -> list[object]:
    condition = check.expectation.kwargs.get("row_condition")
    broken = rows.where(check.rule.broken) if check.rule else rows
    broken = broken.where(condition) if condition else broken
    values = [shown(quoted(name), kind) for name, kind in check.types.items()]
    found = broken.selectExpr(*values).limit(SAMPLE).collect()
    return [json_value(row[0] if len(row) == 1 else tuple(row)) for row in found]
