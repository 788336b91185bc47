"""What a step costs whose source has many small files.

    python -m bench.files [--files 10 100 1000] [--formats csv json parquet orc]

Printed for each format and number of files on disk: commands sent to the JVM, those of them in the extract phase, Spark
jobs, and CPU (JVM and Python) and wall seconds of one run that publishes them all. The first format runs once before,
to warm the JVM.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.calls import Calls
from bench.cpu import cpu_seconds
from etl import ReplaceTable, Source, Target, step
from etl.model.schema import parse_schema
from etl.spark.session import SessionSettings, start
from etl.testing import Lake

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

DDL = "id INT, v STRING"
TEXTS = {"csv": "id,v\n{0},x\n", "json": '{{"id":{0},"v":"x"}}\n'}


@step(sources={"rows": Source("raw.rows")}, target=Target("clean.rows", DDL, ReplaceTable()))
def copied(rows: DataFrame) -> DataFrame:
    """Keep all."""
    return rows


def deliver(lake: Lake, name: str, count: int) -> None:
    """Put that many files of one row into the source."""
    lake.dataset("raw.rows", format=name, schema=parse_schema(DDL))
    one = b"" if name in TEXTS else _file(lake, name)
    for number in range(count):
        text = TEXTS[name].format(number) if name in TEXTS else one
        lake.file("raw.rows", f"{number:05}.{name}", text)


def _file(lake: Lake, name: str) -> bytes:
    folder = lake.root / "one"
    frame = lake.spark.range(1).selectExpr("CAST(id AS INT) AS id", "'x' AS v")
    frame.coalesce(1).write.format(name).mode("overwrite").save(str(folder))
    return next(file for file in folder.iterdir() if file.name.startswith("part-")).read_bytes()


def measured(spark: SparkSession, root: Path, name: str, count: int) -> str:
    """Publish that many files and return a line."""
    lake, calls = Lake(spark, root), Calls()
    deliver(lake, name, count)
    cpu, wall = cpu_seconds(spark), time.perf_counter()
    with calls.watching():
        result: Any = lake.run_step(copied, date=None)
    cpu, wall = cpu_seconds(spark) - cpu, time.perf_counter() - wall
    if result.exit_code:
        raise SystemExit(str(result.error))
    extract = sum(number for (_, phase), number in calls.counted.items() if phase == "extract")
    total = sum(calls.counted.values())
    return f"{name:10}{count:>7,}{total:>9,}{extract:>9,}{result.spark_jobs:>6}{cpu:>8.1f}{wall:>8.1f}"


def main() -> None:
    """Print a line for each format and number of files."""
    parser = argparse.ArgumentParser("python -m bench.files", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--files", type=int, nargs="+", default=[10, 100, 1_000])
    parser.add_argument("--formats", nargs="+", choices=[*TEXTS, "parquet", "orc"], default=["csv", "json", "parquet"])
    arguments = parser.parse_args()
    spark = start(SessionSettings(app_name="files", master="local[2]"))
    print(f"{'format':10}{'files':>7}{'calls':>9}{'extract':>9}{'jobs':>6}{'CPU s':>8}{'wall s':>8}")
    with tempfile.TemporaryDirectory() as folder:
        measured(spark, Path(folder) / "warm", arguments.formats[0], 10)
        for name in arguments.formats:
            for count in arguments.files:
                print(measured(spark, Path(folder) / f"{name}{count}", name, count), flush=True)
    spark.stop()


if __name__ == "__main__":
    main()
