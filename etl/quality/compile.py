"""From expectations to what must be measured: aggregates of the staging write, row tests, key columns.

A measure is its own SQL text, so equal measures of different expectations are computed once.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen

from etl.errors import DefinitionError, Place, did_you_mean
from etl.model.expectation import Expectation, OnFailure
from etl.quality.rows import HOLDS, RowRule, row_rule
from etl.sql import count_where, literal, quoted

STATISTICS = {"mean": "avg", "sum": "sum", "min": "min", "max": "max"}
UNIQUE = ("expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique")
COUNTS = ("expect_table_row_count_to_be_between", "expect_table_row_count_to_equal")
KNOWN = frozenset({
    *HOLDS, *UNIQUE, *COUNTS, "expect_column_values_to_not_be_null", "expect_column_values_to_be_null",
    *(f"expect_column_{statistic}_to_be_between" for statistic in STATISTICS),
})  # fmt: skip
BROKEN = "_broken"  # the column that carries the names of the quarantining expectations a row breaks


@frozen
class Check:
    """One expectation and the measures its judgement needs, by role."""

    expectation: Expectation
    measures: dict[str, str] = field(hash=False)
    rule: RowRule | None = None
    key: str | None = None  # SQL of one comparable value per row, null where the row is ignored


@frozen
class Suite:
    """A step's expectations, compiled.

    Args:
        checks: in declaration order, the NOT NULL columns last.
        published: the measure that counts the rows to publish.
        broken: SQL array of the names a row breaks; None where nothing quarantines.
    """

    checks: tuple[Check, ...]
    published: str
    broken: str | None

    @property
    def measures(self) -> tuple[str, ...]:
        """Every distinct measure of the staging write, uniqueness excepted."""
        needed = [measure for check in self.checks for measure in check.measures.values()]
        return tuple(dict.fromkeys([self.published, *needed]))

    @property
    def keys(self) -> tuple[str, ...]:
        """Every distinct key whose uniqueness is asked for."""
        return tuple(dict.fromkeys(check.key for check in self.checks if check.key))


def compile_suite(
    expectations: Sequence[Expectation], not_null: Sequence[str] = (), place: Place | None = None
) -> Suite:
    """Compile expectations and the target's NOT NULL columns.

    Raises:
        DefinitionError: a type that is not known, or a value SQL cannot express.
    """
    stated = {e.kwargs["column"] for e in expectations
              if e.type == "expect_column_values_to_not_be_null" and not {"mostly", "row_condition"} & set(e.kwargs)
              and e.on_failure is not OnFailure.WARN}  # fmt: skip
    kind, said = "expect_column_values_to_not_be_null", "NOT NULL in the schema"
    implied = [Expectation(kind, {"column": name}, description=said) for name in not_null if name not in stated]
    for expectation in expectations:
        if expectation.type not in KNOWN:
            raise DefinitionError(f"expectation type {expectation.type!r} is not known; "
                                  + did_you_mean(expectation.type, KNOWN), place=place)  # fmt: skip
    tests = [
        f"CASE WHEN {_broken(expectation)} THEN {literal(expectation.name)} END"
        for expectation in expectations
        if expectation.on_failure is OnFailure.QUARANTINE
    ]
    kept = f"size({BROKEN}) = 0" if tests else None
    return Suite(
        checks=tuple(_check(expectation, kept) for expectation in (*expectations, *implied)),
        published=count_where(kept),
        broken=f"filter(array({', '.join(tests)}), n -> n IS NOT NULL)" if tests else None,
    )


def _broken(expectation: Expectation) -> str:
    rule, condition = row_rule(expectation), expectation.kwargs.get("row_condition")
    broken = rule.broken if rule else "false"
    return f"coalesce({condition}, false) AND {broken}" if condition else broken


def _check(expectation: Expectation, kept: str | None) -> Check:
    """Measure a quarantining expectation over all rows, every other one over the rows to publish."""
    scope = None if expectation.on_failure is OnFailure.QUARANTINE else kept
    kwargs, kind = expectation.kwargs, expectation.type
    condition = kwargs.get("row_condition")
    rule = row_rule(expectation)
    if rule:
        measures = {"elements": count_where(scope, condition), "unexpected": count_where(scope, condition, rule.broken)}
        if rule.missing:
            measures["missing"] = count_where(scope, condition, rule.missing)
        return Check(expectation, measures, rule=rule)
    if kind in UNIQUE:
        missing = " AND ".join(f"{quoted(column)} IS NULL" for column in expectation.columns)
        key = f"CASE WHEN NOT ({missing}){f' AND ({condition})' if condition else ''} THEN {_tuple(expectation)} END"
        measures = {"elements": count_where(scope, condition), "missing": count_where(scope, condition, missing)}
        return Check(expectation, measures, key=key)
    if kind in COUNTS:
        return Check(expectation, {"observed": count_where(scope, condition)})
    statistic = kind.removeprefix("expect_column_").removesuffix("_to_be_between")
    column = quoted(kwargs["column"])
    within = " AND ".join(f"({part})" for part in (scope, condition) if part)
    value = f"CASE WHEN {within} THEN {column} END" if within else column
    return Check(expectation, {"observed": f"{STATISTICS[statistic]}({value})"})


def _tuple(expectation: Expectation) -> str:
    columns = [quoted(column) for column in expectation.columns]
    return columns[0] if len(columns) == 1 else f"struct({', '.join(columns)})"
