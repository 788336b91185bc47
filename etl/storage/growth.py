"""What a table's column may become without touching a value, and without rewriting a file."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql.types import DataType

from etl.model.types import holds

DAYS: Mapping[str, frozenset[str]] = {"date": frozenset({"timestamp", "timestamp_ntz"})}

IN_PLACE: Mapping[str, frozenset[str]] = {"tinyint": frozenset({"smallint", "int"}), "smallint": frozenset({"int"})}
"""What Delta widens without rewriting a file, on every table and both Spark columns: Parquet stores all three alike.

Delta's feature ``typeWidening`` goes further on Spark 4 alone; a table so widened is read by no Spark 3.5.
"""


def widens(had: DataType, wanted: DataType) -> bool:
    """Return True if the type ``wanted`` is another one and holds every value of ``had``."""
    narrow, wide = had.simpleString(), wanted.simpleString()
    return narrow != wide and (holds(wide, narrow) or wide in DAYS.get(narrow, ()))


def in_place(had: DataType, wanted: DataType) -> bool:
    """Return True if Delta makes ``wanted`` of the table's ``had`` without rewriting files."""
    return wanted.simpleString() in IN_PLACE.get(had.simpleString(), ())
