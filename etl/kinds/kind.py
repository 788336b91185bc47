"""What an expectation type is: one frozen value that every room asks, and the small values it speaks in.

A kind knows arguments, columns' types and SQL text, neither Spark nor steps: whoever looks for faults of a declaration
asks it, a plan what it costs, the audit what to measure and how to judge, a report how to say it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from etl.errors import did_you_mean
from etl.kinds.proof import Proof
from etl.kinds.types import ANY, bare
from etl.kinds.words import plain
from etl.sql import conjunction, count_where

Arguments = Mapping[str, Any]  # Great Expectations' kwargs
Types = Mapping[str, str]  # Spark's type of each column that the arguments name, in their order
Judgement = tuple[bool, dict[str, Any]]  # success, and Great Expectations' ``result``
SWITCHES = ("strict_min", "strict_max", "or_equal")
COMMON = ("row_condition", "condition_parser")


class Level(StrEnum):
    """Whether a single row can break it, by looking at that row alone, or only the table."""

    ROW = "row"
    TABLE = "table"


@frozen
class Pass:
    """A look at the rows; ``cost`` is what a plan says of it, nothing where no rows are read for it."""

    name: str
    cost: str = ""


OBSERVATION = Pass("observation")  # rides on the staging write
FILES = Pass("files")  # the staged files' own statistics; exact counts where they prove nothing
KEYS = Pass("keys", "1 pass for uniqueness")  # over the key columns of the staged rows, all keys together


@frozen
class Measure:
    """One number to take: its SQL, so that equal measures are taken once, and the pass that takes it."""

    sql: str
    by: Pass = OBSERVATION


@frozen
class Rows:
    """The rows an expectation looks at: those for which every condition is true."""

    conditions: tuple[str | None, ...] = ()

    def count(self, *more: str | None) -> Measure:
        """Return the measure that counts them, or those of them for which more is true."""
        return Measure(count_where(*self.conditions, *more))

    def only(self, value: str) -> str:
        """Return SQL of the value that is null for every other row: an observation takes no FILTER clause."""
        within = conjunction(self.conditions)
        return value if within == "true" else f"CASE WHEN {within} THEN {value} END"


@frozen
class RowRule:
    """SQL over one row, never null: ``missing`` rows are ignored (None: every row counts), ``broken`` ones break it."""

    missing: str | None
    broken: str


def unless_missing(missing: str, holds: str) -> RowRule:
    """Return the rule that rows keep for which ``holds`` is true; where values are there, null is not true."""
    return RowRule(missing, f"NOT ({missing}) AND NOT coalesce({holds}, false)")


@frozen
class Needs:
    """What one expectation needs to be judged.

    Args:
        measures: by the role they have in its judgement.
        rule: what makes a single row break it.
        proof: how the staged files' statistics tell the same roles.
    """

    measures: Mapping[str, Measure] = field(hash=False)
    rule: RowRule | None = None
    proof: Proof | None = None


def _wrong(arguments: Arguments) -> str | None:
    """Say what is wrong with the arguments that mean the same to every type, or None."""
    for name in SWITCHES:
        if arguments.get(name) not in (None, True, False) or type(arguments.get(name)) is int:
            return f"{name}={arguments[name]!r} is neither True nor False"
    mostly = arguments.get("mostly", 1.0)
    if isinstance(mostly, bool) or not isinstance(mostly, int | float) or not 0 <= mostly <= 1:
        return f"mostly={mostly!r} is outside 0 to 1"
    condition, language = arguments.get("row_condition"), arguments.get("condition_parser", "spark")
    if condition is not None and not (isinstance(condition, str) and condition.strip()):
        return f"row_condition={condition!r} is no SQL"
    return None if language == "spark" else f"condition_parser={language!r}: a row_condition is Spark SQL, 'spark'"


def _fine(_: Arguments, __: Types) -> str | None:
    return None


@frozen(kw_only=True)
class Kind:
    """One expectation type.

    Args:
        type: Great Expectations' name.
        level: what can break it.
        arguments: those that must be given.
        options: those that may be given, besides ``row_condition``.
        accepts: types that its columns may have, without digits and elements: ``DECIMAL``, ``ARRAY``.
        passes: what the measures ride on.
        compile: arguments, columns' types and the rows to look at → what must be measured.
        judge: arguments and the measured values by role → success, result.
        words: what was asked, for people; ``mostly`` is said by the report.
        check: what is wrong with the values of the arguments for columns of these types, or None.
    """

    type: str
    level: Level
    arguments: tuple[str, ...]
    options: tuple[str, ...] = ()
    accepts: frozenset[str] = ANY
    passes: tuple[Pass, ...] = (OBSERVATION,)
    compile: Callable[[Arguments, Types, Rows], Needs]
    judge: Callable[[Arguments, Arguments], Judgement]
    words: Callable[[Arguments], list[str]] = plain
    check: Callable[[Arguments, Types], str | None] = _fine

    def problem(self, arguments: Arguments, types: Types) -> str | None:
        """Say why these arguments cannot be judged for columns of these types; None if they can."""
        known = (*self.arguments, *self.options, *COMMON)
        for name in arguments:
            if name not in known:
                return f"{self.type} takes no argument {name!r}; {did_you_mean(name, known)}"
        for name in self.arguments:
            if arguments.get(name) is None:
                return f"{self.type} needs the argument {name!r}"
        wrong = _wrong(arguments)
        if wrong:
            return wrong
        for column, kind in types.items():
            if bare(kind) not in self.accepts:
                return f"column {column!r} is {kind}; {self.type} takes {', '.join(sorted(self.accepts))}"
        return self.check(arguments, types)


def by_row(rule: Callable[[Arguments, Types], RowRule]) -> Callable[[Arguments, Types, Rows], Needs]:
    """Return the ``compile`` of a row-level kind: its rows are counted, the missing and the broken among them."""

    def compiled(arguments: Arguments, types: Types, rows: Rows) -> Needs:
        found = rule(arguments, types)
        measures = {"elements": rows.count(), "unexpected": rows.count(found.broken)}
        if found.missing:
            measures["missing"] = rows.count(found.missing)
        return Needs(measures, rule=found)

    return compiled
