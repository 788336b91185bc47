"""STAGE: the rows are written once; counts and expectation measures are observed in that write."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from etl.engine.boundary import failed_action, user_code
from etl.engine.meter import ROWS, Reading, observe
from etl.errors import EtlError, PlatformError, TransformError
from etl.model.interval import Interval
from etl.model.plan import PlannedStep
from etl.model.run import Run
from etl.model.write import Append, Merge, ReplacePartitions, Write
from etl.quality.compile import Suite, compile_suite
from etl.quality.flag import BROKEN
from etl.spark.errors import class_names, summary
from etl.storage.staging import Order, Staged, Storage, Transaction, interval_predicate

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# How Delta says that a row does not lie where the publish replaces; the target has no other CHECK constraint.
OUTSIDE = ("DELTA_REPLACE_WHERE_MISMATCH", "DELTA_VIOLATE_CONSTRAINT_WITH_VALUES")

# How Delta, Hadoop and the operating system say that the place, not the rows, is at fault.
UNWRITABLE = ("DELTA_CANNOT_CREATE_LOG_PATH", "Permission denied", "No space left on device", "ParentNotDirectory")


@frozen
class Prepared:
    """A step's rows on their way to the stage.

    Args:
        suite: what must hold.
        flagged: all rows, with the flag of what each one breaks where the step quarantines.
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
    suite = compile_suite(planned.step.suite, target.schema, planned.step.place)
    flag = suite.flag
    with user_code(planned):  # a row_condition is the author's SQL
        flagged = frame.selectExpr("*", f"{flag.sql} AS `{BROKEN}`") if flag else frame
        observed, reading = observe(flagged, [ROWS, *suite.measures])
    rows = observed.where(flag.kept).drop(BROKEN) if flag else observed
    return Prepared(suite, flagged, reading, rows)


def stage(
    session: SparkSession, storage: Storage, planned: PlannedStep, frame: DataFrame, run: Run, transaction: Transaction
) -> Staged:
    """Write the rows where no reader sees them.

    Raises:
        TransformError: a row lies outside the interval, or the plan failed on a row.
        PlatformError: the target's directory cannot be written.
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
        if any(words in text + " ".join(class_names(error)) for words in UNWRITABLE):
            raise PlatformError(
                f"job {planned.job}, step {planned.step.name}: cannot write {order.dataset.uri}: {text}",
                place=order.dataset.place, remedy="check its owner, mode and free space; the target is unchanged",
            ) from error  # fmt: skip
        raise failed_action(planned, error) from error


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
