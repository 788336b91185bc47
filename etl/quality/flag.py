"""The mark a row carries through the staging write: whether it is kept, or breaks a quarantining expectation.

One boolean, which Spark compiles into the loop it has anyway. Which expectations a row breaks is asked only of the few
that are set aside: counted as they pass, spelled where they are written.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from etl.sql import literal, quoted

KEPT = "headrace_kept"  # its files lie in folders of this name; one that starts with _ is hidden from VACUUM for ever


@frozen
class Flag:
    """SQL around the column ``headrace_kept``.

    Args:
        tests: what is true for a row that breaks an expectation, never null, by the expectation's name.
    """

    tests: Mapping[str, str] = field(hash=False)

    @property
    def sql(self) -> str:
        """The flag, computed from the step's columns: true for a row to publish, never null."""
        return f"NOT ({' OR '.join(f'({test})' for test in self.tests.values())})"

    @property
    def kept(self) -> str:
        """True for a row to publish; over the flag's column."""
        return quoted(KEPT)

    @property
    def names(self) -> str:
        """The names that a row breaks as ARRAY<STRING>, in declaration order; over the step's columns."""
        spelled = [f"CASE WHEN {test} THEN {literal(name)} END" for name, test in self.tests.items()]
        return f"filter(array({', '.join(spelled)}), name -> name IS NOT NULL)"

    def breaks(self, name: str) -> str:
        """Return SQL that is true for a row that breaks this expectation, never null; over both."""
        return f"NOT {self.kept} AND ({self.tests[name]})"
