"""Parquet files as other tools than Spark write them, and tables that somebody publishes to and others change."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from etl import ReplaceTable, Source, Target, expect, step
from etl.model.interval import Unit
from etl.spark.jvm import java_class


def _written(spark, file, columns, *rows, said=None):
    """Write one file.

    Args:
        spark: whose JVM writes it.
        file: its path.
        columns: Parquet's own words: ``optional int32 id; optional binary name (STRING);``.
        rows: name to value. A number that needs more than 32 bits goes into an int64, any other into an int32.
        said: what the footer says besides.
    """
    package = "org.apache.parquet"
    schema = java_class(spark, f"{package}.schema.MessageTypeParser").parseMessageType(f"message m {{ {columns} }}")
    path = java_class(spark, "org.apache.hadoop.fs.Path")(str(file))
    builder = java_class(spark, f"{package}.hadoop.example.ExampleParquetWriter").builder(path).withType(schema)
    writer = builder.withExtraMetaData(dict(said or {})).build()
    for row in rows:
        group = java_class(spark, f"{package}.example.data.simple.SimpleGroup")(schema)
        for name, value in row.items():
            group.add(name, value)
        writer.write(group)
    writer.close()
    file.with_name(f".{file.name}.crc").unlink(missing_ok=True)
    return file


def _publishing(schema, interval_column=None):
    """Return a step that publishes raw.trips as it is."""

    @step(
        sources={"trips": Source("raw.trips", interval_column=interval_column)},
        target=Target("clean.trips", schema, ReplaceTable()),
        conserve="trips",
    )
    def publish(trips):
        """Keep all."""
        return trips

    return publish


@pytest.fixture
def parquet_file(spark):
    """``parquet_file(file, columns, *rows, said=None)`` writes one file."""
    return partial(_written, spark)


@pytest.fixture
def publishing():
    """``publishing(schema, interval_column=None)`` is a step that publishes raw.trips as it is."""
    return _publishing


@pytest.fixture
def publish(lake) -> Callable[..., Any]:
    """Publish rows as clean.rows, declared so; gives the step's result."""
    sources = itertools.count(1)

    def published(ddl, write, rows, *, day="2013-02-08", unit=Unit.DAY, partition_by=(), column="day", aside=False):
        source = f"raw.rows_{next(sources)}"
        lake.write(source, ddl.replace(" NOT NULL", ""), rows)
        lake.declared.pop("clean.rows", None)
        suite = [expect.column_values_to_not_be_null("id", on_failure="quarantine")] if aside else []

        @step(
            sources={"rows": Source(source, interval_column=column)},
            target=Target("clean.rows", ddl, write, partition_by=partition_by),
            expectations=suite,
        )
        def publishing(rows):
            return rows

        return lake.carry_out(lake.plan(publishing, date=str(day), unit=unit)).steps[0]

    return published


@pytest.fixture
def on_table(lake, spark) -> Callable[[str], None]:
    """Run SQL on clean.rows, ``{table}``, as somebody else would."""

    def ran(statement):
        spark.sql(statement.replace("{table}", f"delta.`{lake.dataset('clean.rows').uri}`"))

    return ran


@pytest.fixture
def elsewhere(lake) -> Callable[[], None]:
    """Go on in a lake without tables."""
    numbers = itertools.count(1)

    def moved():
        lake.root = lake.root / str(next(numbers))
        lake.declared.clear()

    return moved
