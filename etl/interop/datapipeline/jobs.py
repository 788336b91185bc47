"""A definition's schedules as jobs: when, what is waited for, who is told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from attrs import define, field

from etl.errors import ConfigError, EtlError
from etl.interop.datapipeline.definition import Definition, Thing
from etl.interop.datapipeline.expressions import Scope, plain
from etl.interop.datapipeline.report import Report
from etl.model.duration import duration, period

ON_DEMAND = ""
MOST_RETRIES = 10
DEFAULT_RETRIES = 3
DAYS = {"month": 30, "year": 365}
MODES = ("cron", "timeseries", "ondemand")


@define
class Plan:
    """What is gathered for the jobs of one definition.

    Args:
        definition: with inherited fields.
        report: gets what became of everything.
        secrets: variable to where it lies.
        missing: parameters without a value.
    """

    definition: Definition
    report: Report
    secrets: dict[str, str] = field(factory=dict)
    missing: set[str] = field(factory=set)

    def scope(self, thing: Thing, node: Thing | None = None, secrets: dict[str, str] | None = None) -> Scope:
        """Return the scope of an object; what it needs is gathered here."""
        return Scope(self.definition, thing, node, self.secrets if secrets is None else secrets, [], self.missing)


def span(text: str | None, plan: Plan, thing: Thing, name: str) -> str | None:
    """Return a period of Data Pipeline as a duration of ours; None where there is none, or only a run knows it."""
    said = plain(text, plan.scope(thing)) if text else None
    if not said:
        if text:
            plan.report.add("approximated", thing, name, f"{text} has no value: the default is taken")
        return None
    found = re.fullmatch(r"\s*(\d+)\s*([A-Za-z]*?)s?\s*", said)
    unit = (found[2].lower() or "hour") if found else ""
    if not found or (unit not in DAYS and unit not in ("minute", "hour", "day", "week")):
        raise ConfigError(f"object {thing.id!r}: {name} {said!r} is no period", place=plan.definition.place(thing))
    count = int(found[1])
    if unit in DAYS:
        plan.report.add("approximated", thing, name, f"{said} is taken as {DAYS[unit]} days each")
        count, unit = count * DAYS[unit], "day"
    return f"{count} {unit if count == 1 else unit + 's'}"


def mode(plan: Plan) -> str:
    """Return the pipeline's schedule type: ``cron``, ``timeseries`` or ``ondemand``."""
    default = plan.definition.objects.get("Default")
    said = (default.text("scheduleType") if default else None) or next(
        (each for thing in plan.definition.objects.values() if (each := thing.text("scheduleType"))), ""
    )
    if said.lower() not in MODES:
        if said:
            place = plan.definition.place(default) if default else None
            raise ConfigError(f"scheduleType {said!r} is none of {', '.join(MODES)}", place=place)
        if default:
            plan.report.add("approximated", default, "scheduleType", "none is given: timeseries is taken")
        return "timeseries"
    return said.lower()


def schedule(plan: Plan, owner: str, activation: str, *, timed: bool) -> str:
    """Return the Python text of a job's schedule; ``None`` where it runs on demand.

    Args:
        plan: the definition.
        owner: the id of the Schedule.
        activation: what stands for the time of the first activation.
        timed: something of the job names its interval.
    """
    if owner == ON_DEMAND:
        return "None"
    thing = plan.definition.objects[owner]
    scope = plan.scope(thing)
    said = {
        name: plain(text, scope)
        for name in ("period", "startDateTime", "endDateTime", "occurrences")
        if (text := thing.text(name))
    }
    if not said.get("period"):
        raise ConfigError(f"object {owner!r} has no period", place=plan.definition.place(thing))
    starts = (thing.text("startAt") or "").upper()
    if starts.startswith("ONDEMAND"):
        return "None"
    if not said.get("startDateTime") and not starts:
        raise ConfigError(f"object {owner!r} has neither startAt nor startDateTime", place=plan.definition.place(thing))
    if said.get("occurrences") and said.get("endDateTime"):
        raise ConfigError(
            f"object {owner!r} has occurrences and endDateTime: one is allowed", place=plan.definition.place(thing)
        )
    if said.get("occurrences") == "1" and not timed:
        plan.report.add("mapped", thing, "occurrences", "run once: the job runs on demand, `etl run`")
        return "None"
    try:
        rate = period(" ".join((said["period"] or "").split()).lower())
        start = _instant(said.get("startDateTime") or activation)
        parts = [repr(str(rate)), f"start={start!r}"]
        parts += [f"end={_instant(said['endDateTime'] or '')!r}"] if said.get("endDateTime") else []
        parts += [f"occurrences={int(said['occurrences'] or 1)}"] if said.get("occurrences") else []
    except (EtlError, ValueError) as error:
        raise ConfigError(f"object {owner!r}: {error}", place=plan.definition.place(thing)) from None
    if not said.get("startDateTime"):
        plan.report.add(
            "approximated", thing, "startAt", f"the first activation is {activation}, `--activation` says another"
        )
    parts += ['due="start"'] if mode(plan) == "cron" else []
    plan.report.add("mapped", thing, "Schedule", f"Every({', '.join(parts)})")
    return f"Every({', '.join(parts)})"


def _instant(text: str) -> str:
    return datetime.fromisoformat(text.removesuffix("Z")).isoformat(timespec="minutes")


def patience(plan: Plan, activities: Sequence[Thing]) -> list[str]:
    """Return the job's words on attempts, lateness and cascading, the most patient of its activities' own."""
    said = []
    given = [plain(text, plan.scope(thing)) for thing in activities if (text := thing.text("maximumRetries"))]
    numbers = [int(each) for each in given if each and each.isdigit()]
    if not numbers:
        plan.report.add(
            "approximated", activities[0], "maximumRetries", f"none is given: {DEFAULT_RETRIES}, as AWS's FAQ says"
        )
    said.append(f"retries={min(max(numbers, default=DEFAULT_RETRIES), MOST_RETRIES)}")
    for name, word, choose in (("retryDelay", "retry_delay", max), ("lateAfterTimeout", "late_after", min)):
        found = [text for thing in activities if (text := span(thing.text(name), plan, thing, name))]
        if found:
            said.append(f"{word}={choose(found, key=duration)!r}")
        elif name == "retryDelay":
            said.append("retry_delay='10 minutes'")
    modes = {(thing.text("failureAndRerunMode") or "none").lower() for thing in activities}
    if modes - {"cascade"}:
        said.append("cascade=False")
    active = [int(text) for thing in activities if (text := thing.text("maxActiveInstances")) and text.isdigit()]
    return [*said, *([f"max_active_runs={max(active)}"] if active and max(active) > 1 else [])]
