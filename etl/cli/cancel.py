"""``etl cancel``: the end of a run on a cluster."""

from __future__ import annotations

import click

from etl.cli.context import Context, pass_context
from etl.cli.table import print_json


@click.command()
@click.argument("run_id", metavar="RUN_ID|last")
@pass_context
def command(context: Context, run_id: str) -> None:
    """Ask the platform to end a submitted run.

    What is published stays. Steps that are at work leave their targets as they were. A run that has ended is left as
    it is.

    \b
    etl cancel 20130208T060000Z-7f3a91c2 -e prod
    """
    from etl.cli.remote import remote

    found = remote(context.open().config, run_id)
    before = found.platform.describe(found.remote_id)
    if not before.ended:
        found.platform.cancel(before.remote_id)
    after = found.platform.describe(before.remote_id)
    if context.output == "json":
        print_json({"run_id": found.run_id, "remote_id": after.remote_id, "was": before.state, "state": after.state})
        return
    said = f"it had ended: {before.state}" if before.ended else f"asked to end; now {after.state} ({after.said})"
    click.echo(f"{found.record.platform} {after.remote_id}: {said}")
