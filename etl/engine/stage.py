"""STAGE: the rows are written once; counts and expectation measures are observed in that write."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from etl.engine.boundary import failed_action, user_code
from etl.engine.meter import ROWS, Reading, observe
from etl.errors import EtlError, TransformError
from etl.model.interval import Interval
from etl.model.plan import PlannedStep
from etl.model.run import Run
from etl.model.write import Append, Merge, ReplacePartitions, Write
from etl.quality.compile import BROKEN, Suite, compile_suite
from etl.spark.errors import summary
from etl.storage.staging import Order, Staged, Storage, Transaction, interval_predicate

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# How Delta says that a row does not lie where the publish replaces; the target has no other CHECK constraint.
OUTSIDE = ("DELTA_REPLACE_WHERE_MISMATCH", "DELTA_VIOLATE_CONSTRAINT_WITH_VALUES")


@frozen
class Prepared:
    """A step's rows on their way to the stage.

    Args:
        suite: what must hold.
        flagged: all rows, with the names each one breaks where the step quarantines.
        reading: the measures, known once the stage is written.
        rows: the rows to publish.
    """

    suite: Suite
    flagged: DataFrame
    reading: Reading
    rows: DataFrame


def prepare(planned: PlannedStep, frame: DataFrame) -> Prepared:
    """Put the measures into the plan, directly under the write; runs no Spark job."""
    target = planned.step.target
    required = [column.name for column in target.schema if not column.nullable]
    suite = compile_suite(planned.step.suite, required, planned.step.place)
    with user_code(planned):  # a row_condition is the author's SQL
        flagged = frame.selectExpr("*", f"{suite.broken} AS `{BROKEN}`") if suite.broken else frame
        observed, reading = observe(flagged, [ROWS, *suite.measures])
    rows = observed.where(f"size(`{BROKEN}`) = 0").drop(BROKEN) if suite.broken else observed
    return Prepared(suite, flagged, reading, rows)


def stage(
    session: SparkSession, storage: Storage, planned: PlannedStep, frame: DataFrame, run: Run, transaction: Transaction
) -> Staged:
    """Write the rows where no reader sees them.

    Raises:
        TransformError: a row lies outside the interval, or the plan failed on a row.
        AnalysisError: the target's own schema refuses the rows.
        EtlError: the condition of the machine, service or file that failed, such as UnwritableError.
    """
    order = _order(planned, frame, run, transaction)
    try:
        return storage.stage(session, order)
    except EtlError:
        raise
    except Exception as error:
        text = summary(error)
        if order.replace_where and any(words in text for words in OUTSIDE):
            raise TransformError(
                f"job {planned.job}, step {planned.step.name}: rows outside the interval {run.interval} "
                f"({order.replace_where}): {text}", place=planned.step.place,
                remedy="filter them in the transformation, or quarantine them; the target is unchanged",
            ) from error  # fmt: skip
        raise failed_action(planned, error, order.dataset.uri) from error


def _order(planned: PlannedStep, frame: DataFrame, run: Run, transaction: Transaction) -> Order:
    target = planned.step.target
    note = {"run_id": run.run_id, "step": planned.step.name, "interval": run.interval.key if run.interval else None}
    order = Order(
        dataset=planned.writes, frame=frame, mode="overwrite", transaction=transaction, run_id=run.run_id,
        partition_by=target.partition_by, note=json.dumps({"headrace": note}),
    )  # fmt: skip
    return _shaped(order, target.write, planned, run.interval)


def _shaped(order: Order, write: Write, planned: PlannedStep, interval: Interval | None) -> Order:
    match write:
        case ReplacePartitions(column):
            kind = planned.step.target.schema.column(column).type
            where = interval_predicate(column, kind, interval) if interval else None
            return evolve(order, partition_by=(column,), replace_where=where)
        case Append():
            return evolve(order, mode="append")
        case Merge():
            return evolve(order, mode="merge", merge=write)
        case _:
            return order
