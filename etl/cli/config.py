"""``etl config``: the configuration in force."""

from __future__ import annotations

import click

from etl.cli.context import Context, pass_context
from etl.cli.table import print_rows


@click.command()
@click.argument("prefix", required=False, metavar="[KEY]")
@pass_context
def command(context: Context, prefix: str | None) -> None:
    """Print every effective configuration value and its origin.

    KEY shows one value, or all below it.

    \b
    etl config
    etl config zones -e prod
    etl config run.threads --set run.threads=4
    """
    from etl.errors import UnknownNameError
    from etl.report.manifest import effective_settings

    rows = list(effective_settings(context.open()))
    if prefix:
        keys = [row["key"] for row in rows]
        rows = [row for row in rows if row["key"] == prefix or row["key"].startswith(f"{prefix}.")]
        if not rows:
            raise UnknownNameError(f"no configuration value {prefix!r}", prefix, keys)
    print_rows(rows, ("key", "value", "origin"), context.output)
