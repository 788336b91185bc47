"""``etl validate``: what Spark would refuse, without reading a row."""

from __future__ import annotations

from datetime import date, timedelta

import click
from attrs import evolve

from etl.cli.context import Context, pass_context
from etl.cli.selection import Selection, selection_options
from etl.cli.session import start_session
from etl.cli.table import print_json
from etl.model.failure import ErrorInfo, rank
from etl.model.plural import plural
from etl.model.run import utc_now


@click.command()
@selection_options
@pass_context
def command(context: Context, selection: Selection) -> None:
    """Let Spark analyse every step on empty frames, and compare its columns with its target's; reads no data.

    Without a date, scheduled jobs are analysed for the interval that holds yesterday.

    \b
    etl validate
    etl validate nyc_flights --date 2013-02-08
    """
    project = context.open(static=False)
    # Only now: without PySpark these cannot be imported, and `open` has said so.
    from etl.engine.validate import changes, validate

    dated = selection if selection.date or selection.start else evolve(selection, date=str(_yesterday()))
    plan = dated.plan(project)
    session = start_session(project, plan, "validate", profile="test")
    errors = validate(plan, session)
    for said in changes(plan, session):
        click.echo(said, err=True)
    if context.output == "json":
        print_json([ErrorInfo.of(error).to_json() for error in errors])
    for error in errors:
        click.echo(f"Error: {error}", err=True)
    click.echo(f"{plural(len(plan.steps), 'step')} analysed, {plural(len(errors), 'error')}", err=True)
    raise SystemExit(min((error.exit_code for error in errors), key=rank, default=0))


def _yesterday() -> date:
    return (utc_now() - timedelta(days=1)).date()
