"""Which steps and intervals a backfill runs: those that its mode names, and the steps that read what those publish."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal

from etl.model.marks import marks_of_intervals
from etl.model.plan import Pair, Plan, PlannedStep, key_of

Mode = Literal["missing", "failed", "changed", "all"]
Order = Literal["oldest", "newest"]


def missing(plan: Plan, published: Collection[Pair]) -> tuple[Pair, ...]:
    """Return what was never published; of a step whose rows are those of the last interval only that one.

    Args:
        plan: of all the intervals, the oldest first.
        published: what its targets say.
    """
    whole = {planned.step.name for planned in plan.steps if marks_of_intervals(planned.step) is None}
    last = key_of(plan.intervals[-1])
    absent = (pair for pair in plan.pairs if pair not in published)
    return tuple((name, key) for name, key in absent if name not in whole or key == last)


def with_readers(plan: Plan, pairs: Collection[Pair]) -> Plan:
    """Return the plan of these pairs and of the steps that read them: for the same interval, or looking back to it.

    A reader whose sources come out as they were is a no-op when its turn comes.

    Args:
        plan: of all the intervals, the oldest first.
        pairs: what is to be run.
    """
    chosen: set[Pair] = set(pairs)
    for position, interval in enumerate(plan.intervals):
        key = key_of(interval)
        for planned in plan.steps_for(interval):
            reads = any((parent, key) in chosen for parent in planned.after)
            if reads or any(pair in chosen for pair in _looked_back_to(plan, planned, position)):
                chosen.add((planned.step.name, key))
    return plan.restricted(chosen)


def _looked_back_to(plan: Plan, planned: PlannedStep, position: int) -> Iterator[Pair]:
    """Yield what a step reads of earlier intervals of the plan."""
    for name, source in planned.step.sources.items():
        reads = source.reads(plan.intervals[position]) if source.lookback else None
        writer = planned.reads[name].written_by if reads else None
        if reads is None or writer is None:
            continue
        for earlier in reversed(plan.intervals[:position]):
            if earlier is None or not reads.overlaps(earlier):
                break
            yield writer, earlier.key
