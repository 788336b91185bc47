"""What a staged write's own file statistics can tell, so that nobody counts it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen


@frozen
class Statistics:
    """What the staged files say of their rows, all files together.

    A column is in a mapping only if every file speaks of it. ``least`` may be below and ``greatest`` above every value
    (formats shorten them), never inside.

    Args:
        rows: rows in the files, exactly.
        nulls: null rows by top-level column, exactly.
        least: a lower bound of a column's values: int, Decimal, date or datetime (naive is UTC).
        greatest: an upper bound.
    """

    rows: int
    nulls: Mapping[str, int] = field(factory=dict, hash=False)
    least: Mapping[str, Any] = field(factory=dict, hash=False)
    greatest: Mapping[str, Any] = field(factory=dict, hash=False)


@frozen
class Proof:
    """How statistics tell the measures of an expectation.

    Args:
        column: whose statistics.
        exact: they give the counts whatever these are; else they can only prove that no row is broken.
        read: statistics → measured values by role; None if they prove nothing.
    """

    column: str
    exact: bool
    read: Callable[[Statistics], Mapping[str, int] | None]
