"""A kind of one's own: one value and one entry, and everything that asks kinds knows it."""

import pytest

from etl import ReplaceTable, Source, Target, step
from etl.errors import DefinitionError
from etl.kinds import KINDS
from etl.kinds.judgement import of_rows
from etl.kinds.kind import Kind, Level, Measure, Needs, Pass, by_row, unless_missing
from etl.model.expectation import Expectation
from etl.model.faults import check_faults
from etl.quality.passes import PASSES
from etl.report import wording

EVEN = Kind(
    type="expect_column_values_to_be_even",
    level=Level.ROW,
    arguments=("column",),
    options=("mostly",),
    accepts=frozenset({"INT"}),
    compile=by_row(lambda kwargs, _: unless_missing(f"{kwargs['column']} IS NULL", f"{kwargs['column']} % 2 = 0")),
    judge=of_rows,
    words=lambda _: ["an even number"],
)

DISTINCT = Pass("sketch", "1 pass for distinct values")
FEW = Kind(
    type="expect_multicolumn_distinct_values_to_be_few",
    level=Level.TABLE,
    arguments=("column_list", "at_most"),
    passes=(DISTINCT,),
    compile=lambda kwargs, _, __: Needs(
        {"observed": Measure(f"count(DISTINCT {', '.join(kwargs['column_list'])})", by=DISTINCT)}
    ),
    judge=lambda kwargs, taken: (taken["observed"] <= kwargs["at_most"], {"observed_value": taken["observed"]}),
)


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(KINDS, EVEN.type, EVEN)
    monkeypatch.setitem(KINDS, FEW.type, FEW)
    monkeypatch.setitem(
        PASSES,
        DISTINCT,
        lambda written, suite: {
            each: written.read().selectExpr(each.sql).first()[0] for each in suite.taken_by(DISTINCT)
        },
    )


def even(**more):
    return Expectation(EVEN.type, {"column": "v"}, **more)


def few(at_most, **more):
    return Expectation(FEW.type, {"column_list": ("v", "w"), "at_most": at_most}, **more)


def copying(*expectations, schema="v INT, w INT"):
    @step(
        sources={"rows": Source("raw.rows")},
        target=Target("clean.rows", schema, ReplaceTable()),
        expectations=expectations,
    )
    def copy(rows):
        return rows

    return copy


def test_rows_that_break_it_go_to_the_quarantine_by_its_name(lake):
    lake.write("raw.rows", "v INT, w INT", [(2, 1), (3, 1), (None, 1), (5, 1)])

    result = lake.run_step(copying(even(on_failure="quarantine")))

    assert lake.rows("clean.rows") == [(2, 1), (None, 1)]
    aside = lake.table("quarantine.clean_rows").select("v", "_broken").orderBy("v").collect()
    assert [tuple(row) for row in aside] == [(3, ["values_to_be_even(v)"]), (5, ["values_to_be_even(v)"])]
    found = result.expectations[0].result
    assert (found["element_count"], found["missing_count"], found["unexpected_count"]) == (4, 1, 2)


def test_one_that_fails_shows_the_values_it_met(lake):
    lake.write("raw.rows", "v INT, w INT", [(2, 1), (3, 1)])

    result = lake.run_step(copying(even()))

    assert result.exit_code == 3
    assert result.expectations[0].result["partial_unexpected_list"] == [3]


def test_one_of_the_table_is_measured_in_a_pass_of_its_own(lake):
    lake.write("raw.rows", "v INT, w INT", [(1, 1), (1, 2), (1, 2)])

    result = lake.run_step(copying(few(2)))

    assert (result.exit_code, result.expectations[0].result) == (0, {"observed_value": 2})
    assert lake.run_step(copying(few(1))).exit_code == 3


def test_a_plan_says_what_it_costs_and_a_report_what_it_asks(lake):
    (planned,) = lake.plan(copying(even(), few(1))).steps

    assert planned.costs == ("1 pass for distinct values",)
    assert wording.expected({"expectation_config": even().to_json()}) == "an even number"
    assert wording.expected({"expectation_config": few(1).to_json()}) == "at_most=1"


def test_it_is_refused_where_it_does_not_fit():
    with pytest.raises(DefinitionError, match="column 'v' is DATE; expect_column_values_to_be_even takes INT"):
        check_faults(copying(even(), schema="v DATE, w INT"))
    with pytest.raises(DefinitionError, match="speaks of the whole table"):
        check_faults(copying(few(1, on_failure="quarantine")))
