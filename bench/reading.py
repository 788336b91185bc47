"""CPU of reading clean CSV and JSON under the contract against Spark's own reader with the declared types.

    python -m bench.reading                      # scale 1.3: lineitem as 1 GB of CSV, and as JSON
    python -m bench.reading --scale 0.2 --rounds 2 csv

Each round reads the same files both ways, A B B A, in one warm JVM, and throws the rows away (``noop``). Printed for
each format: the median ratio of CPU seconds, its range, the engine to itself (A/A).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cpu import compare, cpu_seconds
from bench.lineitem import SCHEMA
from etl.engine.meter import observe
from etl.model.dataset import Dataset
from etl.model.schema import parse_schema
from etl.spark.session import SessionSettings, start
from etl.sql import quoted
from etl.storage.formats import source_for
from etl.storage.reading import Scope

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def delivered(spark: SparkSession, root: Path, scale: str) -> None:
    """Make lineitem as CSV by tpchgen-cli, and as JSON from it."""
    made = [str(Path(sys.executable).parent / "tpchgen-cli"), "csv", "-s", scale, "--tables", "lineitem"]
    subprocess.run([*made, "--output-dir", str(root / "csv")], check=True)
    typed(spark, root, "csv").write.json(str(root / "json"))


def typed(spark: SparkSession, root: Path, form: str):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Return the rows as Spark's own reader makes them."""
    ddl = parse_schema(SCHEMA).ddl + ", _corrupt STRING"
    reader = spark.read.format(form).schema(ddl).options(columnNameOfCorruptRecord="_corrupt", header="true")
    return reader.load(str(root / form))


def engine_side(spark: SparkSession, root: Path, form: str) -> Callable[[], None]:
    """Return reading by the engine."""
    dataset = Dataset(name="raw.lineitem", uri=str(root / form), format=form, schema=parse_schema(SCHEMA))

    def run() -> None:
        reading = source_for(dataset).read(spark, dataset, Scope())
        assert reading.corrupt
        counted, _ = observe(reading.frame, [reading.rows, reading.corrupt.count])
        good = counted.where(f"{quoted(reading.corrupt.column)} IS NULL")
        good.drop(reading.corrupt.column, reading.corrupt.reason).write.format("noop").mode("overwrite").save()

    return run


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("formats", nargs="*", default=["csv", "json"])
    parser.add_argument("--scale", default="1.3")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warm-up", type=int, default=1)
    given = parser.parse_args()
    spark = start(SessionSettings(app_name="bench", master="local[2]", conf={"spark.driver.memory": "3g"}))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        delivered(spark, root, given.scale)
        for form in given.formats:

            def hand(form: str = form) -> None:
                typed(spark, root, form).drop("_corrupt").write.format("noop").mode("overwrite").save()

            told = compare(
                lambda: cpu_seconds(spark),
                engine_side(spark, root, form),
                hand,
                warm_up=given.warm_up,
                rounds=given.rounds,
            )
            least, greatest = told.span
            print(f"{form:6} ratio {told.ratio:.3f} ({least:.2f}-{greatest:.2f}, A/A {told.noise:.2f})")
    spark.stop()


if __name__ == "__main__":
    main()
