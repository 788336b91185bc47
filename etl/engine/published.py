"""Which intervals a step has published, as its target's own log says; of many intervals in one look."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from etl.engine.outlook import outlook
from etl.model.marks import mark_name, marks_of_intervals
from etl.model.plan import Pair, Plan, PlannedStep, key_of
from etl.model.why import State
from etl.spark.session import stepping
from etl.storage.formats import storage_for

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def published(plan: Plan, session: SparkSession) -> frozenset[Pair]:
    """Return the pairs of a step and an interval's key that were published, whatever from.

    A step whose publishes have no name of their own for each interval, such as a ``ReplaceTable``, was published for
    all of them or for none.
    """
    with stepping(session) as own:
        return frozenset(pair for planned in plan.steps for pair in _of_step(own, planned, plan))


def stale(plan: Plan, session: SparkSession) -> frozenset[Pair]:
    """Return the pairs that were published from other code or inputs than those of now, or whose rows are gone."""
    return frozenset(
        (each.step, each.interval) for each in outlook(plan, session) if each.why.state in {State.STALE, State.WAITS}
    )


def _of_step(session: SparkSession, planned: PlannedStep, plan: Plan) -> Collection[Pair]:
    name, keys = planned.step.name, [key_of(interval) for interval in plan.intervals]
    prefix = marks_of_intervals(planned.step)
    if prefix is None:
        mark = mark_name(planned.step, None)
        found = storage_for(planned.writes).state(session, planned.writes, mark).applied
        return [(name, key) for key in keys] if found else []
    known = set(storage_for(planned.writes).later_intervals(session, planned.writes, prefix, ""))
    return [(name, key) for key in keys if key in known]
