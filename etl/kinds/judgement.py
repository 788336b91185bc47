"""From measured values to success and Great Expectations' ``result``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from etl.kinds.types import DIGITS

Values = Mapping[str, Any]


def of_rows(arguments: Values, taken: Values) -> tuple[bool, dict[str, Any]]:
    """Column-map expectations: the share of non-missing rows that hold must reach ``mostly``; no rows, no failure."""
    elements, missing, unexpected = taken["elements"], taken.get("missing", 0), taken["unexpected"]
    present = elements - missing
    success = present == 0 or (present - unexpected) / present >= arguments.get("mostly", 1.0)
    result: dict[str, Any] = {
        "element_count": elements,
        "unexpected_count": unexpected,
        "unexpected_percent": 100.0 * unexpected / present if present else None,
        "partial_unexpected_list": [],
    }
    if "missing" in taken:
        result |= {
            "missing_count": missing,
            "missing_percent": 100.0 * missing / elements if elements else None,
            "unexpected_percent_total": 100.0 * unexpected / elements if elements else None,
            "unexpected_percent_nonmissing": result["unexpected_percent"],
        }
    return success, result


def of_value(_: Values, taken: Values) -> tuple[bool, dict[str, Any]]:
    """Aggregates, which the measure itself has compared: no value (no rows) is a failure, as in Great Expectations.

    Where ``present`` values have none, it has more digits than Spark: that is what was observed.
    """
    value, holds = taken["observed"]
    if value is None and taken.get("present"):
        return False, {"observed_value": f"more than {DIGITS} digits"}
    not_json = isinstance(value, float) and not math.isfinite(value)
    return value is not None and bool(holds), {"observed_value": str(value) if not_json else value}
