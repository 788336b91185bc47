"""Which types hold every value of another, unchanged: what a table's column may become without touching a value."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql.types import DataType, DecimalType

DIGITS: Mapping[str, int] = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 19}
"""Decimal digits that the greatest value of each integer type has."""

LOSSLESS: Mapping[str, frozenset[str]] = {
    "tinyint": frozenset({"smallint", "int", "bigint", "float", "double"}),
    "smallint": frozenset({"int", "bigint", "float", "double"}),
    "int": frozenset({"bigint", "double"}),
    "float": frozenset({"double"}),
    "date": frozenset({"timestamp", "timestamp_ntz"}),
}
"""By the narrower type, as ``simpleString`` writes them; decimals are compared by their digits."""

IN_PLACE: Mapping[str, frozenset[str]] = {"tinyint": frozenset({"smallint", "int"}), "smallint": frozenset({"int"})}
"""What Delta widens without rewriting a file, on every table and both Spark columns: Parquet stores all three alike.

Delta's feature ``typeWidening`` goes further on Spark 4 alone; a table so widened is read by no Spark 3.5.
"""


def widens(had: DataType, wanted: DataType) -> bool:
    """Return True if the type ``wanted`` is another one and holds every value of ``had``."""
    narrow = had.simpleString()
    if isinstance(wanted, DecimalType):
        if isinstance(had, DecimalType):
            grown = wanted.scale - had.scale, (wanted.precision - wanted.scale) - (had.precision - had.scale)
            return grown != (0, 0) and min(grown) >= 0
        return narrow in DIGITS and wanted.precision - wanted.scale >= DIGITS[narrow]
    return wanted.simpleString() in LOSSLESS.get(narrow, ())


def in_place(had: DataType, wanted: DataType) -> bool:
    """Return True if Delta makes ``wanted`` of the table's ``had`` without rewriting files."""
    return wanted.simpleString() in IN_PLACE.get(had.simpleString(), ())
