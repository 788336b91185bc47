"""What a staged write's own file statistics can tell, so that nobody counts it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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

    def null_rows(self, column: str) -> int | None:
        """Return how many rows of a column are null; None where not every file says so."""
        return self.nulls.get(column) if self.rows else 0


def together(files: Sequence[Statistics]) -> Statistics:
    """Return what several files say of all their rows; a file whose column holds only nulls needs no bounds for it."""

    def told(values: Callable[[Statistics], Mapping[str, Any]], of: Callable[[Any], Any], *, bounds: bool) -> Any:
        names = dict.fromkeys(name for file in files for name in values(file))
        found = {}
        for name in names:
            speak = [file for file in files if not (bounds and file.null_rows(name) == file.rows)]
            if all(name in values(file) for file in speak):
                found[name] = of([values(file)[name] for file in speak])
        return found

    return Statistics(
        sum(file.rows for file in files),
        told(lambda file: file.nulls, sum, bounds=False),
        told(lambda file: file.least, min, bounds=True),
        told(lambda file: file.greatest, max, bounds=True),
    )


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
