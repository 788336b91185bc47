"""Spark 4.3's own SCD 1 and 2 of a stream of events, all in one batch; run by ``bench.auto_cdc`` with its Python.

``create_auto_cdc_flow`` needs a target that takes MERGE, and this project has no Delta for Spark 4.3. What it does to a
batch before it merges is called here as it calls it (``Scd2ForeachBatchHandler.reconcileMicrobatch``), against empty
tables: with all events in one batch these are the rows that the target would get.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

PACKAGE = "org.apache.spark.sql.pipelines.autocdc."
RECONCILE = (
    "preprocessMicrobatch",
    "decomposeOutOfOrderRows",
    "dropRedundantRowsPostDecomposition",
    "reconcileStartAndEndAt",
    "dropLeftoverDeletesPostReconciliation",
    "promoteDecompositionTailsToTombstones",
    "identifyAndTagAuxRows",
)


def processor(spark: SparkSession, kind: int) -> Any:
    """Return the processor of one SCD type: keys ``id``, in the order of ``at``, ``note`` not tracked."""
    jvm: Any = spark._jvm  # noqa: SLF001 its API is the JVM's
    loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()

    def module(name: str) -> Any:
        return loader.loadClass(f"{PACKAGE}{name}$").getField("MODULE$").get(None)

    def columns(*names: str) -> Any:
        seq = jvm.org.apache.spark.api.python.PythonUtils.toSeq
        return seq([module("UnqualifiedColumnName").apply(name) for name in names])

    def excluded(*names: str) -> Any:
        return some(module("ColumnSelection$ExcludeColumns").apply(columns(*names)))

    def some(value: Any) -> Any:
        return jvm.scala.Option.apply(value)

    arguments = module("ChangeArgs").apply(
        columns("id"),
        F.col("at")._jc,  # noqa: SLF001
        module(f"ScdType$Type{kind}"),
        some(F.expr("op = 'D'")._jc),  # noqa: SLF001
        excluded("at", "op"),
        excluded("note") if kind == 2 else some(None),
    )
    number = spark.range(1).select(F.col("id").cast("int")).schema["id"].dataType.json()
    kind_of_at = jvm.org.apache.spark.sql.types.DataType.fromJson(number)
    return getattr(jvm, f"{PACKAGE}Scd{kind}BatchProcessor")(arguments, kind_of_at)


def main() -> None:
    """Read events from a file of JSON and print the versions, and the rows of SCD 1, as JSON."""
    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    spark.conf.set("spark.sql.shuffle.partitions", "2")
    events = [tuple(each) for each in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))]
    frame = spark.createDataFrame(events, "id INT, at INT, v STRING, note INT, op STRING").cache()
    second, rows = processor(spark, 2), frame._jdf  # noqa: SLF001
    for name in RECONCILE:
        rows = getattr(second, name)(rows)
    versions = DataFrame(rows, spark)
    visible = versions.where(~F.col(versions.columns[-1])).where("__START_AT IS NOT NULL")
    latest = DataFrame(processor(spark, 1).deduplicateMicrobatch(frame._jdf), spark).where("op <> 'D'")  # noqa: SLF001
    columns = ("id", "__START_AT", "__END_AT", "v", "note")
    found = {
        "versions": [list(row) for row in visible.select(*columns).collect()],
        "latest": [list(row) for row in latest.select("id", "v", "note").collect()],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
