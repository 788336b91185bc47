"""What a run would find, without running: where each step of a plan stands for each interval, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attrs import define, field

from etl.engine.look import look
from etl.errors import EtlError, InputError
from etl.model.interval import Interval
from etl.model.marks import mark_name
from etl.model.plan import Plan, PlannedStep
from etl.model.run import Run
from etl.model.why import Outlook, State, Why
from etl.spark.session import stepping
from etl.storage.formats import storage_for
from etl.storage.staging import TargetState

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def outlook(plan: Plan, session: SparkSession) -> tuple[Outlook, ...]:
    """Return where each step stands for each interval; lists files and reads logs, runs no Spark job over rows.

    Sources are looked at as they are now: what a step of the plan would publish is not there yet, so a step that reads
    it and is up to date waits for it.
    """
    ahead = Ahead()
    with stepping(session) as own:
        return tuple(each for interval in plan.intervals for each in _of_interval(plan, own, interval, ahead))


@define
class Ahead:
    """Which steps would publish or cannot, and for which interval, in words."""

    said: dict[str, dict[Interval | None, str]] = field(factory=dict)

    def of(self, planned: PlannedStep, interval: Interval | None) -> Iterator[str]:
        """Yield what a step waits for: what it reads of this interval, and of those that it looks back to."""
        for name, dataset in planned.reads.items():
            source = planned.step.sources[name]
            reads = source.reads(interval) if source.lookback and not source.incremental else None
            for each, words in self.said.get(dataset.written_by or "", {}).items():
                if each == interval or (each and reads and reads.overlaps(each)):
                    yield words


def _of_interval(plan: Plan, session: SparkSession, interval: Interval | None, ahead: Ahead) -> Iterator[Outlook]:
    for planned in plan.steps_for(interval):
        pending = dict.fromkeys(ahead.of(planned, interval))
        why = _why(session, planned, Run("plan", interval, plan.params), ", ".join(pending))
        if why.publishes:
            cannot = why.state is State.BLOCKED
            words = f"{planned.writes.name} {'cannot be' if cannot else 'is'} published first"
            ahead.said.setdefault(planned.step.name, {})[interval] = words
        yield Outlook(step=planned.step.name, interval=interval.key if interval else None, why=why)


def _why(session: SparkSession, planned: PlannedStep, run: Run, pending: str) -> Why:
    before = TargetState(None)
    try:
        name = mark_name(planned.step, run.interval)
        before = storage_for(planned.writes).state(session, planned.writes, name)
        why = look(session, planned, run, name, before, ends={}).why
    except InputError as error:
        if not pending:
            return Why(State.BLOCKED, error.message)
        return Why(State.NEW if before.applied is None else State.WAITS, pending)
    except EtlError as error:
        return Why(State.BLOCKED, error.message)
    return Why(State.WAITS, pending, why.run_id) if pending and why.state is State.UP_TO_DATE else why
