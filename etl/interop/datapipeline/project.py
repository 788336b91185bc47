"""A definition as the files of a project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from etl.errors import ConfigError
from etl.interop.datapipeline import jobs
from etl.interop.datapipeline.activities import KINDS, work_of
from etl.interop.datapipeline.definition import Definition, Thing, inherited
from etl.interop.datapipeline.module import Activity, module
from etl.interop.datapipeline.report import Report
from etl.interop.datapipeline.settings import conf
from etl.interop.layout import snake


@frozen
class Made:
    """What was made of a definition: files by path, and the report."""

    files: Mapping[str, str]
    report: Report
    missing: frozenset[str]
    secrets: Mapping[str, str]


def project(original: Definition, activation: str) -> Made:
    """Return a project that does what a definition says.

    Args:
        original: as it was read.
        activation: the day, or the time, that stands for ``FIRST_ACTIVATION_DATE_TIME``.

    Raises:
        ConfigError: the definition is wrong, with the object and the line.
    """
    definition = inherited(original)
    plan = jobs.Plan(definition, Report(definition))
    plan.report.fields(original)
    activities = [thing for thing in definition.objects.values() if thing.type in KINDS]
    if not activities:
        raise ConfigError(f"{definition.file} has no activity, so there is nothing to run")
    names = _names(activities)
    after = _order(definition, activities)
    on_demand = jobs.mode(plan) == "ondemand"
    done = [_activity(plan, thing, names, after[thing.id], on_demand=on_demand) for thing in activities]
    by_schedule: dict[str, list[Activity]] = {}
    for each in done:
        by_schedule.setdefault(each.schedule, []).append(each)
    title = snake(original.name) or "pipeline"
    files = conf(definition, title, plan)
    for number, (schedule, members) in enumerate(by_schedule.items()):
        name = title if not number else f"{title}_{snake(schedule) or number}"
        files[f"jobs/{name}.py"] = module(plan, schedule, members, activation)
    said = {name: " ".join(definition.parameters.get(name, {}).get("description", ())) for name in plan.missing}
    files["REPORT.md"] = "\n".join(plan.report.text(said, plan.secrets)).rstrip() + "\n"
    return Made(files, plan.report, frozenset(plan.missing), dict(plan.secrets))


def _names(activities: Sequence[Thing]) -> dict[str, str]:
    found: dict[str, str] = {}
    for thing in activities:
        name = wanted = snake(thing.id) or "activity"
        number = 2
        while name in found.values():
            name, number = f"{wanted}_{number}", number + 1
        found[thing.id] = name
    return found


def _order(definition: Definition, activities: Sequence[Thing]) -> dict[str, tuple[str, ...]]:
    """Return what each activity comes after: what it depends on, and who writes what it reads.

    Raises:
        ConfigError: activities wait for one another in a circle.
    """
    writers: dict[str, list[str]] = {}
    for thing in activities:
        for node in thing.refs("output"):
            writers.setdefault(node, []).append(thing.id)
    known = {thing.id for thing in activities}
    after = {}
    for thing in activities:
        nodes = thing.refs("input")
        depends = [
            *thing.refs("dependsOn"),
            *(each for node in nodes for each in definition.objects[node].refs("dependsOn")),
        ]
        found = [each for name in depends for each in ([name] if name in known else writers.get(name, []))]
        found += [each for node in nodes for each in writers.get(node, [])]
        after[thing.id] = tuple(dict.fromkeys(each for each in found if each != thing.id))
    _check_circles(definition, after)
    return after


def _check_circles(definition: Definition, after: Mapping[str, tuple[str, ...]]) -> None:
    done: set[str] = set()

    def visit(each: str, above: tuple[str, ...]) -> None:
        if each in above:
            round_ = (*above[above.index(each) :], each)
            raise ConfigError(
                f"activities wait for one another: {' → '.join(round_)}",
                place=definition.place(definition.objects[each]),
            )
        if each not in done:
            for other in after[each]:
                visit(other, (*above, each))
            done.add(each)

    for each in after:
        visit(each, ())


def _activity(
    plan: jobs.Plan, thing: Thing, names: Mapping[str, str], after: tuple[str, ...], *, on_demand: bool
) -> Activity:
    secrets: dict[str, str] = {}
    scope = plan.scope(thing, None, secrets)
    work = work_of(scope)
    plan.secrets.update(secrets)
    for note in dict.fromkeys((*work.notes, *scope.notes)):
        plan.report.add("approximated", thing, thing.type, note)
    for resource in thing.refs("runsOn"):
        plan.report.add(
            "mapped", plan.definition.objects[resource], "resource", "see conf/env/aws.toml, and the report's head"
        )
    plan.report.add("mapped", thing, thing.type, f"script step done.{names[thing.id]}")
    schedules = thing.refs("schedule")
    schedule = jobs.ON_DEMAND if on_demand or not schedules else schedules[0]
    return Activity(
        thing=thing,
        name=names[thing.id],
        work=work,
        secrets=secrets,
        after=tuple(names[each] for each in after),
        schedule=schedule,
    )
