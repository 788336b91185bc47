"""``etl jars``: the jars of the installed Spark, for Delta and for S3."""

from __future__ import annotations

import os
from typing import Any

import click

from etl.cli.context import Context, pass_context
from etl.cli.table import print_json, print_rows
from etl.errors import PlatformError


@click.command()
@click.option("--spark", metavar="VERSION", help="A Spark version. [default: that of the installed pyspark]")
@click.option("--s3", is_flag=True, help="Also those by which Spark reaches S3.")
@click.option("--list", "listed", is_flag=True, help="Say what there is and how large it is; fetch nothing.")
@pass_context
def command(context: Context, spark: str | None, s3: bool, listed: bool) -> None:
    """Print the Delta jars for spark-submit --jars.

    Those that are not in the cache yet are fetched.

    \b
    spark-submit --jars "$(etl jars)" --py-files app.zip main.py --job nyc_flights --date 2013-02-08
    etl jars --list
    """
    from etl.spark.jars import delta_jars, s3_jars

    version = spark or _installed()
    if listed:
        print_rows(_rows(version), ("jar", "for", "bytes", "fetched"), context.output)
        return
    files = delta_jars(version, os.environ) + (s3_jars(version, os.environ) if s3 else ())
    if context.output == "json":
        print_json([str(path) for path in files])
    else:
        click.echo(",".join(map(str, files)))


def _rows(version: str) -> list[dict[str, Any]]:
    from etl.spark.jars import is_there, needs

    return [
        {
            "jar": jar.coordinates,
            "for": "delta" if need == "jar" else need,
            "bytes": jar.size,
            "fetched": is_there(jar, os.environ),
        }
        for need, jars in needs(version).items()
        for jar in jars
    ]


def _installed() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("pyspark")
    except PackageNotFoundError:
        raise PlatformError("pyspark is not installed", remedy="name the version: etl jars --spark 3.5.9") from None
