"""``etl follow``: the course of a run on a cluster."""

from __future__ import annotations

import click

from etl.cli.context import Context, pass_context
from etl.cli.duration import seconds


@click.command()
@click.argument("run_id", metavar="RUN_ID|last")
@click.option("--timeout", metavar="TIME", callback=seconds, help="No longer than 30m, 4h; then exit 7.")
@pass_context
def command(context: Context, run_id: str, timeout: float) -> None:
    """Show the course of a submitted run until it ends, and end as it did.

    Works from any machine that reads the environment's `state` and `artifacts`. Ctrl-C asks whether to cancel the run.

    \b
    etl follow 20130208T060000Z-7f3a91c2 -e prod
    """
    from etl.cli.remote import remote
    from etl.cli.sending import attend
    from etl.cli.submission import attend_here
    from etl.model.platforms import LOCAL

    config = context.open().config
    found = remote(config, run_id)
    if found.record.platform == LOCAL:
        attend_here(context, found.run_id)
    attend(context, config, found, timeout)
