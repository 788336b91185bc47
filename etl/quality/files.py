"""What the staged files' own statistics tell; exact counts only for what they do not prove."""

from __future__ import annotations

from typing import Any

from pyspark.sql import functions as F

from etl.kinds.kind import Measure
from etl.quality.compile import Suite
from etl.quality.written import Written
from etl.spark.jvm import conf_set


def counts(written: Written, suite: Suite) -> dict[Measure, Any]:
    """Return the measures of every expectation that was left to the statistics.

    Runs one Spark job over the columns of those that the statistics do not prove, none where they prove all.
    """
    values: dict[Measure, Any] = {}
    left: list[Measure] = []
    for check in suite.checks:
        if check.proof is None:
            continue
        told = check.proof.read(written.statistics) if written.statistics else None
        if told is None:
            left += check.measures.values()
        else:
            values |= {measure: told[role] for role, measure in check.measures.items()}
    wanted = [measure for measure in dict.fromkeys(left) if measure not in values]
    if wanted:
        measures = [F.expr(measure.sql).alias(f"m{n}") for n, measure in enumerate(wanted)]
        # Adaptive execution would run the aggregate's two stages as two jobs.
        with conf_set(written.session, {"spark.sql.adaptive.enabled": "false"}):
            values |= dict(zip(wanted, written.read().agg(*measures).collect()[0], strict=True))
    return values
