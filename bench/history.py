"""CPU of a ``History`` of TPC-H's lineitem against the usual SCD type 2 MERGE by hand: one order of a hundred changes.

    python -m bench.history                     # scale factor 0.1: 600,572 rows
    python -m bench.history --scale 1 --rounds 3

Both sides bring the same revisions in order, one a round, to a table that grows by a hundredth each time; A B B A in
one warm JVM. By hand: the batch beside the current versions, then the MERGE that closes those that change and inserts
the new. It takes back nothing, and a revision that came late would break it.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from delta.tables import DeltaTable
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bench import lineitem
from bench.cpu import compare, cpu_seconds
from bench.lineitem import KEYS, RAW, SCHEMA, TARGET
from bench.sizes import Counting, forget
from etl import History, Run, Source, Step, Target, step
from etl.model.dataset import Dataset
from etl.model.schema import parse_schema
from etl.spark.session import SessionSettings, start
from etl.testing import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def revised(rows: DataFrame, number: int) -> DataFrame:
    """Return all rows at first, then one order of a hundred with another comment; ``revision`` orders them."""
    changed = rows if not number else rows.where("l_orderkey % 100 = 0").withColumn("l_comment", F.lit(f"no. {number}"))
    return changed.withColumn("revision", F.lit(number))


def keeping(number: int) -> Step[Any, Any]:
    """Return the step that keeps the history of the revisions."""
    write = History(KEYS, sequence_by="revision")

    @step(sources={"lineitem": Source(RAW)}, target=Target(TARGET, f"{SCHEMA}, revision INT", write))
    def history(lineitem: DataFrame, run: Run) -> DataFrame:  # noqa: ARG001 a run for each interval
        return revised(lineitem, number)

    return history


def by_hand(spark: SparkSession, rows: DataFrame, root: Path, number: int) -> None:
    """Do the same by the usual MERGE: a row that changes comes twice, once to close and once to insert."""
    path, batch = str(root / "lineitem"), revised(rows, number)
    if not number:
        validity = {"start": F.col("revision"), "end": F.lit(None).cast("int")}
        batch.withColumns(validity).write.format("delta").save(path)
        return
    values = [name for name in batch.columns if name not in {*KEYS, "revision"}]
    changed = " OR ".join(f"NOT (t.{name} <=> s.{name})" for name in values)
    current = spark.read.format("delta").load(path).where("end IS NULL").alias("t")
    again = batch.alias("s").join(current, list(KEYS)).where(changed).select("s.*")
    merged = [f"{key} AS merge_{n}" for n, key in enumerate(KEYS)]
    source = batch.selectExpr(*merged, "*").unionByName(again.selectExpr("NULL AS merge_0", "NULL AS merge_1", "*"))
    on = " AND ".join([*(f"t.{key} = s.merge_{n}" for n, key in enumerate(KEYS)), "t.end IS NULL"])
    merge = DeltaTable.forPath(spark, path).alias("t").merge(source.alias("s"), on)
    merge = merge.whenMatchedUpdate(condition=changed, set={"end": "s.revision"})
    insert = {name: f"s.{name}" for name in batch.columns} | {"start": "s.revision", "end": "NULL"}
    merge.whenNotMatchedInsert(values=insert).execute()


def engine_side(spark: SparkSession, raw: Dataset, root: Path) -> Callable[[int], None]:
    """Return the engine's side: one interval for each number."""
    lake = Lake(spark, root, declared={raw.name: raw})

    def run(number: int) -> None:
        result = lake.run_step(keeping(number), date=str(date(2013, 1, 1) + timedelta(days=number)))
        if result.exit_code:
            raise SystemExit(str(result.error or result.status))

    return run


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser("python -m bench.history", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--scale", type=float, default=0.1, help="TPC-H's scale factor: 1 is 6 million rows")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--warm-up", type=int, default=2, help="rounds that do not count")
    parser.add_argument("--cache", type=Path, default=Path("target/tpch"), help="where the generated files stay")
    arguments = parser.parse_args(argv)
    rows = lineitem.generate(arguments.scale, arguments.cache).resolve()
    spark = start(SessionSettings(app_name="history", master="local[2]"))
    raw = Dataset(name=RAW, uri=str(rows), format="parquet", schema=parse_schema(SCHEMA))
    with tempfile.TemporaryDirectory() as place:
        root = Path(place).resolve()
        engine = Counting(spark, engine_side(spark, raw, root / "engine"))
        hand = Counting(spark, lambda number: by_hand(spark, spark.read.parquet(raw.uri), root / "hand", number))
        found = compare(
            lambda: cpu_seconds(spark),
            engine,
            hand,
            warm_up=max(1, arguments.warm_up),
            rounds=arguments.rounds,
            between=lambda: forget(spark, root),
        )
    spark.stop()
    least, greatest = found.span
    print(f"ratio {found.ratio:.3f} ({least:.2f} to {greatest:.2f}), engine to itself {found.noise:.2f}")
    print(f"CPU seconds {found.seconds[0]:.2f} : {found.seconds[1]:.2f} by hand")
    print(f"jobs {engine.jobs.jobs} : {hand.jobs.jobs}, rows read {engine.jobs.rows_read:,} : {hand.jobs.rows_read:,}")


if __name__ == "__main__":
    main()
