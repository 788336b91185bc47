"""A backlog in bounded batches: each is published with what it consumed, until nothing is left of what was there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve

from etl.engine.attempts import Backoff, attempts
from etl.engine.increments import BACKLOG
from etl.engine.lifecycle import Attempt
from etl.model.event import Event
from etl.model.plan import PlannedStep
from etl.model.plural import plural
from etl.model.result import GOOD, ExpectationResult, Outcome, RowCounts, Status, StepResult

SUMMED = ("inserted", "updated", "deleted")  # metrics that batches have one after the other
ORDER = (Status.NO_OP, Status.PASS, Status.WARN)  # of good ends, the one that says more is last


def batches(planned: PlannedStep, attempt: Attempt, backoff: Backoff) -> StepResult:
    """Execute the step, and an incremental one again until nothing is left of what was there when it began.

    A batch that fails ends it: those before it are published and stay, and the next run goes on behind them.
    """
    done = [attempts(planned, attempt, backoff)]
    while done[-1].status in GOOD and done[-1].metrics.get(BACKLOG) and not attempt.stop.requested:
        _tell(attempt, done)
        done.append(attempts(planned, attempt, backoff))
    return together(done)


def together(done: Sequence[StepResult]) -> StepResult:
    """Return one result for all batches: counts are summed, of each expectation the first result that failed stands.

    What is published is published, also where a later batch failed.
    """
    first, last = done[0], done[-1]
    if len(done) == 1:
        return last
    published = sum(each.outcome is Outcome.PUBLISHED for each in done)
    good = last.status in GOOD
    kept = "" if good else f"{plural(published, 'batch')} published and kept, then: "
    said = dict.fromkeys(each.message for each in done if each.message)
    return evolve(
        last,
        status=max((each.status for each in done), key=ORDER.index) if good else last.status,
        outcome=Outcome.PUBLISHED if published and last.outcome is Outcome.UNCHANGED else last.outcome,
        message=kept + "; ".join(said) if good else kept + last.message,
        reason=first.reason,
        rows=_summed([each.rows for each in done]),
        expectations=tuple(_worst(done)),
        version_before=first.version_before,
        quarantine=next((each.quarantine for each in done if each.quarantine), None),
        spark_jobs=sum(each.spark_jobs for each in done),
        spark_stages=sum(each.spark_stages for each in done),
        started_at=first.started_at,
        seconds=sum(each.seconds for each in done),
        attempts=max(each.attempts for each in done),
        metrics=_metrics(done),
    )


def _metrics(done: Sequence[StepResult]) -> dict[str, object]:
    counts = {
        name: sum(each.metrics.get(name, 0) for each in done) for name in SUMMED if any(name in d.metrics for d in done)
    }
    phases = _added(each.metrics.get("phase_seconds", {}) for each in done)
    seconds = {"phase_seconds": {name: round(value, 3) for name, value in phases.items()}}
    return {**done[-1].metrics, **counts, **seconds, "batches": len(done)}


def _worst(done: Sequence[StepResult]) -> Iterable[ExpectationResult]:
    found: dict[str, ExpectationResult] = {}
    for result in (each for step in done for each in step.expectations):
        name = result.expectation.name
        if name not in found or found[name].success:
            found[name] = result
    return found.values()


def _summed(rows: Sequence[RowCounts]) -> RowCounts:
    return RowCounts(
        read=_added(each.read for each in rows),
        corrupt=_added(each.corrupt for each in rows),
        filtered=_added(each.filtered for each in rows),
        deduplicated=_added(each.deduplicated for each in rows),
        output=sum(each.output for each in rows),
        staged=sum(each.staged for each in rows),
        quarantined=sum(each.quarantined for each in rows),
        published=sum(each.published for each in rows),
    )


def _added(counts: Iterable[Mapping[str, float]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total)


def _tell(attempt: Attempt, done: Sequence[StepResult]) -> None:
    """Say what a batch has published, and what is left: its result tells of all of them, when the last has ended."""
    last = done[-1]
    left = ", ".join(f"{name}: {said}" for name, said in last.metrics[BACKLOG].items())
    said = f"{last.step}: batch {len(done)} published {plural(last.rows.published, 'row')}; left of {left}"
    attempt.listener(Event("note", attempt.now(), attempt.run.run_id, last.step, last.interval, {"message": said}))
