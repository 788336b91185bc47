"""``etl run``: run steps, show them, leave artifacts and a line in the ledger."""

from __future__ import annotations

import click

from etl.cli.context import Context, pass_context
from etl.cli.refresh import full_refresh_option, refreshed
from etl.cli.running import Running, running_options
from etl.cli.selection import Selection, selection_options
from etl.errors import UsageError


@click.command()
@selection_options
@running_options
@click.option("--force", is_flag=True, help="Publish again what was already published from the same code and inputs.")
@full_refresh_option
@click.option("--resume", metavar="RUN", help="Do what did not succeed in that run, as `etl retry` does.")
@pass_context
def command(
    context: Context, selection: Selection, running: Running, force: bool, full_refresh: bool, resume: str | None
) -> None:
    """Run steps for an interval: extract, transform, stage, audit, publish.

    Without SELECT every step runs. A range runs interval by interval in one session.

    \b
    etl run nyc_flights --date 2013-02-08
    etl run nyc_flights --from 2013-01-01 --to 2014-01-01
    etl run +marts.route_on_time --exclude tag:slow --date 2013-02-08
    etl run nyc_flights --date 2013-02-08 -e prod --yes
    """
    if resume is not None:
        if force or full_refresh or selection.given:
            raise UsageError(
                "--resume takes steps, dates and parameters from the earlier run",
                remedy=f"etl run --resume {resume}, with nothing that selects",
            )
        from etl.cli.retry import again

        again(context, running, resume)
    project = running.open(context)
    plan = refreshed(project, selection) if full_refresh else selection.plan(project)
    running.carry_out(context, project, plan, selection=tuple(selection.select), force=force or full_refresh)
