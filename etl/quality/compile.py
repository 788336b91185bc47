"""From expectations to what must be measured, and in which pass.

A measure is its own SQL text, so equal measures of different expectations are computed once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from attrs import evolve, frozen

from etl.errors import DefinitionError, Place
from etl.kinds import KINDS, unknown
from etl.kinds.kind import FILES, KEYS, OBSERVATION, Kind, Measure, Needs, Pass, Rows, Types
from etl.kinds.proof import Proof
from etl.model.expectation import Expectation, OnFailure
from etl.model.schema import Schema
from etl.quality.check import Check
from etl.quality.flag import Flag
from etl.quality.spare import Spared, spared

NOT_NULL = "expect_column_values_to_not_be_null"


@frozen
class Suite:
    """A step's expectations, compiled.

    Args:
        checks: in declaration order, the NOT NULL columns last.
        published: the measure that counts the rows to publish.
        flag: the mark of the quarantining expectations; None where nothing quarantines.
        spared: what is not measured as the rows pass.
    """

    checks: tuple[Check, ...]
    published: str
    flag: Flag | None
    spared: Spared

    @property
    def measures(self) -> tuple[str, ...]:
        """SQL of every distinct measure that rides on the staging write."""
        every = [self.published, self.spared.broken, self.output if self.spared.aside else None]
        every += [measure.sql for measure in self.taken_by(OBSERVATION)]
        return tuple(dict.fromkeys(sql for sql in every if sql))

    @property
    def output(self) -> str:
        """The measure that counts all rows, those that are set aside among them."""
        return Rows().count().sql

    @property
    def keys(self) -> tuple[str, ...]:
        """SQL of every distinct key whose uniqueness is asked for."""
        return tuple(measure.sql for measure in self.taken_by(KEYS))

    def taken_by(self, one: Pass) -> tuple[Measure, ...]:
        """Return the distinct measures of one pass."""
        needed = [measure for check in self.checks for measure in check.measures.values() if measure.by == one]
        return tuple(dict.fromkeys(needed))


def compile_suite(
    expectations: Sequence[Expectation], schema: Schema, place: Place | None = None, counted: Collection[str] = ()
) -> Suite:
    """Compile expectations and the target's NOT NULL columns.

    Args:
        expectations: the declared ones.
        schema: the target's.
        place: where they are declared.
        counted: columns whose nulls and bounds the staged files' own statistics will tell: what these can prove is not
            evaluated.

    Raises:
        DefinitionError: a type that is not known, a column or value it does not take.
    """
    everything = (*expectations, *_implied(expectations, schema))
    asked = [(one, *_kind(one, schema, place)) for one in everything]
    tests = {one.name: _broken(one, kind, types) for one, kind, types in asked if _quarantines(one)}
    flag = Flag(tests) if tests else None
    kept = flag.kept if flag else None
    checks = [Check(one, kind, types, _needs(one, kind, types, flag, counted)) for one, kind, types in asked]
    without = spared(checks, flag, counted)
    return Suite(without.checks, Rows((kept,)).count().sql, flag, without)


def _implied(expectations: Sequence[Expectation], schema: Schema) -> list[Expectation]:
    """Return an expectation for each NOT NULL column that none of the declared ones stands for."""
    stated = {
        one.kwargs.get("column")
        for one in expectations
        if one.type == NOT_NULL
        and not {"mostly", "row_condition"} & set(one.kwargs)
        and one.on_failure is not OnFailure.WARN
    }
    required = [column.name for column in schema if not column.nullable and column.name not in stated]
    return [Expectation(NOT_NULL, {"column": name}, description="NOT NULL in the schema") for name in required]


def _kind(expectation: Expectation, schema: Schema, place: Place | None) -> tuple[Kind, Types]:
    kind = KINDS.get(expectation.type)
    if kind is None:
        raise DefinitionError(unknown(expectation.type), place=place)
    types = {name: schema.column(name).type for name in expectation.columns if name in schema}
    lost = [name for name in expectation.columns if name not in schema]
    problem = f"no column {lost[0]!r}" if lost else kind.problem(expectation.kwargs, types)
    if problem:
        raise DefinitionError(f"{expectation.name}: {problem}", place=place)
    return kind, types


def _quarantines(expectation: Expectation) -> bool:
    return expectation.on_failure is OnFailure.QUARANTINE


def _broken(expectation: Expectation, kind: Kind, types: Types) -> str:
    rule = kind.compile(expectation.kwargs, types, Rows()).rule
    broken, condition = rule.broken if rule else "false", expectation.kwargs.get("row_condition")
    return f"coalesce({condition}, false) AND {broken}" if condition else broken


def _needs(expectation: Expectation, kind: Kind, types: Types, flag: Flag | None, counted: Collection[str]) -> Needs:
    """Measure a quarantining expectation over all rows, every other one over the rows to publish."""
    condition = expectation.kwargs.get("row_condition")
    if flag and _quarantines(expectation):
        needs = kind.compile(expectation.kwargs, types, Rows((condition,)))
        # The row was tested when it was flagged.
        return Needs({**needs.measures, "unexpected": Rows().count(flag.breaks(expectation.name))}, needs.rule)
    needs = kind.compile(expectation.kwargs, types, Rows((flag.kept if flag else None, condition)))
    if not _provable(needs.proof, expectation, counted):
        return evolve(needs, proof=None)
    staged = kind.compile(expectation.kwargs, types, Rows())  # only the rows to publish are in the files
    return evolve(needs, measures={role: evolve(each, by=FILES) for role, each in staged.measures.items()})


def _provable(proof: Proof | None, expectation: Expectation, counted: Collection[str]) -> bool:
    """Say whether to leave an expectation to the files' statistics.

    Where they can only prove that all is well, the exact counts cost a Spark job: worth it on the way to a failure, not
    for a warning or a share that every run meets.
    """
    if proof is None or proof.column not in counted or "row_condition" in expectation.kwargs:
        return False
    return proof.exact or (expectation.on_failure is OnFailure.FAIL and expectation.kwargs.get("mostly", 1.0) >= 1)
