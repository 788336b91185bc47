"""Rows of a database's table as a frame: read by Spark's JDBC reader, without loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from etl.model.connection import Connection
from etl.sql import quoted
from etl.storage.database import spark_options, told
from etl.storage.drivers import address
from etl.storage.vendors import Readable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

FETCHED = "10000"  # rows at a time; a driver else holds a whole result in memory


def loaded(
    session: SparkSession,
    connection: Connection,
    table: str,
    columns: Sequence[Readable],
    *,
    where: str = "",
    parts: Sequence[str] = (),
    begins: str = "",
    fetched: str = FETCHED,
) -> DataFrame:
    """Return a table's rows, each part of them by one reader; Spark asks the database for the columns now.

    Args:
        session: the step's.
        connection: the database.
        table: as SQL names it.
        columns: those that are read.
        where: the condition of the rows; empty for all.
        parts: conditions that part the rows; none for one reader.
        begins: statements that each reader begins with.
        fetched: rows at a time.

    Raises:
        EtlError: the database refuses.
    """
    query = f"SELECT {', '.join(each.selected for each in columns)} FROM {table}" + (f" WHERE {where}" if where else "")
    properties = spark_options(connection) | {
        "fetchsize": fetched,
        "customSchema": ", ".join(f"{quoted(each.name)} {each.loaded}" for each in columns if each.loaded),
    }
    if begins:
        properties["sessionInitStatement"] = begins
    with told(connection):
        frame = session.read.jdbc(
            address(connection), f"({query}) AS headrace", predicates=list(parts) or ["1 = 1"], properties=properties
        )
    if not any(each.turned for each in columns):
        return frame
    named = (f"{each.turned} AS {quoted(each.name)}" if each.turned else quoted(each.name) for each in columns)
    return frame.selectExpr(*named)
