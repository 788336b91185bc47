"""Records of a stream as rows: the values parsed like those of files, beside them what tells of each record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import evolve

from etl.errors import ProjectError, did_you_mean
from etl.model.dataset import Dataset
from etl.model.schema import Column, Schema
from etl.sql import quoted
from etl.storage import delimited, objects, plain
from etl.storage.lines import LINE, Lines
from etl.storage.reading import Corrupt, declared_schema, empty
from etl.storage.records import CORRUPT, REASON

if TYPE_CHECKING:
    from collections.abc import Collection

    from pyspark.sql import DataFrame, SparkSession

PLACE = "_headrace_place"
EMPTY = {"json": "'{}'", "csv": "''", "text": "''"}  # the value of a record that has none: every column is null
CORRUPT_MESSAGES = Corrupt(column=CORRUPT, reason=REASON, place=PLACE)

About = Mapping[str, tuple[str, str]]
"""Columns that tell of a record, for a schema that declares them: their type, and Spark's expression, as text."""


def check_about(dataset: Dataset, about: About, what: str) -> None:
    """Refuse a column about a record that is declared otherwise, or that no record has.

    Raises:
        ProjectError: with the column.
    """
    for column in declared_schema(dataset):
        kind = about.get(column.name, ("", ""))[0]
        if kind and column.type != kind:
            raise ProjectError(
                f"dataset {dataset.name}: {column.name} is {kind}, declared {column.type}", place=dataset.place
            )
        if column.name.startswith("_") and not kind:
            raise ProjectError(
                f"dataset {dataset.name}: no record of {what} has {column.name!r}; {did_you_mean(column.name, about)}",
                place=dataset.place,
            )


def rows(dataset: Dataset, messages: DataFrame, about: About, place: str, options: Collection[str]) -> DataFrame:
    """Return messages in the declared columns, and of those that are corrupt their text, the reason and the place.

    Args:
        dataset: what is declared.
        messages: with a BINARY or STRING column ``value``, and what ``about`` speaks of.
        about: the columns that tell of a record.
        place: SQL over them that says where a record stands.
        options: of the dataset's those that are not the parser's.
    """
    schema = declared_schema(dataset)
    texts = [f"{sql} AS {name}" for name, (_, sql) in about.items()]
    line = f"coalesce(CAST(value AS STRING), {EMPTY[dataset.value_format]}) AS {LINE}"
    of_values = [column for column in schema if column.name not in about]
    inner = evolve(
        dataset,
        format=dataset.value_format,
        schema=Schema((*of_values, *(Column(name, "STRING") for name in about))),
        partitioned_by=tuple(about),
        options={key: value for key, value in dataset.options.items() if key not in options},
    )
    parsed = _parsed(Lines(messages.selectExpr(*texts, line)), inner, [column.name for column in of_values])
    columns = [
        f"CAST({column.name} AS {column.type}) AS {column.name}" if column.name in about else quoted(column.name)
        for column in schema
    ]
    return parsed.selectExpr(*columns, CORRUPT, REASON, f"{place} AS {PLACE}")


def none(session: SparkSession, dataset: Dataset) -> DataFrame:
    """Return no rows, with the columns that rows have."""
    return empty(session, dataset, dict.fromkeys((CORRUPT, REASON, PLACE), "STRING"))


def _parsed(lines: Lines, inner: Dataset, names: list[str]) -> DataFrame:
    if inner.format == "json":
        return objects.parsed(lines, inner, inner.rules)
    if inner.format == "csv":
        return delimited.parsed(lines, inner, delimited.dialect_of(inner.spark_options), inner.rules, names)
    return plain.parsed(lines, inner, inner.rules)
