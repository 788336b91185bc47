"""``etl export``: the schedule as files for other tools."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from etl.cli.context import Context, pass_context
from etl.cli.table import print_json
from etl.errors import ConfigError, UsageError, did_you_mean

if TYPE_CHECKING:
    from etl.project.project import Project
    from etl.schedule.export.groups import Group
    from etl.ship.requests import Requests

Tool = Literal["airflow", "step-functions", "cron", "systemd"]
CHANGES = 10
# Generated files do not depend on the day they are generated on.
SINCE = datetime(2024, 1, 1, tzinfo=UTC)


@click.command()
@click.argument("tool", type=click.Choice(["airflow", "step-functions", "cron", "systemd"]))
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option("--out", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@click.option("--to", metavar="NAME", help="Runs are sent to [submit.NAME]; without it Airflow runs them where it is.")
@click.option(
    "--bundle",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("dist"),
    show_default=True,
    help="Where `etl package` has put it.",
)
@click.option("--deployed", is_flag=True, help="The bundle that `etl deploy` has put there for the environment.")
@click.option("--role", metavar="ARN", help="Of EventBridge Scheduler, which may start state machines.")
@click.option("--region", metavar="REGION", help="Of the state machines. [default: s3.region, or AWS_REGION]")
@click.option("--check", is_flag=True, help="Write nothing; exit code 10 where a file differs or is missing.")
@pass_context
def command(
    context: Context,
    tool: Tool,
    jobs: tuple[str, ...],
    folder: Path,
    to: str | None,
    bundle: Path,
    deployed: bool,
    role: str | None,
    region: str | None,
    check: bool,
) -> None:
    """Write the schedule as files for Airflow, Step Functions, cron or systemd.

    They hand over the time at which they begin a run, and the run finds its interval by the job's own schedule.
    What they cannot say (preconditions, jobs of other schedules) is said in them, and here. The same project gives the
    same files.

    \b
    etl export airflow --out dags --to nightly -e prod
    etl export step-functions --out aws --to nightly -e prod --role arn:aws:iam::123456789012:role/Scheduler
    etl export cron --out ops
    etl export airflow --out dags --to nightly -e prod --check
    """
    project = context.open()
    found = _groups(project, jobs)
    if tool in {"cron", "systemd"}:
        files = _clock(project, found, tool)
    else:
        tasks = _tasks(project, found, to, bundle, deployed=deployed)
        files = _dags(project, found, tasks) if tool == "airflow" else _machines(project, found, tasks, role, region)
    for note in (note for group in found for note in group.notes if tool in {"airflow", "step-functions"}):
        click.echo(f"Warning: {note}", err=True)
    _lay(context, folder, files, check=check)


def _groups(project: Project, jobs: tuple[str, ...]) -> tuple[Group, ...]:
    from etl.schedule.export.groups import groups
    from etl.schedule.jobs import scheduled_jobs

    known = scheduled_jobs(project)
    unknown = [job for job in jobs if job not in known]
    if unknown:
        raise UsageError(f"no job {unknown[0]!r} with a schedule; {did_you_mean(unknown[0], known)}")
    found = [group for group in groups(known) if not jobs or {each.name for each in group.jobs} & set(jobs)]
    if not found:
        raise UsageError("no job has a schedule", remedy="write JOB = Job(schedule=Daily(at='06:00'))")
    return tuple(found)


def _tasks(
    project: Project, found: tuple[Group, ...], to: str | None, bundle: Path, *, deployed: bool
) -> Mapping[str, Requests]:
    """Return what runs each job on a platform; none where no platform is named."""
    from etl.cli.bundles import chosen
    from etl.schedule.export.marks import marked
    from etl.ship.requests import destination

    if to is None:
        return {}
    name, built = destination(project.config, to), chosen(project, bundle, deployed=deployed, here=False)
    return {each.name: marked(project.config, name, built, each.name) for group in found for each in group.jobs}


def _dags(project: Project, found: tuple[Group, ...], tasks: Mapping[str, Requests]) -> dict[str, str]:
    from etl.schedule.export.airflow import command_of, dag

    options = f" -e {project.config.environment}" + (f" -C {project.directory}" if project.directory else "")
    runs = {each.name: tasks.get(each.name) or command_of(each.name, options) for group in found for each in group.jobs}
    return {f"{group.name}.py": dag(group, runs, SINCE) for group in found}


def _machines(
    project: Project, found: tuple[Group, ...], tasks: Mapping[str, Requests], role: str | None, region: str | None
) -> dict[str, str]:
    from etl.schedule.export.event_schedule import schedule
    from etl.schedule.export.step_functions import machine

    if not tasks:
        raise UsageError("--to is missing: a state machine runs nothing itself", remedy="name a [submit.<name>]")
    if role is None or not role.startswith("arn:"):
        raise UsageError("--role is missing: the ARN of a role with which EventBridge Scheduler starts state machines")
    where = region or project.config.s3.region or os.environ.get("AWS_REGION", "")
    if not where:
        raise ConfigError("no region is said", remedy="--region, s3.region in conf/, or AWS_REGION")
    account, partition = role.split(":")[4], role.split(":")[1]
    files = {}
    for group in found:
        words = {"role": role, "machine": f"arn:{partition}:states:{where}:{account}:stateMachine:{group.name}"}
        files[f"{group.name}.asl.json"] = json.dumps(machine(group, tasks), indent=2) + "\n"
        files[f"{group.name}.schedule.json"] = json.dumps(schedule(group, SINCE, words), indent=2) + "\n"
    return files


def _clock(project: Project, found: tuple[Group, ...], tool: Tool) -> dict[str, str]:
    from etl.schedule.export import clock

    directory = project.directory or Path.cwd()
    etl = shutil.which("etl") or "etl"
    run = f"schedule run --once -e {project.config.environment}"
    if tool == "cron":
        return {"crontab": clock.crontab(found, SINCE, f"cd {directory} && {etl} {run} --quiet")}
    name = project.config.name or directory.name
    return {
        f"{name}-jobs.timer": clock.timer(found, SINCE, name),
        f"{name}-jobs.service": clock.service(name, str(directory), f"{etl} {run}"),
    }


def _lay(context: Context, folder: Path, files: Mapping[str, str], *, check: bool) -> None:
    """Write the files, or say which differ from what is there."""
    there = {name: (folder / name).read_text(encoding="utf-8") for name in files if (folder / name).is_file()}
    changed = sorted(name for name, text in files.items() if there.get(name) != text)
    if not check:
        folder.mkdir(parents=True, exist_ok=True)
        for name in changed:
            (folder / name).write_text(files[name], encoding="utf-8")
    if context.output == "json":
        print_json({"files": sorted(files), "changed": changed, "written": not check})
    else:
        for name in sorted(files):
            state = "differs" if check and name in changed else "written" if name in changed else "as it was"
            click.echo(f"{state:9}  {folder / name}")
    if check and changed:
        raise click.exceptions.Exit(CHANGES)
