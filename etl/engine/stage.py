"""STAGE: the rows are written once; counts and expectation measures are observed in that write."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen
from pyspark.sql import functions as F

from etl.engine.boundary import failed_action, user_code
from etl.engine.extract import Extracted
from etl.engine.guards import Guard, guards
from etl.engine.meter import ROWS, Observed, measure, observe
from etl.errors import EtlError
from etl.model.interval import Interval
from etl.model.plan import PlannedStep
from etl.model.run import Run
from etl.quality.compile import Suite, compile_suite
from etl.quality.flag import KEPT
from etl.sql import quoted
from etl.storage.staging import Mark, Publish, Staged, Storage

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@frozen
class Prepared:
    """A step's rows on their way to the stage.

    Args:
        suite: what must hold.
        guards: what must not be.
        flagged: all rows, with the flag whether each one is kept where the step quarantines.
        observed: the measures, known once the stage is written.
        rows: the same rows, measured as they pass.
    """

    suite: Suite
    guards: tuple[Guard, ...]
    flagged: DataFrame
    observed: Observed
    rows: DataFrame


def prepare(
    planned: PlannedStep, frame: DataFrame, interval: Interval | None, counted: Collection[str] = ()
) -> Prepared:
    """Put the measures into the plan, directly under the write; runs no Spark job.

    Of the ``counted`` columns the staged files' own statistics will tell nulls and bounds: what these can prove is not
    measured.
    """
    target = planned.step.target
    suite = compile_suite(planned.step.suite, target.schema, planned.step.place, counted)
    flag = suite.flag
    watched = guards(planned, interval, flag.kept if flag else None)
    with user_code(planned):  # a row_condition is the author's SQL
        flagged = frame.selectExpr("*", f"{flag.sql} AS {quoted(KEPT)}") if flag else frame
        rows, observed = observe(flagged, [ROWS, *suite.measures, *(guard.measure for guard in watched)])
    return Prepared(suite, watched, flagged, observed, rows)


def stage(
    session: SparkSession,
    storage: Storage,
    planned: PlannedStep,
    prepared: Prepared,
    extracted: Extracted,
    run: Run,
    mark: Mark,
    version: int | None,
) -> Staged:
    """Write the rows where no reader sees them.

    Raises:
        ConflictError: another run published under the mark since this one looked.
        InputError: a source's file could not be read.
        TransformError: the plan failed on a row.
        AnalysisError: the target's own schema refuses the rows.
        EtlError: the condition of the machine, service or file that failed, such as UnwritableError.
    """
    target = planned.step.target
    publish = Publish(
        dataset=planned.writes,
        frame=prepared.rows,
        schema=target.schema,
        write=target.write,
        mark=mark,
        interval=run.interval,
        partition_by=target.partition_by,
        version=version,
        kept=KEPT if prepared.suite.flag else None,
    )
    try:
        return storage.stage(session, publish)
    except EtlError:
        raise
    except Exception as error:
        raise extracted.explained(error) or failed_action(planned, error, planned.writes.uri) from error


def measured_staged(prepared: Prepared, staged: Staged) -> Mapping[str, Any]:
    """Return all measures by a pass over what was staged: what will be published, and what is set aside.

    What a guard of partition columns looks for is not in the files any more: that is measured where the rows came from.
    """
    lost = tuple(guard.measure for guard in prepared.guards if guard.partition)
    rows = staged.read()
    if prepared.suite.flag:
        rows = rows.withColumn(KEPT, F.lit(True))
        if staged.aside is not None:
            rows = rows.unionByName(staged.aside().withColumn(KEPT, F.lit(False)), allowMissingColumns=True)
    values = measure(rows, [each for each in prepared.observed.measures if each not in lost])
    return {**values, **(measure(prepared.flagged, lost) if lost else {})}
