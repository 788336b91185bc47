"""Which steps and intervals a backfill runs: those that its mode names, and the steps that read what those publish."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from etl.model.marks import marks_of_intervals
from etl.model.plan import Plan, key_of

Mode = Literal["missing", "failed", "changed", "all"]
Order = Literal["oldest", "newest"]
Pair = tuple[str, str | None]  # a step, and an interval's key


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
    """Return the plan of these pairs and of the steps that read them, for the same interval.

    A reader whose sources come out as they were is a no-op when its turn comes.
    """
    chosen: set[Pair] = set(pairs)
    for interval in plan.intervals:
        key = key_of(interval)
        for planned in plan.steps_for(interval):
            if any((parent, key) in chosen for parent in planned.after):
                chosen.add((planned.step.name, key))
    return plan.restricted(chosen)
