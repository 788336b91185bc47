"""One step for one interval: extract, transform, stage, audit, publish. Errors become results here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from etl.engine import accounts, quarantine
from etl.engine.audit import Verdict, audit
from etl.engine.boundary import failed_action
from etl.engine.extract import extract, refuse_corrupt, unreadable
from etl.engine.fingerprint import app_id, applied_fingerprint, fingerprint, following
from etl.engine.meter import drain
from etl.engine.stage import prepare, stage
from etl.engine.stop import Stop
from etl.engine.transform import transform
from etl.errors import EtlError, InterruptedRunError, OutcomeUnknownError, TransformError
from etl.model.event import Event, Listener
from etl.model.result import ErrorInfo, Outcome, RowCounts, Status, StepResult
from etl.model.run import Run
from etl.model.write import Append
from etl.project.plan import PlannedStep
from etl.project.problems import relative
from etl.storage.java_errors import summary
from etl.storage.staging import Published, Staged, TargetState, storage_for

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
    spark_context = context.session.sparkContext
    spark_context.setJobGroup(group, f"{planned.step.name} {context.run.interval or ''}")
    spark_context.setLocalProperty("spark.scheduler.pool", planned.step.name)
    try:
        result = _phases(planned, context, phases)
    except InterruptedRunError as error:
        result = _ended(planned, context, Status.CANCELLED, error)
    except EtlError as error:
        result = _ended(planned, context, Status.ERROR, error)
    except Exception as error:
        status = Status.CANCELLED if context.stop.requested else Status.ERROR
        result = _ended(planned, context, status, failed_action(planned, error))
    finally:
        spark_context.setLocalProperty("spark.scheduler.pool", "")
    spent = _spent(context.session, group)
    return evolve(
        result, started_at=started, seconds=context.clock() - clock, spark_jobs=spent[0], spark_stages=spent[1],
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
        return _no_op(planned, context, before, print_)
    with _phase(context, planned, phases, "transform"):
        transformed = transform(planned, extracted.frames, run)
        prepared = prepare(planned, transformed.frame)
    with _phase(context, planned, phases, "stage"):
        try:
            staged = stage(session, storage, planned, prepared.rows, run, following(app, before.applied, print_))
        except TransformError as error:
            raise unreadable(session, planned, extracted, error) from error
    aside: Staged | None = None
    try:
        with _phase(context, planned, phases, "audit"):
            drain(session)
            read, corrupt = accounts.read_counts(extracted)
            refuse_corrupt(planned, extracted, corrupt)
            verdict = audit(session, prepared, staged, prepared.reading.take())
            counts = accounts.settle(planned, read, corrupt, transformed, verdict, staged)
            if verdict.publishable:
                lost = quarantine.Aside(verdict.output - verdict.published, corrupt)
                aside = quarantine.set_aside(session, storage, planned, prepared, extracted, lost, run)
    except BaseException:
        storage.discard(session, staged)
        raise
    if not verdict.publishable:
        storage.discard(session, staged)
        return _judged(planned, context, Status.FAIL, verdict, counts, before)
    with _phase(context, planned, phases, "publish"):
        if aside is not None:
            # First, so that no row is ever missing from both: the target's commit is what marks the interval done.
            storage.publish(session, aside)
        counted = staged if staged.rows >= 0 else evolve(staged, rows=verdict.published)
        published = storage.publish(session, counted)
    return _published(planned, context, verdict, counts, before, published, ignored=extracted.ignored)


def _is_published(planned: PlannedStep, before: TargetState, print_: int, *, force: bool) -> bool:
    """Say whether this publish is in the target already.

    An appended interval is, whatever has changed since and even when forced: there is nothing to replace its rows by.
    """
    if before.applied is None:
        return False
    if isinstance(planned.step.target.write, Append):
        return True
    return not force and applied_fingerprint(before.applied) == print_


def _no_op(planned: PlannedStep, context: Context, before: TargetState, print_: int) -> StepResult:
    same = applied_fingerprint(before.applied) == print_
    changed = "appended before; its inputs or code have changed since, and Append never adds an interval twice"
    return StepResult(
        step=planned.step.name, job=planned.job, interval=_key(context), status=Status.NO_OP if same else Status.WARN,
        message="already published from the same code and inputs" if same else changed,
        version_before=before.version, version_after=before.version,
    )  # fmt: skip


def _judged(
    planned: PlannedStep, context: Context, status: Status, verdict: Verdict, counts: RowCounts, before: TargetState
) -> StepResult:
    failed = [result.expectation.name for result in verdict.results if result.blocks]
    return StepResult(
        step=planned.step.name, job=planned.job, interval=_key(context), status=status, rows=counts,
        expectations=verdict.results, version_before=before.version, version_after=before.version,
        message=f"gate: {', '.join(failed)}; readers see what they saw before" if failed else "",
    )  # fmt: skip


def _published(
    planned: PlannedStep, context: Context, verdict: Verdict, counts: RowCounts, before: TargetState,
    published: Published, ignored: Mapping[str, tuple[str, ...]],
) -> StepResult:  # fmt: skip
    passed_over = [f"{name}: {len(names)} files ignored ({names[0]})" for name, names in ignored.items() if names]
    warned = counts.quarantined or passed_over or any(not result.success for result in verdict.results)
    result = _judged(planned, context, Status.WARN if warned else Status.PASS, verdict, counts, before)
    return evolve(
        result, outcome=Outcome.PUBLISHED, message="; ".join(passed_over),
        version_after=before.version if published.version is None else published.version,
        quarantine=planned.quarantine.name if counts.quarantined else None, metrics=dict(published.metrics),
    )  # fmt: skip


def _ended(planned: PlannedStep, context: Context, status: Status, error: EtlError) -> StepResult:
    outcome = Outcome.UNKNOWN if isinstance(error, OutcomeUnknownError) else Outcome.UNCHANGED
    code = context.stop.requested or error.exit_code if status is Status.CANCELLED else error.exit_code
    version = _version(planned, context) if status is Status.ERROR else None
    return StepResult(
        step=planned.step.name, job=planned.job, interval=_key(context), status=status, outcome=outcome,
        error=error_info(error, code), version_before=version, version_after=version,
    )  # fmt: skip


def _version(planned: PlannedStep, context: Context) -> int | None:
    """Return the version that readers see after a failure; None where there is none or it cannot be asked."""
    try:
        return storage_for(planned.writes).state(context.session, planned.writes, "").version
    except Exception:  # the first error is the one to tell
        return None


def error_info(error: EtlError, exit_code: int | None = None) -> ErrorInfo:
    """Return an error as data."""
    return ErrorInfo(
        type=type(error).__name__, message=error.message, exit_code=exit_code or error.exit_code,
        place=str(relative(error.place, str(Path.cwd()))) if error.place else None, remedy=error.remedy, retryable=error.retryable,
    )  # fmt: skip


def _key(context: Context) -> str | None:
    return context.run.interval.key if context.run.interval else None


@contextmanager
def _phase(context: Context, planned: PlannedStep, phases: dict[str, float], name: str) -> Iterator[None]:
    context.stop.check()
    started = context.clock()
    now = datetime.now(UTC)
    context.listener(
        Event("phase_started", now, context.run.run_id, planned.step.name, _key(context), {"phase": name})
    )
    try:
        yield
    finally:
        phases[name] = phases.get(name, 0.0) + context.clock() - started


def _spent(session: SparkSession, group: str) -> tuple[int, int]:
    """Count the Spark jobs and stages of a job group; stages that were skipped are not counted."""
    try:
        drain(session)
        tracker = session.sparkContext.statusTracker()
        jobs = [tracker.getJobInfo(job) for job in tracker.getJobIdsForGroup(group)]
        stages = {stage for job in jobs if job for stage in job.stageIds}
        ran = [info for info in map(tracker.getStageInfo, stages) if info and info.numCompletedTasks]
        return len(jobs), len(ran)
    except Exception as error:
        session.sparkContext.setLocalProperty("headrace.metering", summary(error))
        return 0, 0


def unexpected(planned: PlannedStep, context: Context, error: BaseException) -> StepResult:
    """Return the result of a step whose execution raised what it never should: a defect, told as one."""
    info: Any = EtlError(f"{type(error).__name__}: {error}", remedy="this is a defect of the engine: run with --debug")
    return _ended(planned, context, Status.ERROR, info)
