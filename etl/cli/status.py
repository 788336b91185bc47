"""``etl status``: where each step stands for each interval, or a run on a cluster."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import click

from etl.cli.context import Context, pass_context
from etl.cli.records import open_past
from etl.cli.selection import Selection, selection_options
from etl.cli.table import print_facts, print_json
from etl.model.plural import plural

if TYPE_CHECKING:
    from etl.cli.remote import Remote
    from etl.model.plan import Pair, Plan
    from etl.report.grid import Grid
    from etl.runs.past import Last


@click.command()
@selection_options
@click.option("--why", is_flag=True, help="Find the stale too: compare code and inputs, as `etl plan --why` does.")
@pass_context
def command(context: Context, selection: Selection, why: bool) -> None:
    """Show where each step stands for each interval.

    What is published is asked of the targets' own logs, which starts Spark; what failed, is running or has rows in
    quarantine, of the ledger. For the id of a submitted run it shows what its platform says of it, from any machine.

    \b
    etl status nyc_flights --from 2013-01-01 --to 2014-01-01
    etl status clean.flights --from 2013-02-01 --to 2013-03-01 --why
    etl status nyc_flights --date 2013-02-08 -o json
    etl status 20130208T060000Z-7f3a91c2 -e prod
    """
    if selection.select and selection == Selection.of(selection.select[:1]):
        from etl.cli import remote

        config = context.open().config
        if remote.is_run(config, selection.select[0]):
            print_remote(context, remote.remote(config, selection.select[0]))
            return
    from etl.cli.session import start_session
    from etl.engine.published import published, stale
    from etl.report.grid import draw

    project = context.open(static=False)
    plan = selection.plan(project)
    last = open_past(project.config).last({each.job for each in plan.steps}, plan.pairs)
    session = start_session(project, plan, "status")
    grid = standing(plan, published(plan, session), stale(plan, session) if why else (), last)
    if context.output == "json":
        print_json({"cells": list(_cells(grid, last)), "counts": grid.counts()})
        return
    click.echo("\n".join(draw(grid)))
    counted = ", ".join(f"{count:,} {state}" for state, count in grid.counts().items())
    click.echo(f"{plural(len(grid.states), 'step')} in {plural(len(grid.intervals), 'interval')}: {counted}")


def print_remote(context: Context, found: Remote) -> None:
    """Print what a platform says of a run, and what the ledger knows of it."""
    from etl.cli.records import open_ledger
    from etl.ship.prices import cost

    run = found.platform.describe(found.remote_id)
    known = open_ledger(context.open().config).known(found.run_id)
    said = {
        "run_id": found.run_id,
        "platform": found.record.platform,
        "remote_id": run.remote_id,
        "state": run.state,
        "said": run.said,
        "reason": run.reason,
        "status": known.status if known else "not begun",
        "submitted": found.record.at,
        "bundle": found.record.bundle,
        **{unit: f"{amount:,.2f}" for unit, amount in run.used.items()},
    }
    said |= {"cost": cost(run.used, found.record)} if run.used else {}
    if context.output == "json":
        print_json(said)
    else:
        print_facts(said)


def standing(plan: Plan, published: Collection[Pair], stale: Collection[Pair], last: Mapping[Pair, Last]) -> Grid:
    """Return the state of each step for each interval.

    Args:
        plan: which steps and intervals.
        published: what the targets have.
        stale: what they have from other code or inputs.
        last: how each ended when it was last tried.
    """
    from etl.model.plan import key_of
    from etl.model.result import Status
    from etl.report import grid
    from etl.runs.past import RUNNING

    def state(pair: Pair) -> str:
        tried = last.get(pair)
        if tried and tried.status == RUNNING:
            return grid.RUNNING
        if tried and tried.status in {Status.FAIL, Status.ERROR}:
            return grid.FAILED
        if pair not in published:
            return grid.MISSING
        if pair in stale:
            return grid.STALE
        return grid.QUARANTINED if tried and tried.quarantined else grid.PUBLISHED

    steps = tuple(planned.step.name for planned in plan.steps)
    return grid.Grid(steps, tuple(map(key_of, plan.intervals)), {pair: state(pair) for pair in plan.pairs})


def _cells(grid: Grid, last: Mapping[Pair, Last]) -> list[dict[str, Any]]:
    from etl.report.grid import cells

    found = []
    for cell in cells(grid):
        tried = last.get((cell["step"], cell["interval"]))
        more = {"run_id": tried.run_id, "status": str(tried.status), "quarantined": tried.quarantined} if tried else {}
        found.append({"run_id": None, "status": None, "quarantined": 0} | cell | more)
    return found
