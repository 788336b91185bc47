"""AUDIT: measures to results; the gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen
from pyspark.sql import functions as F

from etl.engine.meter import ROWS
from etl.engine.stage import Prepared
from etl.model.jsonable import json_value
from etl.model.result import ExpectationResult
from etl.quality.compile import Suite
from etl.quality.judge import Measures, judge
from etl.quality.rows import row_rule
from etl.spark.jvm import settings
from etl.sql import quoted
from etl.storage.staging import Staged

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SAMPLE = 5  # unexpected values shown for an expectation that blocks
SAMPLED = 3  # blocking expectations that are sampled: each costs a Spark job
ONE_TASK = 100_000  # rows whose keys one task compares in a fraction of a second, in a few megabytes


@frozen
class Verdict:
    """What the audit found.

    Args:
        results: in the suite's order.
        output: rows the transformation returned.
        published: rows staged for the target.
    """

    results: tuple[ExpectationResult, ...]
    output: int
    published: int

    @property
    def publishable(self) -> bool:
        """False if a failed expectation keeps the rows back."""
        return not any(result.blocks for result in self.results)


def audit(session: SparkSession, prepared: Prepared, staged: Staged, values: Mapping[str, Any]) -> Verdict:
    """Judge a staged write and say whether it may be published.

    Runs no Spark job unless the suite asks for uniqueness (one, over the key columns of the staged rows), or an
    expectation fails that blocks the publish (one for each of the first three, to show what it met).

    Args:
        session: the step's own session.
        prepared: the rows as they went to the stage.
        staged: files written and visible to no reader.
        values: what the staging write observed, by SQL.
    """
    suite = prepared.suite
    published = int(values[suite.published])
    few = published <= ONE_TASK
    measures = Measures(values, duplicates(session, staged.read(), suite, few=few) if suite.keys else {})
    results = judge(suite, measures)
    if any(result.blocks for result in results):
        results = sampled(prepared.flagged if published == 0 else staged.read(), results)
    return Verdict(results, int(values[ROWS]), published)


def duplicates(session: SparkSession, staged: DataFrame, suite: Suite, *, few: bool = False) -> dict[str, int]:
    """Count, for each key of the suite, the rows whose key stands in another row too.

    One Spark job for all keys together; another for each key that is found not to be unique. ``few`` rows are compared
    in one task, sooner than a shuffle could start.
    """
    # Adaptive execution would run each shuffle as a job of its own.
    wanted = {"spark.sql.adaptive.enabled": "false"} | ({"spark.sql.shuffle.partitions": "1"} if few else {})
    rows = staged.coalesce(1) if few else staged
    aggregates = []
    for n, key in enumerate(suite.keys):
        aggregates += [F.expr(f"count({key})").alias(f"n{n}"), F.expr(f"count(DISTINCT {key})").alias(f"d{n}")]
    with settings(session, wanted):
        row = rows.agg(*aggregates).first()
        found = {}
        for n, key in enumerate(suite.keys):
            unique = row is None or row[f"n{n}"] == row[f"d{n}"]
            found[key] = 0 if unique else _in_groups(rows, key)
    return found


def _in_groups(staged: DataFrame, key: str) -> int:
    groups = staged.select(F.expr(key).alias("k")).where("k IS NOT NULL").groupBy("k").count().where("count > 1")
    row = groups.agg(F.sum("count").alias("n")).first()
    return int(row["n"] or 0) if row else 0


def sampled(staged: DataFrame, results: tuple[ExpectationResult, ...]) -> tuple[ExpectationResult, ...]:
    """Add up to five unexpected values to the first three blocking row-level results."""
    return tuple(_samples(staged, results))


def _samples(staged: DataFrame, results: tuple[ExpectationResult, ...]) -> Iterator[ExpectationResult]:
    left = SAMPLED
    for result in results:
        rule = row_rule(result.expectation)
        if not result.blocks or rule is None or not left:
            yield result
            continue
        left -= 1
        condition = result.expectation.kwargs.get("row_condition")
        broken = staged.where(rule.broken)
        broken = broken.where(condition) if condition else broken
        found = broken.select([quoted(name) for name in result.expectation.columns]).limit(SAMPLE).collect()
        values = [json_value(row[0] if len(row) == 1 else tuple(row)) for row in found]
        yield evolve(result, result={**result.result, "partial_unexpected_list": values})
