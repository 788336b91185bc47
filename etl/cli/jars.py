"""``etl jars``: the Delta jars of the installed Spark."""

from __future__ import annotations

import os

import click

from etl.cli.context import Context, pass_context
from etl.cli.table import print_json
from etl.errors import PlatformError


@click.command()
@click.option("--spark", metavar="VERSION", help="A Spark version. [default: that of the installed pyspark]")
@pass_context
def command(context: Context, spark: str | None) -> None:
    """Print the Delta jars for spark-submit --jars.

    Those that are not in the cache yet are fetched.

    \b
    spark-submit --jars "$(etl jars)" --py-files app.zip main.py --job nyc_flights --date 2013-02-08
    """
    from etl.spark.jars import delta_jars

    jars = [str(path) for path in delta_jars(spark or _installed(), os.environ)]
    if context.output == "json":
        print_json(jars)
    else:
        click.echo(",".join(jars))


def _installed() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("pyspark")
    except PackageNotFoundError:
        raise PlatformError("pyspark is not installed", remedy="name the version: etl jars --spark 3.5.9") from None
