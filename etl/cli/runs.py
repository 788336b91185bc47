"""``etl runs``: what the ledger knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from etl.cli.context import Context, pass_context
from etl.cli.table import print_facts, print_json, print_rows

if TYPE_CHECKING:
    from etl.runs.ledger import RunRecord


@click.command()
@click.argument("run_id", required=False, metavar="[RUN_ID|last]")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most so many runs.")
@pass_context
def command(context: Context, run_id: str | None, limit: int) -> None:
    """List past runs, or show the steps of one.

    The last comes first. A run that never finished is `running`, or `lost` if its process on this machine is gone.

    \b
    etl runs --limit 5
    etl runs last
    etl runs last -o json
    """
    from etl.runs.ledger import Ledger
    from etl.runs.stores import open_store

    ledger = Ledger(open_store(context.open().config.state))
    if run_id is None:
        rows = [_row(run) for run in ledger.runs(limit)]
        columns = ("run_id", "state", "environment", "asked", "interval", "exit_code", "published", "seconds")
        print_rows(rows, columns, context.output)
        return
    run = ledger.run(run_id)
    steps = step_results(run)
    if context.output == "json":
        print_json(run.to_json() | {"steps": steps})
        return
    print_facts({key: value for key, value in run.to_json().items() if key != "counts"} | {"pid": str(run.pid)})
    click.echo()
    print_rows([step_row(step) for step in steps], STEP_COLUMNS, context.output)


def step_results(run: RunRecord) -> list[dict[str, Any]]:
    """Return how each step of a run ended; none for a run that left no results."""
    from etl.runs.artifacts import open_artifacts

    results = open_artifacts(run.artifacts, run.run_id).read_results()
    return list(results["steps"]) if results else []


STEP_COLUMNS = ("step", "interval", "status", "outcome", "published", "quarantined", "version", "seconds")


def step_row(step: dict[str, Any]) -> dict[str, Any]:
    """Return what a table shows of a step's result."""
    return {
        "step": step["step"],
        "interval": step["interval"],
        "status": step["status"],
        "outcome": step["outcome"],
        "published": step["rows"]["published"],
        "quarantined": step["rows"]["quarantined"],
        "version": step["version_after"],
        "seconds": step["seconds"],
    }


def _row(run: RunRecord) -> dict[str, Any]:
    first, *others = run.intervals or ("",)
    interval = f"{first} … {others[-1]}" if others else first
    return run.to_json() | {"asked": " ".join(run.selection), "interval": interval}
