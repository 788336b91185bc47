"""A plan as text: what would run, for when, reading and writing what, at which cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from attrs import asdict

from etl.model.plan import Plan, PlannedStep
from etl.model.plural import plural
from etl.model.why import Outlook, State, Why
from etl.model.write import Write

MAX_INTERVALS = 6


def render_plan(plan: Plan, outlooks: Sequence[Outlook] | None = None) -> str:
    """Return the plan for people; one paragraph a step, in the order they would run.

    Args:
        plan: what would run.
        outlooks: where each step stands for each interval; None if nobody looked.
    """
    return "\n".join(_lines(plan, outlooks))


def _lines(plan: Plan, outlooks: Sequence[Outlook] | None) -> Iterator[str]:
    yield f"Plan for environment {plan.environment}: {plural(len(plan.steps), 'step')}, {_intervals(plan)}"
    if plan.params:
        yield f"  params  {', '.join(f'{key}={value}' for key, value in plan.params.items())}"
    for number, planned in enumerate(plan.steps, start=1):
        yield ""
        yield f"{number}. {planned.step.name}  (job {planned.job}; {planned.why})"
        own = [each for each in outlooks or () if each.step == planned.step.name]
        yield from (f"   {'state' if not n else '':<9} {text}" for n, text in enumerate(_standing(own)))
        yield from (f"   {label:<9} {text}" for label, text in _facts(planned, plan) if text)
    if plan.as_they_are:
        yield ""
        yield "Read as they are, for the steps that write them are not selected:"
        yield from (f"  {dataset.name}  {dataset.uri}" for dataset in plan.as_they_are)
    yield ""
    if outlooks is not None:
        yield f"{_total(outlooks)} Nothing was written."
        return
    yield "Nothing was read or written. --why says what would run for which interval, and why."


def _standing(own: Sequence[Outlook]) -> Iterator[str]:
    """Say where a step stands; intervals that follow each other and stand alike are told together."""
    for _, group in groupby(own, key=lambda each: (each.why.state, each.why.reason)):
        alike = list(group)
        runs = {each.why.run_id for each in alike}
        why = Why(alike[0].why.state, alike[0].why.reason, runs.pop() if len(runs) == 1 else "")
        keys = [each.interval for each in alike if each.interval]
        span = "" if not keys else keys[0] if len(keys) == 1 else f"{keys[0]}..{keys[-1]}"
        yield f"{span}  {why.words}" if span else why.words


def _total(outlooks: Sequence[Outlook]) -> str:
    run = sum(each.why.publishes and each.why.state is not State.BLOCKED for each in outlooks)
    waits = sum(each.why.state is State.WAITS for each in outlooks)
    blocked = sum(each.why.state is State.BLOCKED for each in outlooks)
    said = [f"{run - waits:,} of {len(outlooks):,} would run"]
    said += [f"{waits:,} more if what they read changes"] if waits else []
    said += [f"{blocked:,} cannot"] if blocked else []
    return f"{', '.join(said)}."


def _facts(planned: PlannedStep, plan: Plan) -> Iterator[tuple[str, str]]:
    stale = {dataset.name for dataset in plan.as_they_are}
    for position, (name, dataset) in enumerate(planned.reads.items()):
        column = planned.step.sources[name].interval_column
        scope = f"the interval by {column}" if column else "all rows"
        scope = "what is new" if planned.step.sources[name].incremental else scope
        back = planned.step.sources[name].lookback
        scope += f" and {plural(back, 'interval') if isinstance(back, int) else back} before it" if back else ""
        said = f"{scope}, as it is" if dataset.name in stale else scope
        yield "reads" if position == 0 else "", f"{dataset.name}  {dataset.uri}  ({said})"
    if planned.step.statements:
        yield "asks", f"{planned.step.statements.connection}  {planned.connection.url if planned.connection else ''}"
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
