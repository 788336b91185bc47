"""``etl plan``: what a run would do. No writes; no JVM either, unless asked where each step stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from etl.cli.context import Context, pass_context
from etl.cli.selection import Selection, selection_options
from etl.cli.session import start_session
from etl.cli.table import print_json

if TYPE_CHECKING:
    from etl.model.plan import Plan
    from etl.model.why import Outlook
    from etl.project.project import Project


@click.command()
@selection_options
@click.option("--why", is_flag=True, help="Say which steps would run for which intervals, and why; starts Spark.")
@pass_context
def command(context: Context, selection: Selection, why: bool) -> None:
    """Say what a run would do, and do nothing.

    \b
    etl plan nyc_flights --date 2013-02-08
    etl plan nyc_flights --from 2013-02-01 --to 2013-03-01 --why
    etl plan +marts.route_on_time --from 2013-02-01 --to 2013-03-01
    etl plan nyc_flights --date 2013-02-08 -o json
    """
    from etl.report.plan import render_plan

    project = context.open(static=not why)
    plan = selection.plan(project)
    outlooks = _outlooks(project, plan) if why else None
    if context.output == "json":
        print_json(plan.to_json() | ({} if outlooks is None else {"outlook": [each.to_json() for each in outlooks]}))
    else:
        click.echo(render_plan(plan, outlooks).rstrip("\n"))


def _outlooks(project: Project, plan: Plan) -> tuple[Outlook, ...]:
    from etl.engine.outlook import outlook

    return outlook(plan, start_session(project, plan, "plan"))
