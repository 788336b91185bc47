"""Values and names as Spark SQL text; nothing a person wrote gets into SQL any other way."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any


def name(column: str) -> str:
    """Return the column quoted for SQL."""
    return "`" + column.replace("`", "``") + "`"


def literal(value: Any) -> str:  # noqa: ANN401 any value an expectation may hold
    """Return a value as a SQL literal; times are UTC.

    Raises:
        TypeError: a value SQL has no literal for.
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"double('{value!r}')"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:f}BD"
    if isinstance(value, datetime):
        return f"TIMESTAMP'{value.isoformat(sep=' ')}'"
    if isinstance(value, date):
        return f"DATE'{value.isoformat()}'"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    raise TypeError(f"{value!r} ({type(value).__name__}) has no SQL literal")


def conjunction(conditions: Iterable[str | None]) -> str:
    """Join conditions with AND; ``true`` where there is none."""
    given = [f"({condition})" for condition in conditions if condition]
    return " AND ".join(given) or "true"


def count_where(*conditions: str | None) -> str:
    """Return an aggregate that counts the rows for which every condition is true."""
    condition = conjunction(conditions)
    return "count(1)" if condition == "true" else f"count_if({condition})"
