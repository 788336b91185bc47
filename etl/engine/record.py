"""RECORD: how a step ended, as a value. The target's own commit is the authority; this is what people see of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from etl.engine.audit import Verdict
from etl.engine.boundary import failed_action
from etl.engine.publishing import Notes
from etl.errors import EtlError, InterruptedRunError, LeaseLostError, OutcomeUnknownError, QuarantineError
from etl.model.failure import ErrorInfo
from etl.model.interval import Interval
from etl.model.plan import Plan, PlannedStep
from etl.model.result import Outcome, RowCounts, Status, StepResult
from etl.model.run import Run
from etl.model.why import State, Why
from etl.model.write import Merge
from etl.storage.formats import storage_for
from etl.storage.staging import Published, TargetState

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NOTHING_CHANGED = "no row changed: nothing was published"


def key(run: Run) -> str | None:
    """Return the run's interval as text."""
    return run.interval.key if run.interval else None


def not_run(planned: PlannedStep, interval: Interval | None, status: Status, why: str) -> StepResult:
    """Return the result of a step that did not begin."""
    return StepResult(
        target=planned.writes.name,
        step=planned.step.name,
        job=planned.job,
        interval=interval.key if interval else None,
        status=status,
        message=why,
    )


def never_begun(plan: Plan, ahead: Sequence[Interval | None], *, stopped: bool) -> Iterator[StepResult]:
    """Yield the results of all steps of the intervals that a run did not come to: they count as asked for."""
    status = Status.CANCELLED if stopped else Status.SKIP
    why = "the run was told to stop" if stopped else "an earlier one failed (--fail-fast)"
    for interval in ahead:
        for planned in plan.steps_for(interval):
            yield not_run(planned, interval, status, f"interval never begun: {why}")


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
    planned: PlannedStep,
    run: Run,
    status: Status,
    verdict: Verdict,
    counts: RowCounts,
    before: TargetState,
    again: Mapping[str, str],
) -> StepResult:
    """Return the result of an audited step that changed nothing: what it staged is neither published nor set aside.

    ``again`` is why, by what was measured again.
    """
    failed = [result.expectation.name for result in verdict.results if result.blocks]
    return StepResult(
        target=planned.writes.name,
        step=planned.step.name,
        job=planned.job,
        interval=key(run),
        status=status,
        rows=evolve(counts, staged=counts.published, published=0, quarantined=0),
        expectations=verdict.results,
        version_before=before.version,
        version_after=before.version,
        message=f"gate: {', '.join(failed)}; readers see what they saw before" if failed else "",
        metrics={"measured_again": dict(again)} if again else {},
    )


def published(
    planned: PlannedStep,
    run: Run,
    verdict: Verdict,
    counts: RowCounts,
    before: TargetState,
    done: Published,
    *,
    again: Mapping[str, str],
    ignored: Mapping[str, tuple[str, ...]],
    notes: Notes,
) -> StepResult:
    """Return the result of a step that published, or of a merge in which no row was another than the target's."""
    measured = [f"measured again: {', '.join(f'{name} ({why})' for name, why in again.items())}"] if again else []
    passed_over = [f"{name}: {len(names)} files ignored ({names[0]})" for name, names in ignored.items() if names]
    failed = any(not result.success for result in verdict.results)
    warned = counts.quarantined or passed_over or notes.warnings or failed
    result = judged(planned, run, Status.WARN if warned else Status.PASS, verdict, counts, before, again)
    changed = done.version is not None
    return evolve(
        result,
        outcome=Outcome.PUBLISHED if changed or counts.quarantined else Outcome.UNCHANGED,
        rows=evolve(counts, staged=counts.published, published=counts.published if changed else 0),
        message="; ".join(
            [*notes.warnings, *passed_over, *notes.facts, *measured, *([] if changed else [NOTHING_CHANGED])]
        ),
        version_after=done.version if changed else before.version,
        quarantine=planned.quarantine.name if counts.quarantined else None,
        metrics={**result.metrics, **_changes(planned, counts, before, done)},
    )


def _changes(planned: PlannedStep, counts: RowCounts, before: TargetState, done: Published) -> dict[str, int]:
    """Return the counts of a publish; a merge that makes the table has inserted every row, and no MERGE to say so."""
    if before.version is None and isinstance(planned.step.target.write, Merge):
        return {"inserted": counts.published, "updated": 0, "deleted": 0} | dict(done.metrics)
    return dict(done.metrics)


def ended(planned: PlannedStep, session: SparkSession, run: Run, error: EtlError, stopped: int | None) -> StepResult:
    """Return the result of a step that raised; ``stopped`` is the exit code of the signal that ended the run."""
    unknown = isinstance(error, OutcomeUnknownError)
    cancelled = stopped is not None and not unknown and not isinstance(error, QuarantineError | LeaseLostError)
    version = None if cancelled else _version(planned, session)
    return StepResult(
        target=planned.writes.name,
        step=planned.step.name,
        job=planned.job,
        interval=key(run),
        status=Status.CANCELLED if cancelled else Status.ERROR,
        outcome=_outcome(error),
        message="the run was told to stop" if cancelled else "",
        error=error_info(_stopped(error), stopped) if cancelled else error_info(error),
        version_before=version,
        version_after=version,
    )


def half_published(
    planned: PlannedStep, session: SparkSession, run: Run, error: QuarantineError, verdict: Verdict, counts: RowCounts
) -> StepResult:
    """Return the result of a step whose rows are published, while those set aside are not yet."""
    rows = evolve(counts, staged=counts.published, quarantined=0)
    return evolve(ended(planned, session, run, error, None), rows=rows, expectations=verdict.results)


def _stopped(error: EtlError) -> InterruptedRunError:
    """Return what a step that was told to stop ends with: whatever Spark or the job's code raised came of that."""
    if isinstance(error, InterruptedRunError):
        return error
    stopped = InterruptedRunError("the run was told to stop", remedy="run it again: finished steps are kept")
    stopped.__cause__ = error
    return stopped


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
