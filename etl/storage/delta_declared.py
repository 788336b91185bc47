"""A Delta table's rows in the columns that the catalogue declares of it."""

from __future__ import annotations

from attrs import evolve
from pyspark.sql import DataFrame, SparkSession

from etl.model.dataset import Dataset
from etl.model.history import EVENTS
from etl.storage.drift import fitted
from etl.storage.fitting import declared_types, typed, undeclared
from etl.storage.stored import Footer, Stored
from etl.storage.widening import nullable


def at_version(session: SparkSession, dataset: Dataset, version: int) -> DataFrame:
    """Return the table's rows as of a version, with its own columns."""
    return session.read.format("delta").option("versionAsOf", version).load(dataset.uri)


def as_declared(frame: DataFrame, dataset: Dataset) -> tuple[DataFrame, tuple[str, ...]]:
    """Return rows of the table in the declared columns and types, and in words the columns that are not read.

    What a step here writes is as it was declared: its own publish has seen to that.
    """
    session = frame.sparkSession
    if dataset.schema is not None and EVENTS not in dataset.schema:
        frame = frame.drop(EVENTS)
    if dataset.schema is None or dataset.written_by is not None:
        return frame, ()
    declared = declared_types(session, dataset.schema)
    fields = nullable(frame.schema.jsonValue())["fields"]
    columns = tuple(Stored(each["name"], each["type"]) for each in fields)
    table = evolve(dataset, partitioned_by=())  # a table's partition columns are columns like any other
    (found,) = fitted(table, declared, [Footer(dataset.uri, columns, what="table")], lambda _, __: False)
    stored = {column.name: column.type for column in columns if column.name in declared}
    return typed(frame, dataset.schema, declared, stored), tuple(undeclared([found]))
