"""``etl plan``: what a run would do. No JVM, no writes."""

from __future__ import annotations

import click

from etl.cli.context import Context, pass_context
from etl.cli.selection import Selection, selection_options
from etl.cli.table import print_json


@click.command()
@selection_options
@pass_context
def command(context: Context, selection: Selection) -> None:
    """Say what a run would do, and do nothing.

    \b
    etl plan nyc_flights --date 2013-02-08
    etl plan +marts.route_on_time --from 2013-02-01 --to 2013-03-01
    etl plan nyc_flights --date 2013-02-08 -o json
    """
    from etl.report.plan import render_plan

    plan = selection.plan(context.open())
    if context.output == "json":
        print_json(plan.to_json())
    else:
        click.echo(render_plan(plan).rstrip("\n"))
