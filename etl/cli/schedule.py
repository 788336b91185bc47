"""``etl schedule``: which intervals are due, what they wait for, and the scheduler itself."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

import click

from etl.cli.context import Context, pass_context, shared_options
from etl.cli.duration import seconds
from etl.cli.marks import mark, pause, resume
from etl.cli.moment import moment
from etl.cli.table import print_rows
from etl.errors import UsageError
from etl.model.run import utc_now

FAILED = 1
SHOWN = 20
JOBS = click.argument("jobs", nargs=-1, metavar="[JOB]…")


@click.group()
@shared_options
def command() -> None:
    """Run jobs when they are due; list what is due and what it waits for.

    Each interval runs once, after the intervals of other jobs and the preconditions that it waits for.

    \b
    etl schedule due
    etl schedule run --once
    etl schedule serve --health 127.0.0.1:8080
    """


@command.command("list")
@JOBS
@pass_context
def list_(context: Context, jobs: tuple[str, ...]) -> None:
    """List scheduled jobs: how often, what is done, when the next interval is due.

    \b
    etl schedule list -o json
    """
    from etl.cli.scheduling import open_scheduling
    from etl.model.recurrence import due_at, next_interval
    from etl.schedule.jobs import described

    scheduling, rows = open_scheduling(context), []
    for name, each in scheduling.chosen(jobs).items():
        record = scheduling.record(name)
        ahead = next_interval(each.schedule, record.reached(each.schedule))
        rows.append(
            {
                "job": name,
                "schedule": described(each),
                "done_until": record.done[-1][1].isoformat() if record.done else None,
                "next": ahead.key if ahead else None,
                "due": due_at(each.schedule, ahead).isoformat() if ahead else None,
                "open": len(record.open),
                "paused": record.paused.who if record.paused else None,
                "owner": each.job.owner,
            }
        )
    print_rows(rows, ("job", "schedule", "done_until", "next", "due", "open", "paused", "owner"), context.output)


@command.command("next")
@JOBS
@click.option("-n", "count", type=click.IntRange(1, 1000), default=5, show_default=True, help="Intervals of each job.")
@click.option("--after", "since", callback=moment, metavar="TIME", help="Due after that. [default: now]")
@pass_context
def next_(context: Context, jobs: tuple[str, ...], count: int, since: datetime | None) -> None:
    """List the intervals that become due next, by the schedules alone.

    \b
    etl schedule next nyc_flights -n 3
    etl schedule next --after 2026-03-29
    """
    from etl.cli.scheduling import open_scheduling
    from etl.schedule.jobs import ahead

    after = since or utc_now()
    rows = [
        {"due": due.isoformat(), "job": name, "interval": interval.key}
        for name, each in open_scheduling(context).chosen(jobs).items()
        for due, interval in islice(ahead(each, after), count)
    ]
    print_rows(sorted(rows, key=lambda row: (row["due"], row["job"])), ("due", "job", "interval"), context.output)


@command.command()
@JOBS
@pass_context
def due(context: Context, jobs: tuple[str, ...]) -> None:
    """List the intervals that are due and not done: which may run, which wait and for what, which failed.

    Preconditions are asked; nothing is run and nothing is written.

    \b
    etl schedule due
    etl schedule due nyc_flights -o json
    """
    from etl.cli.scheduling import open_scheduling, rows_of

    scheduling = open_scheduling(context)
    rows = rows_of(scheduling, list(scheduling.chosen(jobs)))
    if not rows and context.output == "text":
        click.echo("nothing is due")
        return
    shown = rows if context.output == "json" else rows[:SHOWN]
    print_rows(shown, ("job", "interval", "state", "said"), context.output)
    if len(rows) > len(shown):
        click.echo(f"and {len(rows) - len(shown)} more: -o json has all")


@command.command()
@click.option("--once", is_flag=True, help="End when all that is due has ended; without it, `etl schedule serve`.")
@click.option("--wait", is_flag=True, help="Stand by while another scheduler has the environment.")
@click.option("--to", metavar="NAME", help="Submit runs to [submit.NAME], with the bundle that is deployed.")
@click.option("--yes", is_flag=True, help="Run in a protected environment.")
@pass_context
def run(context: Context, once: bool, wait: bool, to: str | None, yes: bool) -> None:
    """Run what is due, wait for its end, and exit: for cron, or a systemd timer.

    What waits for a precondition or another job's interval is left for the next time. Exit code 1 if an interval that
    was run has failed for good.

    \b
    etl schedule run --once
    """
    if not once:
        raise UsageError("run what is due once, or serve?", remedy="etl schedule run --once, or etl schedule serve")
    failed = _served(context, poll=1.0, wait=wait, to=to, yes=yes, health=None, once=True)
    if failed:
        click.echo(f"failed: {', '.join(failed)}; next: etl schedule due", err=True)
        raise click.exceptions.Exit(FAILED)


@command.command()
@click.option("--poll", metavar="DURATION", default="1s", callback=seconds, help="Between two looks. [default: 1s]")
@click.option("--wait", is_flag=True, help="Stand by while another scheduler has the environment, and take over.")
@click.option("--health", metavar="HOST:PORT", help="Serve /health there: 200 while it decides, else 503.")
@click.option("--to", metavar="NAME", help="Submit runs to [submit.NAME], with the bundle that is deployed.")
@click.option("--yes", is_flag=True, help="Run in a protected environment.")
@pass_context
def serve(context: Context, poll: float, wait: bool, health: str | None, to: str | None, yes: bool) -> None:
    """Run jobs when they are due, until told to stop.

    Everything it knows is in the state store: killed at any point, the next one goes on. SIGTERM stops it; runs at work
    go on, and the next scheduler finds them.

    \b
    etl schedule serve
    etl schedule serve -e prod --yes --wait --health 0.0.0.0:8080
    etl schedule serve -e prod --to nightly
    """
    _served(context, poll=max(poll, 0.05), wait=wait, to=to, yes=yes, health=health, once=False)


def _served(
    context: Context, *, poll: float, wait: bool, to: str | None, yes: bool, health: str | None, once: bool
) -> list[str]:
    """Run the scheduler; return the intervals that failed while it was at it."""
    from contextlib import ExitStack

    from etl.cli.scheduling import fenced, held, open_scheduling, server_of, told
    from etl.cli.signals import interruptible
    from etl.engine.stop import Stop
    from etl.schedule.health import serving

    scheduling, stop = open_scheduling(context), Stop()
    server = server_of(context, scheduling, stop, poll=poll, yes=yes, to=to)
    with ExitStack() as stack:
        stack.enter_context(interruptible(stop))
        if health:
            told(f"health: {stack.enter_context(serving(health, server.health))}")
        stack.callback(server.asking.close)
        fenced(server, stack.enter_context(held(scheduling, stop, wait=wait)))
        if not context.quiet:
            told(f"{len(scheduling.jobs)} jobs on schedule in {scheduling.project.config.environment}")
        server.once() if once else server.serve()
    if once and stop.requested:
        raise click.exceptions.Exit(stop.requested)
    return sorted(server.machine.failed)


for each in (pause, resume, mark):
    command.add_command(each)
