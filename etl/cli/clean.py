"""``etl clean``: clear away what old runs left behind."""

from __future__ import annotations

from typing import Any

import click

from etl.cli.context import Context, pass_context
from etl.cli.moment import age
from etl.cli.records import open_ledger
from etl.cli.table import print_json, print_rows
from etl.model.plural import plural
from etl.model.run import utc_now

MEGABYTE = 1_000_000


def _age(_: click.Context, __: click.Parameter, value: str) -> Any:
    found = age(value)
    if found is None:
        raise click.BadParameter(f"{value!r} is no time: write 12h, 7d or 90d")
    return found


@click.command()
@click.option("--older-than", required=True, metavar="AGE", callback=_age, help="Of runs that began so long ago: 90d.")
@click.option("--yes", is_flag=True, help="Delete; without it nothing is.")
@pass_context
def command(context: Context, older_than: Any, yes: bool) -> None:
    """Delete the artifacts of old runs.

    Runs that are at work keep theirs, and the ledger keeps the record of every run; `etl retry` of a run without
    artifacts is refused. Data files that a killed run left unreferenced in a Delta table are VACUUM's.

    \b
    etl clean --older-than 90d
    etl clean --older-than 90d --yes
    """
    from etl.runs.retention import clear, leftovers
    from etl.runs.stores import open_store

    config = context.open().config
    store, ledger = open_store(config.artifacts, config.s3), open_ledger(config)
    rows, size = [], 0
    for leftover in leftovers(store, ledger, utc_now() - older_than):
        if yes:
            clear(store, leftover)
        started = f"{leftover.started_at:%Y-%m-%d %H:%M} UTC"
        rows.append(
            {"run_id": leftover.run_id, "started": started, "objects": len(leftover.keys), "bytes": leftover.size}
        )
        size += leftover.size
    if context.output == "json":
        print_json({"deleted": yes, "runs": rows})
        return
    if rows:
        print_rows(rows, ("run_id", "started", "objects", "bytes"), "text")
    said = f"{plural(len(rows), 'run')}, {size / MEGABYTE:,.1f} MB"
    click.echo(f"{said} deleted" if yes else f"{said}; nothing was deleted: --yes does it", err=True)
