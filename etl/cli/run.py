"""``etl run``: run steps, show them, leave artifacts and a line in the ledger."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import click

from etl.cli.context import Context, pass_context
from etl.cli.duration import seconds
from etl.cli.selection import Selection, selection_options
from etl.cli.table import print_json
from etl.errors import ProtectedEnvironmentError, UsageError, did_you_mean
from etl.model.platforms import PLATFORMS

if TYPE_CHECKING:
    from etl.project.project import Project
    from etl.report.terminal import Mode

_RUN_ID = re.compile(r"[A-Za-z0-9](?:[\w.-]{0,98}[A-Za-z0-9])?", re.ASCII)  # the name of a folder and of an object

_NAMES = ", ".join(PLATFORMS)


def _known(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is not None and value not in PLATFORMS:
        raise click.BadParameter(f"{value!r} is no platform; {did_you_mean(value, PLATFORMS)}")
    return value


@click.command()
@selection_options
@click.option("--threads", type=click.IntRange(1, 64), help="Steps that may run at once. [default: run.threads]")
@click.option("--force", is_flag=True, help="Publish again what was already published from the same code and inputs.")
@click.option("--fail-fast", is_flag=True, help="Begin no further interval after a failure.")
@click.option("--wait", metavar="DURATION", callback=seconds, help="Wait so long for other runs: 30s, 10m, 1h.")
@click.option("--run-id", metavar="ID", help="Name of the run. [default: made from the time]")
@click.option("--platform", metavar="NAME", callback=_known, help=f"Where this runs: {_NAMES}. [default: run.platform]")
@click.option("--master", metavar="URL", help="Spark master on platform local. [default: local[*]]")
@click.option(
    "--progress",
    type=click.Choice(["auto", "live", "lines", "none"]),
    default="auto",
    show_default=True,
    help="How the run is shown on stderr.",
)
@click.option("--yes", is_flag=True, help="Run in a protected environment.")
@pass_context
def command(
    context: Context,
    selection: Selection,
    threads: int | None,
    force: bool,
    fail_fast: bool,
    wait: float,
    run_id: str | None,
    platform: str | None,
    master: str | None,
    progress: Mode,
    yes: bool,
) -> None:
    """Run steps for an interval: extract, transform, stage, audit, publish.

    Without SELECT every step runs. A range runs interval by interval in one session.

    \b
    etl run nyc_flights --date 2013-02-08
    etl run nyc_flights --from 2013-01-01 --to 2014-01-01
    etl run +marts.route_on_time --exclude tag:slow --date 2013-02-08
    etl run nyc_flights --date 2013-02-08 -e prod --yes
    """
    project = context.open(static=False, overrides={"run.platform": platform} if platform else None)
    plan = selection.plan(project)
    _refuse_unconfirmed(project, yes=yes)
    from etl.cli.execution import execute

    result = execute(
        project,
        plan,
        _run_id(run_id),
        sys.stderr,
        progress,
        quiet=context.quiet,
        master=master,
        selection=tuple(selection.select),
        threads=threads or project.config.run.threads,
        force=force,
        fail_fast=fail_fast,
        wait=wait,
    )
    if context.output == "json":
        print_json(result.to_json())
    for step in result.steps if context.debug else ():
        if step.error and step.error.traceback:
            click.echo(step.error.traceback, err=True)
    raise SystemExit(result.exit_code)


def _refuse_unconfirmed(project: Project, *, yes: bool) -> None:
    if project.config.run.protected and not yes:
        raise ProtectedEnvironmentError(project.config.environment)


def _run_id(given: str | None) -> str:
    from etl.model.run import new_run_id, utc_now

    if given is None:
        return new_run_id(utc_now())
    if not _RUN_ID.fullmatch(given):
        raise UsageError(f"run id {given!r} is not 1 to 100 letters, digits, and . _ - inside")
    return given
