"""A Parquet file of any schema, as another tool than Spark would write it, and a step that reads it."""

from __future__ import annotations

from functools import partial

import pytest

from etl import ReplaceTable, Source, Target, step
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
