"""The mark a row carries through the staging write: which quarantining expectations it breaks.

One bit each, in a number: Spark compiles that into the loop it has anyway. An array of names would be built for every
row, by an interpreted function; so they are spelled where the few broken rows are written.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from etl.sql import literal

BROKEN = "_broken"  # the flag's column; in the quarantine, the names
BITS = 63  # of a BIGINT, the sign left alone


@frozen
class Flag:
    """SQL around the column ``_broken``.

    Args:
        tests: what is true for a row that breaks an expectation, by the expectation's name.
    """

    tests: Mapping[str, str] = field(hash=False)

    @property
    def sql(self) -> str:
        """The flag, computed from the step's columns: a BIGINT, or an array of them where one has too few bits."""
        tests = list(self.tests.values())
        numbers = [_number(tests[first : first + BITS]) for first in range(0, len(tests), BITS)]
        return numbers[0] if len(numbers) == 1 else f"array({', '.join(numbers)})"

    @property
    def kept(self) -> str:
        """True for a row to publish, never null; over the flag's column."""
        numbers = range(0, len(self.tests), BITS)
        return " AND ".join(f"{self._word(first)} = 0" for first in numbers)

    @property
    def names(self) -> str:
        """The names that a row breaks as ARRAY<STRING>, in declaration order; over the flag's column."""
        spelled = [f"CASE WHEN {self.breaks(name)} THEN {literal(name)} END" for name in self.tests]
        return f"filter(array({', '.join(spelled)}), name -> name IS NOT NULL)"

    def breaks(self, name: str) -> str:
        """Return SQL that is true for a row that breaks this expectation, never null; over the flag's column."""
        n = list(self.tests).index(name)
        return f"({self._word(n)} & {1 << n % BITS}L) != 0"

    def _word(self, n: int) -> str:
        return f"`{BROKEN}`" if len(self.tests) <= BITS else f"`{BROKEN}`[{n // BITS}]"


def _number(tests: list[str]) -> str:
    return " | ".join(f"CASE WHEN {test} THEN {1 << n}L ELSE 0L END" for n, test in enumerate(tests))
