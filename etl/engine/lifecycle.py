"""One step for one interval: extract, transform, stage, audit, publish. Errors become results here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from etl.engine import accounts, quarantine, record
from etl.engine.audit import audit
from etl.engine.boundary import failed_action
from etl.engine.extract import extract, refuse_corrupt, unreadable
from etl.engine.fingerprint import app_id, applied_fingerprint, fingerprint, following
from etl.engine.meter import drain
from etl.engine.stage import prepare, stage
from etl.engine.stop import Stop
from etl.engine.transform import transform
from etl.errors import EtlError, InputError, TransformError
from etl.model.event import Event, Listener
from etl.model.plan import PlannedStep
from etl.model.result import Status, StepResult
from etl.model.run import Run
from etl.model.write import Append
from etl.spark.errors import summary
from etl.spark.jvm import booked, java_class
from etl.storage.formats import storage_for
from etl.storage.staging import TargetState

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@frozen
class Context:
    """What a step's phases share.

    Args:
        session: the step's own session: temporary views and settings of one step never meet another's.
        run: what the transformation may know.
        force: publish even what is published already.
        stop: looked at between phases.
        listener: gets phase events.
        clock: seconds that only grow.
    """

    session: SparkSession
    run: Run
    force: bool
    stop: Stop
    listener: Listener
    clock: Callable[[], float] = time.monotonic


def execute(planned: PlannedStep, context: Context) -> StepResult:
    """Run one step for one interval and say how it ended; raises nothing but defects of the engine itself."""
    started, clock = datetime.now(UTC), context.clock()
    phases: dict[str, float] = {}
    group = f"{context.run.run_id}/{planned.step.name}/{context.run.interval}"
    description = f"{planned.step.name} {context.run.interval or ''}"
    with booked(context.session, group, description, pool=planned.step.name):
        try:
            result = _phases(planned, context, phases)
        except EtlError as error:
            result = record.ended(planned, context.session, context.run, error, context.stop.requested)
        except Exception as error:  # outside user code: a Spark action was cancelled or failed, or the engine did
            raised = failed_action(planned, error)
            raised.__cause__ = error
            result = record.ended(planned, context.session, context.run, raised, context.stop.requested)
    jobs, stages = _spent(context.session, group)
    return evolve(
        result, started_at=started, seconds=context.clock() - clock, spark_jobs=jobs, spark_stages=stages,
        metrics={**result.metrics, "phase_seconds": {name: round(value, 3) for name, value in phases.items()}},
    )  # fmt: skip


def _phases(planned: PlannedStep, context: Context, phases: dict[str, float]) -> StepResult:
    step, run, session = planned.step, context.run, context.session
    storage = storage_for(planned.writes)
    with _phase(context, planned, phases, "extract"):
        extracted = extract(session, planned, run.interval)
        app = app_id(step, run.interval)
        before = storage.state(session, planned.writes, app)
        print_ = fingerprint(planned, run.interval, run.params, extracted.inputs)
    if _is_published(planned, before, print_, force=context.force):
        return record.no_op(planned, run, before, same=applied_fingerprint(before.applied) == print_)
    with _phase(context, planned, phases, "transform"):
        transformed = transform(planned, extracted.frames, run)
        prepared = prepare(planned, transformed.frame)
    with _phase(context, planned, phases, "stage"):
        try:
            staged = stage(session, storage, planned, prepared.rows, run, following(app, before.applied, print_))
        except (InputError, TransformError) as error:
            raise unreadable(session, planned, extracted, error) from error
    try:
        with _phase(context, planned, phases, "audit"):
            drain(session)
            read, corrupt = accounts.read_counts(extracted)
            refuse_corrupt(planned, extracted, corrupt)
            verdict = audit(session, prepared, staged, prepared.reading.take())
            counts = accounts.settle(planned, read, corrupt, transformed, verdict, staged)
        if not verdict.publishable:
            storage.discard(session, staged)
            return record.judged(planned, run, Status.FAIL, verdict, counts, before)
        with _phase(context, planned, phases, "quarantine"):
            lost = quarantine.Aside(verdict.output - verdict.published, corrupt)
            quarantine.set_aside(session, storage, planned, prepared, extracted, lost, run)
        context.stop.check()
    except BaseException:
        storage.discard(session, staged)
        raise
    with _phase(context, planned, phases, "publish"):
        counted = staged if staged.rows >= 0 else evolve(staged, rows=verdict.published)
        published = storage.publish(session, counted)
    return record.published(planned, run, verdict, counts, before, published, ignored=extracted.ignored)


def _is_published(planned: PlannedStep, before: TargetState, print_: int, *, force: bool) -> bool:
    """Say whether this publish is in the target already.

    An appended interval is, whatever has changed since and even when forced: there is nothing to replace its rows by.
    """
    if before.applied is None:
        return False
    if isinstance(planned.step.target.write, Append):
        return True
    return not force and applied_fingerprint(before.applied) == print_


@contextmanager
def _phase(context: Context, planned: PlannedStep, phases: dict[str, float], name: str) -> Iterator[None]:
    context.stop.check()
    started = context.clock()
    name_and_interval = (planned.step.name, record.key(context.run))
    context.listener(Event("phase_started", datetime.now(UTC), context.run.run_id, *name_and_interval, {"phase": name}))
    try:
        yield
    finally:
        phases[name] = phases.get(name, 0.0) + context.clock() - started


def _spent(session: SparkSession, group: str) -> tuple[int, int]:
    """Count the Spark jobs of a job group and their finished stages; stages that were skipped are not counted."""
    try:
        drain(session)
        context = session.sparkContext._jsc.sc()
        numbers = java_class(session, "java.util.Arrays").toString(context.statusTracker().getJobIdsForGroup(group))
        jobs = [int(number) for number in numbers.strip("[]").split(",") if number]
        store = context.statusStore()
        return len(jobs), sum(store.job(number).numCompletedStages() for number in jobs)
    except Exception as error:
        session.sparkContext.setLocalProperty("headrace.metering", summary(error))
        return 0, 0
