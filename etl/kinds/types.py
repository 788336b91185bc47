"""Columns' types in groups, and what a type can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etl.sql import quoted

BITS = {"TINYINT": 8, "SMALLINT": 16, "INT": 32, "BIGINT": 64}
INTEGERS = frozenset(BITS)
FRACTIONS = frozenset({"FLOAT", "DOUBLE"})  # the two that know NaN
EXACT = INTEGERS | {"DECIMAL"}
NUMBERS = EXACT | FRACTIONS
TIMES = frozenset({"TIMESTAMP", "TIMESTAMP_NTZ"})
ORDERED = NUMBERS | TIMES | {"DATE", "STRING"}
SPELLED = ORDERED | {"BOOLEAN"}  # types whose values SQL has literals for
ANY = SPELLED | {"BINARY", "ARRAY", "MAP", "STRUCT"}
DIGITS = 38  # of Spark's widest number


def bare(kind: str) -> str:
    """Return a type without digits and elements: ``DECIMAL(10,2)`` is a DECIMAL."""
    return kind.partition("(")[0].partition("<")[0]


def digits(kind: str) -> tuple[int, int]:
    """Return how many digits an exact number's type has, and how many of them are behind the point."""
    if bare(kind) in INTEGERS:
        return len(str(2 ** (BITS[bare(kind)] - 1))), 0
    whole, _, behind = kind.partition("(")[2].rstrip(")").partition(",")
    return int(whole), int(behind)


def extent(kind: str) -> tuple[int, int]:
    """Return the least and the greatest value of an exact number's type, in units of its last digit."""
    if bare(kind) in INTEGERS:
        half: int = 2 ** (BITS[bare(kind)] - 1)
        return -half, half - 1
    most = 10 ** digits(kind)[0] - 1
    return -most, most


def not_nan(value: str, kind: str) -> list[str]:
    """Return the condition that a value is not NaN, which Spark takes for the greatest number; none for other types."""
    return [f"NOT isnan({value})"] if bare(kind) in FRACTIONS else []


def shown(value: str, kind: str) -> str:
    """Return SQL of the value as results show it: a time in UTC, whatever the zone of the machine that reads it."""
    return f"replace(CAST({value} AS STRING), ' ', 'T')" if bare(kind) in TIMES else value


def column_of(arguments: Mapping[str, Any], types: Mapping[str, str]) -> tuple[str, str]:
    """Return the argument ``column``, quoted for SQL, and its type."""
    return quoted(arguments["column"]), types[arguments["column"]]
