"""Counts that need not be taken as the rows pass: the staged files tell them, or only a failure asks for them.

Each observed measure is about a hundredth of a write over millions of rows. Of an expectation that may not be broken at
all, only whether it is matters, and one measure says so of all of them together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from attrs import evolve, field, frozen

from etl.kinds.kind import FILES, Measure, Rows
from etl.model.expectation import OnFailure
from etl.quality.check import Check
from etl.quality.flag import Flag
from etl.sql import quoted


@frozen
class Spared:
    """A suite's checks without the measures that are left for later.

    Args:
        checks: in the suite's order.
        broken: the measure that counts the rows to publish that break any of several checks; None where there are none.
        at_once: SQL of the counts that are 0 where that one is.
        nulls: the column whose nulls a count is of, by its SQL.
        aside: SQL that counts the rows set aside, where a single expectation sets any aside.
    """

    checks: tuple[Check, ...]
    broken: str | None = None
    at_once: frozenset[str] = frozenset()
    nulls: Mapping[str, str] = field(factory=dict, hash=False)
    aside: str | None = None


def spared(checks: Sequence[Check], flag: Flag | None, counted: Collection[str]) -> Spared:
    """Leave to the staged files what they tell, and exact counts to the day when one of several checks is broken.

    The rows that break the only quarantining expectation are those that are set aside: all but those to publish.

    Args:
        checks: compiled.
        flag: the mark of the quarantining expectations.
        counted: columns whose nulls the staged files' own statistics will tell.
    """
    rows, staged = Rows((flag.kept if flag else None,)), Rows()  # only the rows to publish are in the files
    null = {name: f"{quoted(name)} IS NULL" for name in counted}
    later = {rows.count(sql): staged.count(sql).sql for sql in null.values()}
    aside = staged.count(f"NOT {flag.kept}").sql if flag and len(flag.tests) == 1 else None
    if flag and aside:
        later |= {staged.count(flag.breaks(name)): aside for name in flag.tests}
    tests = {check.rule.broken: None for check in checks if check.rule and _is_whether(check, rows)}
    broken = rows.count(" OR ".join(f"({test})" for test in tests)).sql if len(tests) > 1 else None
    at_once = {rows.count(test): staged.count(test).sql for test in tests} if broken else {}
    return Spared(
        checks=tuple(_without(check, later, at_once if _is_whether(check, rows) else {}) for check in checks),
        broken=broken,
        at_once=frozenset(at_once.values()),
        nulls={staged.count(sql).sql: name for name, sql in null.items()},
        aside=aside,
    )


def _is_whether(check: Check, rows: Rows) -> bool:
    """Say whether only a broken row matters, not how many there are, and each row says so by itself."""
    asked = check.expectation
    if check.rule is None or asked.on_failure is not OnFailure.FAIL or "row_condition" in asked.kwargs:
        return False
    return asked.kwargs.get("mostly", 1.0) >= 1 and check.measures.get("unexpected") == rows.count(check.rule.broken)


def _without(check: Check, later: Mapping[Measure, str], at_once: Mapping[Measure, str]) -> Check:
    every = {**later, **at_once}
    measures = {
        role: Measure(every[measure], FILES) if measure in every else measure
        for role, measure in check.measures.items()
    }
    return evolve(check, needs=evolve(check.needs, measures=measures))
