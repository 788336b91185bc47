"""Which steps of a plan take their intervals in turn, and why; the others may work on several at once."""

from __future__ import annotations

from collections.abc import Mapping

from etl.model.plan import Plan, PlannedStep
from etl.model.write import Append, ReplaceInterval, ReplacePartitions, ReplaceTable


def taken_in_turn(plan: Plan) -> dict[str, str]:
    """Return the steps for which one interval must wait for the one before, by name, and why in words.

    Intervals at once must leave what intervals one after the other leave. So a step takes them in turn where they share
    rows, where it reads another step's rows of more than its own interval, and where it is read so.
    """
    found = {planned.step.name: why for planned in plan.steps if (why := _shares_rows(planned))}
    for parent, readers in whole_readers(plan).items():
        for reader in readers:
            found.setdefault(reader, f"it reads rows of {parent} of other intervals too")
        found.setdefault(parent, f"{readers[0]} reads its rows of other intervals too")
    return {planned.step.name: found[planned.step.name] for planned in plan.steps if planned.step.name in found}


def oldest_first(plan: Plan) -> dict[str, str]:
    """Return the steps whose targets depend on which interval came last, by name, and why in words.

    Of those that take turns these are not: a step that comes out alike for every interval, and one whose intervals own
    their rows though no partition keeps them apart.
    """
    readers = whole_readers(plan)
    tied = {*readers, *(name for names in readers.values() for name in names)}
    free = _alike(plan) | {p.step.name for p in plan.steps if p.step.target.replaced_by and p.step.by_interval}
    return {name: why for name, why in taken_in_turn(plan).items() if name in tied or name not in free}


def whole_readers(plan: Plan) -> Mapping[str, tuple[str, ...]]:
    """Return, for each step that is read by more than the interval's own rows, the steps of the plan that do.

    A step that comes out alike for every interval makes nobody wait.
    """
    by_name, alike = {planned.step.name: planned for planned in plan.steps}, _alike(plan)
    found: dict[str, tuple[str, ...]] = {}
    for planned in plan.steps:
        for parent in planned.after:
            if parent in by_name and parent not in alike and not _reads_own_rows(planned, by_name[parent]):
                found[parent] = (*found.get(parent, ()), planned.step.name)
    return found


def _alike(plan: Plan) -> set[str]:
    """Return the steps that no interval changes, nor any step of the plan that they read."""
    names = {planned.step.name for planned in plan.steps}
    alike: set[str] = set()
    for planned in plan.steps:  # in graph order
        if not planned.step.by_interval and alike.issuperset(names.intersection(planned.after)):
            alike.add(planned.step.name)
    return alike


def _shares_rows(planned: PlannedStep) -> str:
    """Return why a step's intervals share rows of its target; empty where each owns its own."""
    step = planned.step
    write = step.target.write
    if isinstance(write, ReplaceTable):
        return "ReplaceTable: the rows of the last interval are the table"
    if not step.by_interval:
        return "its rows do not depend on the interval"
    if isinstance(write, Append):
        return ""
    if not isinstance(write, ReplacePartitions | ReplaceInterval):
        return f"{type(write).__name__}: intervals share rows"
    if isinstance(write, ReplaceInterval) or step.target.schema.column(write.column).type != "DATE":
        return f"rows are replaced by a condition on {write.column}, not by partition"
    return ""


def _reads_own_rows(planned: PlannedStep, parent: PlannedStep) -> bool:
    """Say whether a step reads of another only the rows that the other replaces in the same interval."""
    sources = [
        source for name, source in planned.step.sources.items() if planned.reads[name].name == parent.writes.name
    ]
    own = parent.step.target.replaced_by
    alone = all(source.interval_column == own and not source.lookback for source in sources)
    return bool(sources) and own is not None and alone
