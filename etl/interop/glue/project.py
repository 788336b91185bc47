"""Jobs and triggers as the files of a project: a job module for each schedule, a script step for each Glue job.

A trigger on a schedule is a job's schedule; a conditional one makes its jobs steps that read those it waits for. A
Python shell job's script runs where the scheduler is; any other stays on Glue, and its step starts it and waits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field

from etl.errors import ConfigError
from etl.interop.glue.reading import Found, Said
from etl.interop.glue.schedules import five
from etl.interop.layout import common, snake

SHELL = "pythonshell"
OF_GLUE = re.compile(
    r"--(?:enable-|disable-|job-bookmark|extra-|additional-|continuous-|TempDir|class$|conf$|datalake-)"
)
_SECRET = re.compile(r"PASS|SECRET|TOKEN|KEY", re.IGNORECASE)
FETCH = 'aws s3 cp "$0" - | python3 - "$@"'
START = """RUN=$(aws glue start-job-run --job-name "$0" --arguments "$1" --query JobRunId --output text) || exit 1
while sleep 30; do
  STATE=$(aws glue get-job-run --job-name "$0" --run-id "$RUN" --query JobRun.JobRunState --output text)
  case "$STATE" in
    SUCCEEDED) exit 0 ;;
    FAILED | ERROR | TIMEOUT | STOPPED | EXPIRED) echo "Glue job $0, run $RUN: $STATE" >&2; exit 1 ;;
  esac
done"""


@define
class Work:
    """A project on its way.

    Args:
        found: what was read.
        report: lines of REPORT.md.
        files: by path.
        taken: names of steps so far.
    """

    found: Found
    report: list[str] = field(factory=list)
    files: dict[str, str] = field(factory=dict)
    taken: set[str] = field(factory=set)

    def note(self, what: str, outcome: str, why: str) -> None:
        """Say what became of something."""
        self.report.append(f"- {what}: {outcome}: {why}")


def project(found: Found, name: str) -> dict[str, str]:
    """Return the files of a project that does what jobs and triggers do, REPORT.md among them.

    Raises:
        ConfigError: nothing can become of it.
    """
    work = Work(found)
    reached: set[str] = set()
    for trigger in found.triggers.values():
        if trigger.get("Type") == "SCHEDULED":
            reached |= _module(work, str(trigger["Name"]), trigger)
        elif trigger.get("Type") not in {"CONDITIONAL", "ON_DEMAND"}:
            work.note(f"trigger {trigger['Name']}", "left out", f"it is of type {trigger.get('Type')}")
    for job in found.jobs:
        if job not in reached:
            _module(work, job, {"Actions": [{"JobName": job}]})
            work.note(f"job {job}", "mapped", "no schedule reaches it: `etl run` starts it by hand")
    for unknown in found.unknown:
        work.note(f"{unknown}", "to do", f"only the stack knows it: replace STACK_{unknown} in jobs/")
    title = snake(name) or "glue"
    report = "\n".join([f"# What became of {name}", "", *work.report, ""])
    return {**common(title, "AWS Glue"), **work.files, "REPORT.md": report}


def _module(work: Work, name: str, trigger: Said) -> set[str]:
    """Write the module of a trigger and of what follows from it; return the jobs in it."""
    schedule, left = five(str(trigger["Schedule"])) if "Schedule" in trigger else ("", "")
    if left:
        work.note(f"trigger {name}", "approximated", f"{left} are not in the schedule")
    actions = {str(each["JobName"]): each for each in trigger.get("Actions", ()) if each.get("JobName")}
    after: dict[str, list[str]] = {job: [] for job in actions}
    _follow(work, after, actions)
    unknown = [job for job in after if job not in work.found.jobs]
    for job in unknown:
        work.note(f"trigger {name}", "left out", f"its job {job} is in none of the files")
        del after[job]
    if not after:
        raise ConfigError(f"trigger {name} starts no job that is in the files", remedy="give those of its jobs too")
    module = snake(name) or "job"
    steps = {job: _free(work, snake(job) or "job") for job in after}
    code = [_step(work, job, actions.get(job, {}), steps, after[job], timed=bool(schedule)) for job in after]
    retries = max(int(work.found.jobs[job].get("MaxRetries") or 0) for job in after)
    said = [f"schedule=Cron({schedule!r})"] if schedule else []
    said += [f"retries={min(retries, 10)}"] if retries else []
    names = [*(["Cron"] if schedule else []), "Job", *(["ReplaceInterval"] if schedule else [])]
    names += [*(["Source"] if any(after.values()) else []), "script_step"]
    arguments = "".join(f"\n    {each}," for each in said) + ("\n" if said else "")
    body = "\n\n".join(code)
    work.files[f"jobs/{module}.py"] = (
        f'"""{name}, taken over from AWS Glue: see REPORT.md."""\n\nfrom etl import {", ".join(names)}\n\n'
        f"JOB = Job({arguments})\n\n{body}\n"
    )
    if schedule:
        work.note(f"trigger {name}", "mapped", f"job `{module}`, {schedule} in UTC")
        if trigger.get("StartOnCreation") is False:
            work.note(f"trigger {name}", "to do", "it was not started: `etl schedule pause` until it is to run")
    return set(after)


def _follow(work: Work, after: dict[str, list[str]], actions: dict[str, Any]) -> None:
    """Add the jobs of conditional triggers whose conditions are met by jobs that are there, again and again."""
    grown = True
    while grown:
        grown = False
        for trigger in work.found.triggers.values():
            if trigger.get("Type") != "CONDITIONAL":
                continue
            conditions = trigger.get("Predicate", {}).get("Conditions", ())
            waits = [str(each.get("JobName")) for each in conditions if each.get("State", "SUCCEEDED") == "SUCCEEDED"]
            if len(waits) < len(conditions) or not waits or not set(waits) <= set(after):
                continue
            if trigger.get("Predicate", {}).get("Logical") == "ANY" and len(waits) > 1:
                work.note(f"trigger {trigger['Name']}", "approximated", "it waits for all of its jobs, not for any")
            for action in trigger.get("Actions", ()):
                job = str(action.get("JobName"))
                if job not in after:
                    after[job], actions[job], grown = list(waits), action, True


def _step(work: Work, job: str, action: Said, steps: Mapping[str, str], after: Sequence[str], *, timed: bool) -> str:
    said = work.found.jobs[job]
    command = said.get("Command", {})
    arguments = _arguments(work, job, {**(said.get("DefaultArguments") or {}), **(action.get("Arguments") or {})})
    script = str(command.get("ScriptLocation", ""))
    if command.get("Name") == SHELL:
        own = [word for key, value in arguments.items() if not OF_GLUE.match(key) for word in (key, value)]
        words = ["bash", "-c", FETCH, script, *own]
        work.note(f"job {job}", "approximated", "its script runs where the scheduler is, by the python3 there")
    else:
        words = ["bash", "-c", START, job, json.dumps(arguments)]
        work.note(f"job {job}", "approximated", f"{script or 'its script'} stays on Glue: the step starts it and waits")
    if (said.get("ExecutionProperty") or {}).get("MaxConcurrentRuns", 1) > 1:
        work.note(f"job {job}", "approximated", "one run at a time: max_active_runs of the job allows more")
    words = [word.replace("{", "{{").replace("}", "}}") for word in words]
    timeout = f"{int(said.get('Timeout') or 2880)} minutes"
    column = ', interval_column="start"' if timed else ""
    sources = ", ".join(f'"{steps[each]}": Source("done.{steps[each]}"{column})' for each in after)
    listed = "[\n        " + ",\n        ".join(map(repr, words)) + ",\n    ]"
    parts = [f"command={listed}", *([f"sources={{{sources}}}"] if sources else [])]
    parts += ['write=ReplaceInterval("start")'] if timed else []
    parts += ['inherit="AWS_*"', f"timeout={timeout!r}", f"description={(said.get('Description') or job)!r}"]
    lines = ",\n    ".join(parts)
    return f'{steps[job]} = script_step(\n    "done.{steps[job]}",\n    {lines},\n)'


def _arguments(work: Work, job: str, given: Mapping[str, Any]) -> dict[str, str]:
    """Return a job's arguments without those whose values may be secrets."""
    for key in given:
        if _SECRET.search(key):
            work.note(f"job {job}", "to do", f"{key} may be a secret and was not copied: say it by secrets=")
    return {key: str(value) for key, value in given.items() if not _SECRET.search(key)}


def _free(work: Work, name: str) -> str:
    found, number = name, 1
    while found in work.taken:
        number += 1
        found = f"{name}_{number}"
    work.taken.add(found)
    return found
