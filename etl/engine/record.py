"""RECORD: how a step ended, as a value. The target's own commit is the authority; this is what people see of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from etl.engine.audit import Verdict
from etl.engine.boundary import failed_action
from etl.engine.publishing import Notes
from etl.errors import EtlError, OutcomeUnknownError, QuarantineError
from etl.model.failure import ErrorInfo
from etl.model.plan import PlannedStep
from etl.model.result import Outcome, RowCounts, Status, StepResult
from etl.model.run import Run
from etl.model.why import State, Why
from etl.storage.formats import storage_for
from etl.storage.staging import Published, TargetState

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def key(run: Run) -> str | None:
    """Return the run's interval as text."""
    return run.interval.key if run.interval else None


def no_op(planned: PlannedStep, run: Run, before: TargetState, why: Why) -> StepResult:
    """Return the result of a step whose rows are in the target already; a warning where they would be others now."""
    same = why.state is State.UP_TO_DATE
    by = f" by run {why.run_id}" if why.run_id else ""
    return StepResult(
        target=planned.writes.name,
        step=planned.step.name,
        job=planned.job,
        interval=key(run),
        status=Status.NO_OP if same else Status.WARN,
        message=why.reason or f"already published from the same code and inputs{by}",
        reason=why.words,
        version_before=before.version,
        version_after=before.version,
    )


def judged(
    planned: PlannedStep, run: Run, status: Status, verdict: Verdict, counts: RowCounts, before: TargetState
) -> StepResult:
    """Return the result of an audited step that changed nothing."""
    failed = [result.expectation.name for result in verdict.results if result.blocks]
    return StepResult(
        target=planned.writes.name,
        step=planned.step.name,
        job=planned.job,
        interval=key(run),
        status=status,
        rows=counts,
        expectations=verdict.results,
        version_before=before.version,
        version_after=before.version,
        message=f"gate: {', '.join(failed)}; readers see what they saw before" if failed else "",
    )


def published(
    planned: PlannedStep,
    run: Run,
    verdict: Verdict,
    counts: RowCounts,
    before: TargetState,
    done: Published,
    *,
    ignored: Mapping[str, tuple[str, ...]],
    notes: Notes,
) -> StepResult:
    """Return the result of a published step."""
    passed_over = [f"{name}: {len(names)} files ignored ({names[0]})" for name, names in ignored.items() if names]
    failed = any(not result.success for result in verdict.results)
    warned = counts.quarantined or passed_over or notes.warnings or failed
    result = judged(planned, run, Status.WARN if warned else Status.PASS, verdict, counts, before)
    return evolve(
        result,
        outcome=Outcome.PUBLISHED,
        message="; ".join([*notes.warnings, *passed_over, *notes.facts]),
        version_after=before.version if done.version is None else done.version,
        quarantine=planned.quarantine.name if counts.quarantined else None,
        metrics=dict(done.metrics),
    )


def ended(planned: PlannedStep, session: SparkSession, run: Run, error: EtlError, stopped: int | None) -> StepResult:
    """Return the result of a step that raised; ``stopped`` is the exit code of the signal that ended the run."""
    unknown = isinstance(error, OutcomeUnknownError)
    cancelled = stopped is not None and not unknown
    version = None if cancelled else _version(planned, session)
    return StepResult(
        target=planned.writes.name,
        step=planned.step.name,
        job=planned.job,
        interval=key(run),
        status=Status.CANCELLED if cancelled else Status.ERROR,
        outcome=_outcome(error),
        error=error_info(error, stopped if cancelled else None),
        version_before=version,
        version_after=version,
    )


def _outcome(error: EtlError) -> Outcome:
    if isinstance(error, OutcomeUnknownError):
        return Outcome.UNKNOWN
    return Outcome.PUBLISHED if isinstance(error, QuarantineError) else Outcome.UNCHANGED


def error_info(error: EtlError, exit_code: int | None = None) -> ErrorInfo:
    """Return an error as data, its file relative to where the run was started."""
    return ErrorInfo.of(error, root=str(Path.cwd()), exit_code=exit_code)


def defect(planned: PlannedStep, session: SparkSession, run: Run, error: BaseException) -> StepResult:
    """Return the result of a step whose execution raised what it never should."""
    told = failed_action(planned, error)
    told.__cause__ = error
    return ended(planned, session, run, told, None)


def _version(planned: PlannedStep, session: SparkSession) -> int | None:
    """Return the version that readers see after a failure; None where there is none or it cannot be asked."""
    try:
        return storage_for(planned.writes).state(session, planned.writes, "").version
    except Exception:  # the first error is the one to tell
        return None
