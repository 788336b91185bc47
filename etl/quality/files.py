"""What the staged files' own statistics tell; exact counts only for what they do not prove."""

from __future__ import annotations

from typing import Any

from etl.kinds.kind import FILES, Measure
from etl.quality.compile import Suite
from etl.quality.written import Written
from etl.spark.jvm import conf_set


def counts(written: Written, suite: Suite) -> dict[Measure, Any]:
    """Return the measures that were left to the statistics, and those that only a failure asks for.

    Runs one Spark job over the columns of those that nothing tells, none where all are told.
    """
    values: dict[Measure, Any] = {}
    left: list[Measure] = []
    for check in suite.checks:
        told = (check.proof.read(written.statistics) if check.proof and written.statistics else None) or {}
        for role, measure in check.measures.items():
            value = told[role] if role in told else _known(written, suite, measure.sql)
            if measure.by == FILES and value is None:
                left.append(measure)
            elif measure.by == FILES:
                values[measure] = value
    wanted = [measure for measure in dict.fromkeys(left) if measure not in values]
    if wanted:
        # Adaptive execution would run the aggregate's two stages as two jobs.
        with conf_set(written.session, {"spark.sql.adaptive.enabled": "false"}):
            row = written.read().selectExpr(*(f"{measure.sql} AS m{n}" for n, measure in enumerate(wanted)))
            values |= dict(zip(wanted, row.collect()[0], strict=True))
    return values


def _known(written: Written, suite: Suite, sql: str) -> int | None:
    """Return a count that follows from others, None where it must be taken."""
    spared, observed = suite.spared, written.observed
    if sql in spared.at_once and observed.get(spared.broken or "") == 0:
        return 0
    if sql == spared.aside:
        return int(observed[suite.output]) - int(observed[suite.published])
    column = spared.nulls.get(sql)
    return written.statistics.null_rows(column) if column and written.statistics else None
