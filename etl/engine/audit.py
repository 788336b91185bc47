"""AUDIT: measures to results; the gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

from etl.engine.meter import ROWS
from etl.engine.stage import Prepared
from etl.model.result import ExpectationResult
from etl.quality.judge import judge
from etl.quality.passes import take
from etl.quality.samples import sampled
from etl.quality.written import Written
from etl.storage.staging import Staged

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


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

    Runs no Spark job unless the suite asks for uniqueness (one, over the key columns of the staged rows), the files'
    statistics do not prove what was left to them (one), or an expectation fails that blocks the publish (one for each
    of the first three, to show what it met).

    Args:
        session: the step's own session.
        prepared: the rows as they went to the stage.
        staged: files written and visible to no reader.
        values: what the staging write observed, by SQL.
    """
    suite = prepared.suite
    published = int(values[suite.published])
    written = Written(session, staged.read, published, staged.statistics)
    results = judge(suite, take(written, suite, values))
    if any(result.blocks for result in results):
        results = sampled(prepared.flagged if published == 0 else staged.read(), suite, results)
    return Verdict(results, int(values[ROWS]), published)
