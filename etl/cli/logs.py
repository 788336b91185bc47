"""``etl logs``: what the driver of a submitted run said."""

from __future__ import annotations

from collections import deque

import click

from etl.cli.context import Context, pass_context


@click.command()
@click.argument("run_id", metavar="RUN_ID|last")
@click.option("--tail", type=click.IntRange(1), metavar="N", help="Only the last N lines.")
@pass_context
def command(context: Context, run_id: str, tail: int | None) -> None:
    """Print the driver's log of a submitted run.

    EMR, Serverless and EKS put it on S3 where `log_uri` says, minutes after it was written; Glue on CloudWatch.

    \b
    etl logs 20130208T060000Z-7f3a91c2 -e prod --tail 100
    """
    from etl.cli.remote import remote
    from etl.errors import UsageError

    found = remote(context.open().config, run_id)
    lines = found.platform.logs(found.remote_id)
    written = False
    for line in deque(lines, maxlen=tail) if tail else lines:
        click.echo(line)
        written = True
    if not written:
        run = found.platform.describe(found.remote_id)
        raise UsageError(
            f"no log of run {found.run_id} yet; {found.record.platform} {run.remote_id} is {run.state}",
            remedy="platforms bring logs minutes late, and only where log_uri is said in [submit.<name>]",
        )
