"""Validate: every step analysed by Spark on empty frames of the declared schemas; reads no data."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import functions as F

from etl.engine.declared import check_declared
from etl.engine.room import Room
from etl.engine.stage import prepare
from etl.engine.transform import transform
from etl.errors import AnalysisError, EtlError
from etl.model.plan import Plan, PlannedStep
from etl.model.run import Run
from etl.spark.errors import summary
from etl.spark.jvm import no_rows
from etl.spark.session import stepping
from etl.storage.formats import source_for, storage_for
from etl.storage.reading import Scope, interval_predicate

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from etl.model.dataset import Dataset


def validate(plan: Plan, session: SparkSession) -> tuple[EtlError, ...]:
    """Return what is wrong with each step of the plan, at most one error a step; empty where all is well."""
    problems = []
    for planned in plan.steps:
        try:
            with stepping(session) as own:
                _validate(planned, plan, own)
        except EtlError as error:
            problems.append(error)
    return tuple(problems)


def changes(plan: Plan, session: SparkSession) -> tuple[str, ...]:
    """Return in words what the plan's steps will make of the columns of the targets that are there.

    Reads the targets' logs. What stands against a publish is no word but an error, which ``validate`` returns.
    """
    said: list[str] = []
    for planned in plan.steps:
        with suppress(EtlError):
            said += [f"{planned.writes.name}: {word}" for word in _changes(planned, session)]
    return tuple(said)


def _changes(planned: PlannedStep, session: SparkSession) -> tuple[str, ...]:
    target, storage = planned.step.target, storage_for(planned.writes)
    try:
        return storage.changes(session, planned.writes, target.schema, target.write, target.partition_by)
    except EtlError:
        raise
    except Exception as error:  # a lake that this machine does not reach is no fault of the step
        return (f"the target could not be looked at: {summary(error)}",)


def _validate(planned: PlannedStep, plan: Plan, session: SparkSession) -> None:
    check_declared(session, planned)
    storage_for(planned.writes)
    interval = plan.intervals[0] if plan.intervals else None
    frames = {}
    for name, source in planned.step.sources.items():
        frames[name] = frame = _empty(session, planned.reads[name])
        column = source.interval_column
        if column is not None and column not in frame.columns:
            raise AnalysisError(
                f"step {planned.step.name}: interval_column {column!r} is not a column of {source.dataset}",
                place=planned.step.place,
                remedy=f"its columns: {', '.join(frame.columns[:20])}",
            )
        if column is not None and interval is not None:
            interval_predicate(column, frame.schema[column].dataType.simpleString().upper(), interval)
    # As a first publish: that is when a Merge looks at the rows that delete their key.
    room = Room(session=session, dry=True)
    transformed = transform(planned, frames, Run("validate", interval, plan.params), first=True, room=room)
    prepared = prepare(planned, transformed.frame, interval)
    try:
        for key in prepared.suite.keys:
            transformed.frame.agg(F.expr(f"count(DISTINCT {key})"))
    except (AnalysisException, ParseException) as error:
        raise AnalysisError(f"step {planned.step.name}: {summary(error)}", place=planned.step.place) from error
    _changes(planned, session)


def _empty(session: SparkSession, dataset: Dataset) -> DataFrame:
    if dataset.schema is None:
        # Nobody declared it: the table itself is the only one that knows, and its log is not data.
        return source_for(dataset).read(session, dataset, Scope()).frame.limit(0)
    return no_rows(session, dataset.schema.nullable().ddl)
