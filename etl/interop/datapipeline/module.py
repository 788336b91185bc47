"""A job's module as Python."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pprint import pformat

from attrs import frozen

from etl.interop.datapipeline import jobs
from etl.interop.datapipeline.definition import Thing
from etl.interop.datapipeline.watches import alarms, waits
from etl.interop.datapipeline.work import Work


@frozen(kw_only=True)
class Activity:
    """One activity on its way to be a step."""

    thing: Thing
    name: str
    work: Work
    secrets: Mapping[str, str]
    after: tuple[str, ...]
    schedule: str

    @property
    def is_timed(self) -> bool:
        """Say whether it names its interval."""
        texts = (self.work.text, *self.work.arguments, *self.work.inputs, *self.work.outputs)
        return any(re.search(r"(?<![${])\{(start|end)\b", text) for text in texts)


def module(plan: jobs.Plan, schedule: str, members: Sequence[Activity], activation: str) -> str:
    things = [each.thing for each in members]
    timed = any(each.is_timed for each in members)
    when = jobs.schedule(plan, schedule, activation, timed=timed)
    if when == "None" and timed:
        plan.report.add(
            "approximated",
            things[0],
            "@scheduledStartTime",
            "on demand: `etl run JOB --date …` says which interval it is",
        )
    said = [f"schedule={when}"] if when != "None" else []
    said += jobs.patience(plan, things)
    wait_for = waits(plan, things)
    said += [f"wait_for=[{', '.join(wait_for)}]"] if wait_for else []
    told = alarms(plan, things)
    said += [f"{word}=[{', '.join(texts)}]" for word, texts in told.items()]
    steps = list(_steps(plan, members, scheduled=when != "None"))
    code = "\n\n".join(steps)
    used = {
        "Every": "Every(" in when,
        "Job": True,
        "ReplaceInterval": "ReplaceInterval(" in code,
        "Source": "Source(" in code,
    }
    used |= {"alarm": bool(told), "script_step": True, "wait": bool(wait_for)}
    imported = ", ".join(name for name, is_used in used.items() if is_used)
    job = ",\n    ".join(said)
    return (
        f'"""{_sentence(plan.definition.name)}, taken over from AWS Data Pipeline: see REPORT.md."""\n\n'
        f"from etl import {imported}\n\nJOB = Job(\n    {job},\n)\n\n{code}\n"
    )


def _sentence(text: str) -> str:
    return re.sub(r'["\\\r\n]+', " ", text).strip() or "A pipeline"


def _steps(plan: jobs.Plan, members: Sequence[Activity], *, scheduled: bool) -> Iterator[str]:
    for each in members:
        work, thing = each.work, each.thing
        command = ["bash", "-c", work.text, *(["bash", *work.arguments] if work.arguments else [])]
        limits = [jobs.span(thing.text("attemptTimeout"), plan, thing, "attemptTimeout")]
        resources = [plan.definition.objects[name] for name in thing.refs("runsOn")]
        limits += [jobs.span(one.text("terminateAfter"), plan, one, "terminateAfter") for one in resources]
        timeout = next(filter(None, limits), "1 day")
        said = [f"command={_listed(command)}"]
        column = ', interval_column="start"' if scheduled else ""
        if each.after:
            sources = ", ".join(f'"{name}": Source("done.{name}"{column})' for name in each.after)
            said.append(f"sources={{{sources}}}")
        said += [
            f"{name}={_listed(texts)}" for name, texts in (("inputs", work.inputs), ("outputs", work.outputs)) if texts
        ]
        if each.secrets:
            said.append(f"secrets={dict(sorted(each.secrets.items()))!r}")
        said += ['write=ReplaceInterval("start")'] if scheduled else []
        said += ['inherit="AWS_*"', f"timeout={timeout!r}", f"description={thing.name!r}"]
        body = ",\n    ".join(said)
        yield f'{each.name} = script_step(\n    "done.{each.name}",\n    {body},\n)'


def _listed(words: Sequence[str]) -> str:
    """Return a list of texts as Python; a text of several lines stands line by line."""
    return pformat([str(word) for word in words], width=110).replace("\n", "\n    ")
