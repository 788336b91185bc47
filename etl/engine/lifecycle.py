"""One step for one interval: extract, transform, stage, audit, publish. Errors become results here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from etl.engine import accounts, increments, publishing, record
from etl.engine.audit import Verdict, audit
from etl.engine.boundary import failed_action
from etl.engine.counts import Counts, count, told_early
from etl.engine.declared import check_declared
from etl.engine.extract import Extracted, refuse_corrupt
from etl.engine.fence import Fence, no_fence
from etl.engine.guards import hold
from etl.engine.look import look
from etl.engine.meter import drain
from etl.engine.publishing import Notes
from etl.engine.quarantine import Aside, Quarantine
from etl.engine.room import Room
from etl.engine.spent import spent_by
from etl.engine.stage import Prepared, prepare, stage
from etl.engine.stop import Stop
from etl.engine.transform import Transformed, transform
from etl.errors import ConflictError, EtlError, QuarantineError, RefusedPartitionError
from etl.model.event import Event, Listener
from etl.model.marks import mark_name
from etl.model.plan import PlannedStep
from etl.model.result import RowCounts, Status, StepResult
from etl.model.run import Clock, Run, utc_now
from etl.model.why import State, Why
from etl.spark.jvm import booked
from etl.spark.kept import give_back
from etl.storage.formats import storage_for
from etl.storage.staging import Mark, Staged, TargetState

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@frozen
class Attempt:
    """What a step's phases share.

    Args:
        session: the step's own session: temporary views and settings of one step never meet another's.
        run: what the transformation may know.
        force: publish even what is published already.
        stop: looked at between phases.
        listener: gets phase events.
        clock: seconds that only grow.
        now: the time, in UTC.
        fence: asked immediately before the publish.
        room: where a script step's program works.
        ends: where each incremental source ended when the run first looked, by name: its batches go no further.
    """

    session: SparkSession
    run: Run
    force: bool
    stop: Stop
    listener: Listener
    clock: Callable[[], float] = time.monotonic
    now: Clock = utc_now
    fence: Fence = no_fence
    room: Room | None = None
    ends: dict[str, str] = field(factory=dict, eq=False)


def execute(planned: PlannedStep, attempt: Attempt) -> StepResult:
    """Run one step for one interval and say how it ended; raises nothing but defects of the engine itself."""
    started, clock = attempt.now(), attempt.clock()
    phases: dict[str, float] = {}
    group = f"{attempt.run.run_id}/{planned.step.name}/{attempt.run.interval}"
    description = f"{planned.step.name} {attempt.run.interval or ''}"
    with booked(attempt.session, group, description, pool=planned.step.name):
        try:
            result = _phases(planned, attempt, phases)
        except EtlError as error:
            result = record.ended(planned, attempt.session, attempt.run, error, attempt.stop.requested)
        except Exception as error:  # outside user code: a Spark action was cancelled or failed, or the engine did
            raised = failed_action(planned, error)
            raised.__cause__ = error
            result = record.ended(planned, attempt.session, attempt.run, raised, attempt.stop.requested)
        finally:
            give_back(attempt.session)
    spent = spent_by(attempt.session, group)
    seconds = {name: round(value, 3) for name, value in phases.items()}
    unmetered = {"unmetered": spent["unmetered"]} if "unmetered" in spent else {}
    return evolve(
        result,
        started_at=started,
        seconds=attempt.clock() - clock,
        spark_jobs=spent.get("jobs", 0),
        spark_stages=spent.get("stages", 0),
        metrics={**result.metrics, "phase_seconds": seconds, **unmetered},
    )


def _phases(planned: PlannedStep, attempt: Attempt, phases: dict[str, float]) -> StepResult:
    check_declared(attempt.session, planned)
    run, session, storage = attempt.run, attempt.session, storage_for(planned.writes)
    name = mark_name(planned.step, run.interval)
    with _phase(attempt, planned, phases, "extract"):
        before = storage.state(session, planned.writes, name)
        seen = look(session, planned, run, name, before, ends=attempt.ends, force=attempt.force)
        extracted, mark, why = seen.extracted, seen.mark, seen.why
        if not why.publishes:
            return record.no_op(planned, run, before, why)
        notes = publishing.notes(session, planned, why, run, force=attempt.force)
    planned = publishing.partitioned(planned, before)
    try:
        try:
            result = _made(planned, attempt, phases, before, extracted, mark, notes)
        except RefusedPartitionError as error:
            without = publishing.unpartitioned(planned, before, error)
            notes = publishing.not_partitioned(notes, error)
            result = _made(without, attempt, phases, before, extracted, mark, notes)
        same = "; its rows are the same" if result.metrics.get("same_rows") else ""
        return evolve(result, reason=why.words + same, metrics={**result.metrics, **increments.told(extracted)})
    except ConflictError:
        now = storage.state(session, planned.writes, name)
        if now.applied is None or now.applied.fingerprint != mark.applied.fingerprint:
            raise
        faster = Why(State.UP_TO_DATE, "another run published it meanwhile, from the same code and inputs")
        return record.no_op(planned, run, now, faster)


def _made(
    planned: PlannedStep,
    attempt: Attempt,
    phases: dict[str, float],
    before: TargetState,
    extracted: Extracted,
    mark: Mark,
    notes: Notes,
) -> StepResult:
    """Transform, stage, audit and publish what was extracted."""
    run, session, target, first = attempt.run, attempt.session, planned.step.target, before.version is None
    storage = storage_for(planned.writes)
    with _phase(attempt, planned, phases, "transform"):
        transformed = transform(planned, extracted.frames, run, first=first, room=attempt.room)
        counted = storage.counted(target.schema, target.write, target.partition_by, exists=not first)
        prepared = prepare(planned, transformed.frame, run.interval, counted)
        early = told_early(session, extracted, transformed)
    with _phase(attempt, planned, phases, "stage"):
        staged = stage(session, storage, planned, prepared, extracted, run, mark, before.version)
    try:
        with _phase(attempt, planned, phases, "audit"):
            drain(session)
            extracted.recheck()
            found = count(session, extracted, transformed, prepared, staged, early)
            verdict, counts, found = _audited(session, planned, extracted, transformed, prepared, staged, found)
        attempt.stop.check()
    except BaseException:
        publishing.discard(staged)
        raise
    if not verdict.publishable:
        publishing.discard(staged)
        return record.judged(planned, run, Status.FAIL, verdict, counts, before, found.again)
    aside = Aside(verdict.output - verdict.published, found.corrupt, prepared.suite.flag)
    quarantine = Quarantine(session=session, planned=planned, run=run, staged=staged, extracted=extracted, aside=aside)
    try:
        with _phase(attempt, planned, phases, "publish", stoppable=False):
            published = publishing.publish(staged, quarantine, target.write, attempt.fence)
    except QuarantineError as error:
        return record.half_published(planned, session, run, error, verdict, counts)
    warnings = (*notes.warnings, *found.warnings)
    notes = evolve(notes, warnings=warnings, facts=(*notes.facts, *staged.facts))
    return record.published(
        planned, run, verdict, counts, before, published, again=found.again, ignored=extracted.ignored, notes=notes
    )


def _audited(
    session: SparkSession,
    planned: PlannedStep,
    extracted: Extracted,
    transformed: Transformed,
    prepared: Prepared,
    staged: Staged,
    found: Counts,
) -> tuple[Verdict, RowCounts, Counts]:
    """Judge what was counted: guards first, then records that did not parse, expectations, and the accounts."""
    if found.again:
        extracted.recheck()  # the same files were read once more
    hold(planned, prepared.guards, found.values)
    refuse_corrupt(planned, extracted, found.corrupt, found.read)
    verdict = audit(session, prepared, staged, found.values)
    return verdict, *accounts.settle(planned, extracted, transformed, found, verdict, staged)


@contextmanager
def _phase(
    attempt: Attempt, planned: PlannedStep, phases: dict[str, float], name: str, *, stoppable: bool = True
) -> Iterator[None]:
    if stoppable:
        attempt.stop.check()
    started = attempt.clock()
    name_and_interval = (planned.step.name, record.key(attempt.run))
    attempt.listener(Event("phase_started", attempt.now(), attempt.run.run_id, *name_and_interval, {"phase": name}))
    try:
        yield
    finally:
        phases[name] = phases.get(name, 0.0) + attempt.clock() - started
