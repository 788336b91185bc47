"""Any value as JSON can hold it: what results, plans and fingerprints write down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def json_value(value: Any) -> Any:
    """Return ``value`` as JSON can hold it: dates and times in ISO form, other unknown types as text."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_value(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
