"""Whether two SQL expressions of one type hold the same value, bit for bit where a reader could tell them apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from etl.sql import quoted


def same(left: str, right: str, kind: str) -> str:
    """Return SQL that is true where both hold the same value, null and null, NaN and NaN too; never null.

    Args:
        left: SQL.
        right: SQL.
        kind: the type of both, as Spark's ``simpleString`` has it. Maps cannot be compared, their JSON can: at worst
            equal ones are told apart.
    """
    if kind in {"float", "double"}:  # -0.0 equals 0.0, and is another value
        return f"({left} <=> {right} AND ({left} <> 0 OR CAST({left} AS STRING) <=> CAST({right} AS STRING)))"
    return " <=> ".join(_comparable(side, kind) for side in (left, right))


def all_same(left: str, right: str, kinds: Mapping[str, str], names: Iterable[str]) -> str:
    """Return SQL that is true where these fields of two structs hold the same values; ``kinds`` are their types."""
    each = (same(f"{left}.{quoted(name)}", f"{right}.{quoted(name)}", kinds[name]) for name in names)
    return " AND ".join(f"({one})" for one in each) or "true"


def _comparable(column: str, kind: str) -> str:
    if "map<" not in kind:
        return column
    times = "yyyy-MM-dd\\'T\\'HH:mm:ss.SSSSSS"  # unless told, JSON has milliseconds: the rest would be no change
    told = f"'ignoreNullFields', 'false', 'timestampFormat', '{times}', 'timestampNTZFormat', '{times}'"
    return f"to_json({column}, map({told}))"
