"""How numbers, shares and bounds read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_SAID_ELSEWHERE = {"column", "column_A", "column_B", "column_list", "row_condition", "condition_parser", "mostly"}


def plain(arguments: Mapping[str, Any]) -> list[str]:
    """Say the arguments as they are, but for those that the expectation's name or ``mostly`` says."""
    return [f"{key}={value}" for key, value in arguments.items() if key not in _SAID_ELSEWHERE]


def span(arguments: Mapping[str, Any]) -> list[str]:
    """Say bounds: ``0 ≤ value ≤ 200``; nothing where there is none."""
    low, high = arguments.get("min_value"), arguments.get("max_value")
    if low is None and high is None:
        return []
    before = "" if low is None else f"{number(low)} {'<' if arguments.get('strict_min') else '≤'} "
    behind = "" if high is None else f" {'<' if arguments.get('strict_max') else '≤'} {number(high)}"
    return [f"{before}value{behind}"]


def sample(values: Sequence[Any], limit: int = 5) -> str:
    """Return at most ``limit`` values as text."""
    more = f" … {len(values) - limit} more" if len(values) > limit else ""
    return ", ".join(str(value).lower() if isinstance(value, bool) else str(value) for value in values[:limit]) + more


def percent(value: float) -> str:
    """Return ``50.8 %``; two digits below one percent, so that few in many are not rounded away."""
    digits = 1 if abs(value) >= 1 or value == 0 else 2
    text = f"{value:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def number(value: Any) -> str:
    """Return a number with thousands separated and at most four decimals; other values as they are."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4f}".rstrip("0").rstrip(".")
