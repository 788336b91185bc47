"""What somebody does by hand to a scheduled job: pause it, resume it, settle one of its intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from etl.cli.context import Context, pass_context
from etl.cli.table import print_json

if TYPE_CHECKING:
    from etl.schedule.record import Record


@click.command()
@click.argument("jobs", nargs=-1, required=True, metavar="JOB…")
@click.option("--why", required=True, help="For whoever sees it.")
@pass_context
def pause(context: Context, jobs: tuple[str, ...], why: str) -> None:
    """Begin nothing more of a job; what is at work goes on, what becomes due is caught up with later.

    \b
    etl schedule pause nyc_flights --why "source is being repaired"
    """
    from etl.schedule.marks import paused

    _by_hand(context, jobs, "pause", why, paused)


@click.command()
@click.argument("jobs", nargs=-1, required=True, metavar="JOB…")
@click.option("--why", default="", help="For whoever sees it.")
@pass_context
def resume(context: Context, jobs: tuple[str, ...], why: str) -> None:
    """Go on with a job that was paused.

    \b
    etl schedule resume nyc_flights
    """
    from etl.schedule.marks import resumed

    _by_hand(context, jobs, "resume", why, resumed)


@click.command()
@click.argument("job")
@click.argument("interval")
@click.option("--as", "what", type=click.Choice(["done", "failed", "again"]), required=True, help="What it becomes.")
@click.option("--why", required=True, help="For whoever sees it.")
@pass_context
def mark(context: Context, job: str, interval: str, what: str, why: str) -> None:
    """Settle an interval by hand, or ask for it again.

    What waits for one that is done goes on; what waits for one that failed fails with it; one asked for again runs
    anew, and what had failed with it waits for it.

    \b
    etl schedule mark nyc_flights 2013-02-08 --as done --why "loaded by hand"
    etl schedule mark nyc_flights 2013-02-08 --as again --why "source corrected"
    """
    from etl.cli.scheduling import mark_of, open_scheduling
    from etl.model.naming import named
    from etl.schedule.marks import marked

    scheduling = open_scheduling(context)
    each = scheduling.chosen([job])[job]
    found = named(each.schedule, interval)
    said = mark_of(what, why, found.key)
    scheduling.change(job, lambda record: marked(each, record, found, said))
    click.echo(f"{job} {found.key} is marked {what}", err=True)


def _by_hand(context: Context, jobs: tuple[str, ...], what: str, why: str, change: Any) -> None:
    from etl.cli.scheduling import mark_of, open_scheduling

    scheduling, said = open_scheduling(context), mark_of(what, why)
    records: dict[str, Record] = {}
    for name in scheduling.chosen(jobs):
        records[name] = scheduling.change(name, lambda record: change(record, said))
    if context.output == "json":
        print_json([{"job": name, "paused": record.paused is not None} for name, record in records.items()])
        return
    for name, record in records.items():
        click.echo(f"{name} {'is paused' if record.paused else 'goes on'}", err=True)
