"""Values and names as Spark SQL text; nothing a person wrote gets into SQL any other way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any


def quoted(name: str) -> str:
    """Return a name quoted for SQL."""
    return "`" + name.replace("`", "``") + "`"


def literal(value: Any) -> str:
    """Return a value as a SQL literal; times are UTC.

    Raises:
        TypeError: a value SQL has no literal for.
    """
    if value is None:
        return "NULL"
    for kind, spell in LITERALS:  # in order: a bool is an int, a datetime is a date
        if isinstance(value, kind):
            return spell(value)
    raise TypeError(f"{value!r} ({type(value).__name__}) has no SQL literal")


LITERALS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (bool, lambda value: "true" if value else "false"),
    (float, lambda value: f"double('{float(value)!r}')"),
    (int, lambda value: str(int(value))),
    (Decimal, lambda value: f"{value:f}BD"),
    (datetime, lambda value: f"TIMESTAMP'{value.isoformat(sep=' ')}'"),
    (date, lambda value: f"DATE'{value.isoformat()}'"),
    (str, lambda value: "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"),
)


def conjunction(conditions: Iterable[str | None]) -> str:
    """Join conditions with AND; ``true`` where there is none."""
    given = [f"({condition})" for condition in conditions if condition]
    return " AND ".join(given) or "true"


def count_where(*conditions: str | None) -> str:
    """Return an aggregate that counts the rows for which every condition is true."""
    condition = conjunction(conditions)
    return "count(1)" if condition == "true" else f"count_if({condition})"
