"""A plan as text: what would run, for when, reading and writing what, at which cost."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import asdict

from etl.model.plan import Plan, PlannedStep
from etl.model.plural import plural
from etl.model.write import Write

MAX_INTERVALS = 6


def render_plan(plan: Plan) -> str:
    """Return the plan for people; one paragraph a step, in the order they would run."""
    return "\n".join(_lines(plan))


def _lines(plan: Plan) -> Iterator[str]:
    yield f"Plan for environment {plan.environment}: {plural(len(plan.steps), 'step')}, {_intervals(plan)}"
    if plan.params:
        yield f"  params  {', '.join(f'{key}={value}' for key, value in plan.params.items())}"
    for number, planned in enumerate(plan.steps, start=1):
        yield ""
        yield f"{number}. {planned.step.name}  (job {planned.job}; {planned.why})"
        yield from (f"   {label:<9} {text}" for label, text in _facts(planned, plan) if text)
    if plan.as_they_are:
        yield ""
        yield "Read as they are, for the steps that write them are not selected:"
        yield from (f"  {dataset.name}  {dataset.uri}" for dataset in plan.as_they_are)
    yield ""
    yield "Nothing was read or written."


def _facts(planned: PlannedStep, plan: Plan) -> Iterator[tuple[str, str]]:
    stale = {dataset.name for dataset in plan.as_they_are}
    for position, (name, dataset) in enumerate(planned.reads.items()):
        column = planned.step.sources[name].interval_column
        scope = f"the interval by {column}" if column else "all rows"
        said = f"{scope}, as it is" if dataset.name in stale else scope
        yield "reads" if position == 0 else "", f"{dataset.name}  {dataset.uri}  ({said})"
    how = "; ".join(text for text in (_write(planned.step.target.write), planned.promise) if text)
    yield "writes", f"{planned.writes.name}  {planned.writes.uri}  ({how})"
    yield from (("caution" if not n else "", each) for n, each in enumerate(planned.cautions))
    yield "after", ", ".join(planned.after)
    count = len(planned.step.expectations)
    required = sum(not column.nullable for column in planned.step.target.schema)
    asked = [plural(count, "expectation")] if count else []
    yield "expects", ", ".join([*asked, *([f"{required} NOT NULL"] if required else [])])
    yield "costs", ", ".join(planned.costs)


def _write(write: Write) -> str:
    given = [f"{key}={_value(value)}" for key, value in asdict(write).items() if value]
    return f"{type(write).__name__}: {', '.join(given)}" if given else type(write).__name__


def _value(value: object) -> str:
    return "+".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _intervals(plan: Plan) -> str:
    keys = [interval.key for interval in plan.intervals if interval]
    if not keys:
        return "no interval"
    if len(keys) > MAX_INTERVALS:
        return f"{len(keys)} intervals: {keys[0]}, {keys[1]} … {keys[-1]}"
    return f"{plural(len(keys), 'interval')}: {', '.join(keys)}"
