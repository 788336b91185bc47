"""Uniqueness: one pass over the key columns of the staged rows, for all keys together."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from etl.kinds.kind import KEYS, Measure
from etl.quality.compile import Suite
from etl.quality.written import Written
from etl.spark.jvm import conf_set

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ONE_TASK = 100_000  # rows whose keys one task compares in a fraction of a second, in a few megabytes


def duplicates(written: Written, suite: Suite) -> dict[Measure, int]:
    """Count, for each key of the suite, the rows whose key stands in another row too.

    One Spark job for all keys together; another for each key that is found not to be unique. Few rows are compared in
    one task, sooner than a shuffle could start.
    """
    few, keys = written.rows <= ONE_TASK, suite.taken_by(KEYS)
    # Adaptive execution would run each shuffle as a job of its own.
    wanted = {"spark.sql.adaptive.enabled": "false"} | ({"spark.sql.shuffle.partitions": "1"} if few else {})
    rows = written.read().coalesce(1) if few else written.read()
    numbered = [(f"count({key.sql}) AS n{n}", f"count(DISTINCT {key.sql}) AS d{n}") for n, key in enumerate(keys)]
    with conf_set(written.session, wanted):
        row = rows.selectExpr(*chain(*numbered)).collect()[0]
        return {key: 0 if row[f"n{n}"] == row[f"d{n}"] else _in_groups(rows, key.sql) for n, key in enumerate(keys)}


def _in_groups(rows: DataFrame, key: str) -> int:
    groups = rows.select(F.expr(key).alias("k")).where("k IS NOT NULL").groupBy("k").count().where("count > 1")
    row = groups.agg(F.sum("count").alias("n")).collect()[0]
    return int(row["n"] or 0)
