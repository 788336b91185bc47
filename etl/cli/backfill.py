"""``etl backfill``: run past intervals: those that are missing, failed or changed, in order or several at once."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, get_args

import click
from attrs import evolve

from etl.cli.context import Context, pass_context
from etl.cli.records import open_past
from etl.cli.refresh import full_refresh_option, refreshed
from etl.cli.running import Running, running_options
from etl.cli.selection import Selection, selection_options
from etl.cli.table import print_json
from etl.errors import UsageError
from etl.model.plan import Pair
from etl.model.plural import plural
from etl.runs.choice import Mode, Order

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from etl.model.plan import Plan
    from etl.runs.past import Past

MOST_AT_ONCE = 64
WORDS: dict[Mode, str] = {
    "missing": "was never published",
    "failed": "failed when last tried",
    "changed": "was published from other code or inputs",
    "all": "was asked for",
}

WHICH: dict[Mode, str] = {
    "missing": "never published, and what reads them",
    "failed": "failed when last tried, and what reads them",
    "changed": "published from other code or inputs, and what reads them",
    "all": "all of them",
}


@click.command()
@selection_options
@running_options
@click.option(
    "--mode",
    type=click.Choice(get_args(Mode)),
    default="missing",
    show_default=True,
    help="Which: never published, failed when last tried, published from other code or inputs, or all.",
)
@click.option(
    "--order", type=click.Choice(get_args(Order)), default="oldest", show_default=True, help="Which come first."
)
@click.option(
    "--parallel",
    type=click.IntRange(1, MOST_AT_ONCE),
    default=1,
    show_default=True,
    help="Intervals at once, in one session; steps whose intervals share rows take theirs in turn.",
)
@full_refresh_option
@click.option("--dry-run", is_flag=True, help="Show what would run, and run nothing.")
@pass_context
def command(
    context: Context,
    selection: Selection,
    running: Running,
    mode: Mode,
    order: Order,
    parallel: int,
    full_refresh: bool,
    dry_run: bool,
) -> None:
    """Run past intervals that are missing, failed or changed.

    What is missing is asked of the targets themselves. A backfill that was stopped or killed is gone on with by the
    same command. Steps that read what is published again follow, where they would publish other rows.

    \b
    etl backfill nyc_flights --from 2013-01-01 --to 2014-01-01 --dry-run
    etl backfill nyc_flights --from 2013-01-01 --to 2014-01-01 --parallel 4
    etl backfill nyc_flights --from 2013-01-01 --to 2014-01-01 --mode changed
    """
    from etl.cli.session import start_session

    project = running.open(context)
    plan = refreshed(project, selection) if full_refresh else selection.plan(project)
    mode = "all" if full_refresh else mode
    _refuse(plan, order)
    if not dry_run:
        running.refuse_unconfirmed(project)
    past = open_past(project.config)
    session = (
        start_session(project, plan, "backfill", master=running.master) if mode in {"missing", "changed"} else None
    )
    chosen = _chosen(plan, mode, session, past)
    if order == "newest":
        chosen = evolve(chosen, intervals=chosen.intervals[::-1])
    seconds = past.seconds({planned.job for planned in plan.steps})
    _announce(plan, chosen, mode, parallel, seconds)
    if dry_run or not chosen.pairs:
        _show(context, plan, chosen)
        raise SystemExit(0)
    given = {"selection": tuple(selection.select), "session": session, "past": seconds}
    running.carry_out(context, project, chosen, parallel=parallel, force=full_refresh, **given)


def _refuse(plan: Plan, order: Order) -> None:
    from etl.model.order import oldest_first

    if plan.intervals == (None,):
        raise UsageError("a backfill runs intervals: which ones?", remedy="add --from 2013-01-01 --to 2013-02-01")
    bound = oldest_first(plan)
    if order == "newest" and bound:
        name, why = next(iter(bound.items()))
        raise UsageError(
            f"--order newest: step {name} must take its intervals from the oldest on ({why})",
            remedy=f"leave it out with --exclude {name}, or take the oldest first",
        )


def _chosen(plan: Plan, mode: Mode, session: SparkSession | None, past: Past) -> Plan:
    from etl.runs.choice import missing, with_readers

    if mode == "all":
        return plan
    pairs: Collection[Pair]
    if session is None:
        last = past.last({planned.job for planned in plan.steps}, plan.pairs)
        pairs = [pair for pair, result in last.items() if result.failed]
    else:
        from etl.engine.published import published, stale

        pairs = missing(plan, published(plan, session)) if mode == "missing" else stale(plan, session)
    return with_readers(plan, pairs)


def _announce(plan: Plan, chosen: Plan, mode: Mode, parallel: int, seconds: dict[str, float]) -> None:
    """Say what is going to run, which steps take their intervals in turn, and how long it takes."""
    from etl.model.order import taken_in_turn
    from etl.report.course import expected
    from etl.report.wording import duration

    if not chosen.pairs:
        click.echo(f"nothing to do: of {plural(len(plan.pairs), 'step')} none {WORDS[mode]}", err=True)
        return
    what = f"{len(chosen.pairs):,} of {plural(len(plan.pairs), 'step')} in {plural(len(chosen.intervals), 'interval')}"
    about = expected(chosen.pairs, seconds, parallel)
    told = f", about {duration(about)} by what they took before" if about else ""
    click.echo(f"backfill: {what} ({WHICH[mode]}){told}", err=True)
    for name, why in taken_in_turn(chosen).items() if parallel > 1 else ():
        click.echo(f"in turn: {name}: {why}", err=True)


def _show(context: Context, plan: Plan, chosen: Plan) -> None:
    """Show on stdout what would run."""
    from etl.model.plan import key_of
    from etl.report.grid import PLANNED, Grid, cells, draw

    steps = tuple(planned.step.name for planned in plan.steps)
    grid = Grid(steps, tuple(map(key_of, plan.intervals)), dict.fromkeys(chosen.pairs, PLANNED))
    if context.output == "json":
        print_json({"planned": list(cells(grid))})
    elif chosen.pairs:
        click.echo("\n".join(draw(grid)))
