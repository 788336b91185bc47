"""TPC-H's lineitem, made by tpchgen-cli into a cache, and steps over it: the same rows by the engine and by hand."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial, reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from bench.handwritten import upsert
from etl import Merge, ReplaceTable, Source, Step, Target, expect, step

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from etl.model.expectation import Expectation

RAW, TARGET = "raw.lineitem", "core.lineitem"
KEYS = ("l_orderkey", "l_linenumber")
SCHEMA = """
    l_orderkey BIGINT, l_partkey BIGINT, l_suppkey BIGINT, l_linenumber INT, l_quantity DECIMAL(15,2),
    l_extendedprice DECIMAL(15,2), l_discount DECIMAL(15,2), l_tax DECIMAL(15,2), l_returnflag STRING,
    l_linestatus STRING, l_shipdate DATE, l_commitdate DATE, l_receiptdate DATE, l_shipinstruct STRING,
    l_shipmode STRING, l_comment STRING
"""
MODES = ["AIR", "FOB", "MAIL", "RAIL", "REG AIR", "SHIP", "TRUCK"]
INSTRUCTIONS = ["COLLECT COD", "DELIVER IN PERSON", "NONE", "TAKE BACK RETURN"]
EIGHT = (
    expect.column_values_to_not_be_null("l_orderkey"),
    expect.column_values_to_not_be_null("l_shipdate"),
    expect.column_values_to_be_between("l_quantity", 1, 50),
    expect.column_values_to_be_between("l_discount", 0, "0.10"),
    expect.column_values_to_be_in_set("l_returnflag", ["A", "N", "R"]),
    expect.column_values_to_be_in_set("l_shipmode", MODES),
    expect.column_values_to_match_regex("l_shipinstruct", "^[A-Z ]+$"),
    expect.column_pair_values_a_to_be_greater_than_b("l_receiptdate", "l_shipdate"),
)
TWENTY = (
    *EIGHT,
    expect.column_values_to_be_between("l_linenumber", 1, 7),
    expect.column_values_to_be_between("l_extendedprice", 1, 200_000),
    expect.column_values_to_be_between("l_tax", 0, "0.08"),
    expect.column_values_to_be_between("l_shipdate", "1992-01-01", "1998-12-31"),
    expect.column_values_to_be_in_set("l_linestatus", ["F", "O"]),
    expect.column_values_to_be_in_set("l_shipinstruct", INSTRUCTIONS),
    expect.column_values_to_not_be_in_set("l_comment", ["", "n/a", "unknown"]),
    expect.column_value_lengths_to_be_between("l_comment", 1, 44),
    expect.column_values_to_not_be_null("l_comment", mostly=0.99, on_failure="warn"),
    expect.column_values_to_be_between("l_suppkey", 1, on_failure="warn"),
    expect.column_mean_to_be_between("l_quantity", 20, 30),
    expect.table_row_count_to_be_between(1),
)
ASIDE = (
    expect.column_values_to_be_between("l_quantity", 1, 49, on_failure="quarantine"),  # 1 to 50, evenly: 2 %
    expect.column_values_to_be_in_set("l_shipmode", MODES, on_failure="quarantine"),
    expect.column_pair_values_a_to_be_greater_than_b("l_receiptdate", "l_shipdate", on_failure="quarantine"),
)
BROKEN: tuple[Callable[[], Column], ...] = (
    lambda: ~F.col("l_quantity").between(1, 49),
    lambda: ~F.col("l_shipmode").isin(MODES),
    lambda: ~(F.col("l_receiptdate") > F.col("l_shipdate")),
)


@frozen
class Variant:
    """One way to publish lineitem, both ways.

    Args:
        step: the number of a run, from 0 → the step it runs.
        hand: session, rows, directory for tables, number of the run: the same by hand.
    """

    step: Callable[[int], Step[Any, Any]]
    hand: Callable[[SparkSession, DataFrame, Path, int], None]


def generate(scale: float, cache: Path) -> Path:
    """Return the directory of lineitem's Parquet files at this scale factor, made unless it is there.

    Raises:
        SystemExit: tpchgen-cli is not installed, or failed.
    """
    folder = cache / f"sf{scale:g}"
    if not folder.is_dir():
        making = folder.with_suffix(".making")
        beside = Path(sys.executable).parent / "tpchgen-cli"
        command = str(beside) if beside.exists() else shutil.which("tpchgen-cli")
        if command is None:
            raise SystemExit("tpchgen-cli is not installed → `make bench`, or pip install tpchgen-cli")
        wanted = ["parquet", "--scale-factor", f"{scale:g}", "--tables", "lineitem", "--parts", "4"]
        made = subprocess.run([command, *wanted, "--overwrite", "--output-dir", str(making)], check=False)
        if made.returncode:
            raise SystemExit(f"{command} ended with {made.returncode}")
        making.rename(folder)
    return folder / "lineitem"


def variants() -> Mapping[str, Variant]:
    """Return what is measured, by name."""
    plain = Variant(partial(_publishing), _replace)
    return {
        "bare": plain,
        "conserve": Variant(partial(_publishing, conserve="lineitem"), _replace),
        "8 expectations": Variant(partial(_publishing, expectations=EIGHT), _replace),
        "20 expectations": Variant(partial(_publishing, expectations=TWENTY), _replace),
        "compound key": Variant(
            partial(_publishing, expectations=(expect.compound_columns_to_be_unique(KEYS),)), _replace
        ),
        "merge of 1 %": Variant(_merging, _merge),
        "quarantine of 2 %": Variant(partial(_publishing, expectations=ASIDE[:1]), partial(_split, BROKEN[:1])),
        "quarantine by 3": Variant(partial(_publishing, expectations=ASIDE), partial(_split, BROKEN)),
    }


def _publishing(
    number: int,  # noqa: ARG001 every run is the same
    expectations: tuple[Expectation, ...] = (),
    conserve: str | None = None,
) -> Step[Any, Any]:
    @step(
        sources={"lineitem": Source(RAW)},
        target=Target(TARGET, schema=SCHEMA, write=ReplaceTable()),
        expectations=expectations,
        conserve=conserve,
    )
    def lineitem(lineitem: DataFrame) -> DataFrame:
        return lineitem

    return lineitem


def _merging(number: int) -> Step[Any, Any]:
    """Return a step that merges one order of a hundred, changed each time; all of them at first."""

    @step(sources={"lineitem": Source(RAW)}, target=Target(TARGET, schema=SCHEMA, write=Merge(keys=KEYS)))
    def lineitem(lineitem: DataFrame) -> DataFrame:
        return _batch(lineitem, number)

    return lineitem


def _batch(rows: DataFrame, number: int) -> DataFrame:
    if not number:
        return rows
    return rows.where("l_orderkey % 100 = 0").withColumn("l_comment", F.lit(f"revision {number}"))


def _replace(spark: SparkSession, rows: DataFrame, root: Path, number: int) -> None:  # noqa: ARG001 one signature
    rows.write.format("delta").mode("overwrite").save(str(root / "lineitem"))


def _split(
    tests: tuple[Callable[[], Column], ...],
    spark: SparkSession,  # noqa: ARG001 one signature
    rows: DataFrame,
    root: Path,
    number: int,  # noqa: ARG001
) -> None:
    broken = F.coalesce(reduce(or_, [test() for test in tests]), F.lit(col=False))
    rows.where(~broken).write.format("delta").mode("overwrite").save(str(root / "lineitem"))
    rows.where(broken).write.format("delta").mode("overwrite").save(str(root / "quarantine"))


def _merge(spark: SparkSession, rows: DataFrame, root: Path, number: int) -> None:
    upsert(spark, _batch(rows, number), root / "lineitem", *KEYS)
