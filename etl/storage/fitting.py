"""Rows of a file's or a table's own types become rows of the declared columns, once ``drift`` has let them through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from etl.model.dataset import Dataset
from etl.model.schema import Schema
from etl.spark.jvm import struct_type
from etl.sql import quoted
from etl.storage.drift import Fitting, fitted
from etl.storage.stored import Footer, Stored
from etl.storage.widening import as_declared, nullable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def declared_types(session: SparkSession, schema: Schema) -> dict[str, Any]:
    """Return the declared types by column, in Spark's JSON form; everything may be null."""
    struct = nullable(struct_type(session, schema.nullable().ddl).jsonValue())
    return {each["name"]: each["type"] for each in struct["fields"]}


def typed(frame: DataFrame, schema: Schema, declared: Mapping[str, Any], stored: Mapping[str, Any]) -> DataFrame:
    """Return the declared columns in their order and types; null where one is absent, or holds nothing.

    Args:
        frame: the rows as they are stored.
        schema: the declared columns.
        declared: their types, as ``declared_types`` gives them.
        stored: the types of the frame's columns; one that is not named has its declared type.
    """
    there = set(frame.columns)
    if frame.columns == list(schema.names) and all(kind == declared[name] for name, kind in stored.items()):
        return frame

    def column(name: str, kind: str) -> str:
        if name not in there:
            return f"CAST(NULL AS {kind}) AS {quoted(name)}"
        found = as_declared(quoted(name), stored.get(name, declared[name]), declared[name])
        return found if found == quoted(name) else f"CAST({found} AS {kind}) AS {quoted(name)}"

    return frame.selectExpr(*(column(each.name, each.type) for each in schema))


def of_table(
    session: SparkSession, dataset: Dataset, frame: DataFrame, there: Sequence[tuple[str, str]]
) -> tuple[DataFrame, tuple[str, ...]]:
    """Return the declared columns of a table's rows, and what of it nobody declared; all where nothing is declared.

    Args:
        session: the step's.
        dataset: the table.
        frame: its rows.
        there: its columns and their types in the database's own words.

    Raises:
        InputError: the columns are not exactly within the declared ones.
    """
    if dataset.schema is None:
        return frame, ()
    kinds = {field.name: field.dataType.jsonValue() for field in frame.schema.fields}
    declared = declared_types(session, dataset.schema)
    footer = Footer(dataset.table, tuple(Stored(name, kinds[name], words) for name, words in there), what="table")
    fitting = fitted(dataset, declared, [footer], lambda _, __: False)
    return typed(frame, dataset.schema, declared, dict(fitting[0].kinds)), tuple(undeclared(fitting))


def undeclared(fitting: Iterable[Fitting]) -> list[str]:
    """Return in words the columns that are not read, each with how many have it and the first of them."""
    found: dict[str, list[str]] = {}
    every = list(fitting)
    for each in every:
        for name in each.extra:
            found.setdefault(name, []).append(each.footer.uri)
    return [f"column {name!r} in {len(uris)} of {len(every)}: {uris[0]}" for name, uris in found.items()]
