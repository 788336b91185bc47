"""What is not measured as the rows pass, and what it costs to know it after all."""

import pytest

from etl import expect
from etl.kinds.kind import FILES, OBSERVATION
from etl.kinds.proof import Statistics
from etl.model.schema import parse_schema
from etl.quality.compile import compile_suite
from etl.quality.flag import KEPT
from etl.quality.judge import judge
from etl.quality.passes import take
from etl.quality.written import Written
from etl.testing import count_spark_jobs

SCHEMA = parse_schema("v STRING, w STRING")
MODES, SHORT = expect.column_values_to_be_in_set("v", ["a"]), expect.column_value_lengths_to_be_between("w", 1, 2)


def never():
    raise AssertionError("the rows were read")


def judged(suite, observed, statistics=None, read=never, spark=None):
    return judge(suite, take(Written(spark, read, 3, statistics), suite, observed))


def observed(suite, frame):
    return dict(zip(suite.measures, frame.selectExpr(*suite.measures).first(), strict=True))


def test_one_measure_says_of_all_expectations_that_may_not_be_broken_whether_one_is():
    suite = compile_suite([MODES, SHORT], SCHEMA)

    assert len([sql for sql in suite.measures if " OR " in sql]) == 1
    assert {check.measures["unexpected"].by for check in suite.checks} == {FILES}


def test_where_no_row_breaks_one_of_them_nothing_is_counted():
    suite = compile_suite([MODES, SHORT], SCHEMA, counted=["v", "w"])

    found = judged(suite, dict.fromkeys(suite.measures, 0) | {"count(1)": 3}, Statistics(3, {"v": 1, "w": 0}))

    assert [each.success for each in found] == [True, True]
    assert [(each.result["missing_count"], each.result["unexpected_count"]) for each in found] == [(1, 0), (0, 0)]


@pytest.mark.spark
def test_where_a_row_does_each_is_counted_exactly_in_one_spark_job(spark, audited):
    rows = [("a", "x"), ("b", "long"), (None, "longer")]
    frame = spark.createDataFrame(rows, SCHEMA.ddl).coalesce(1)
    suite = compile_suite([MODES, SHORT], SCHEMA)
    values = observed(suite, frame)

    with count_spark_jobs(spark) as jobs:
        found = judged(suite, values, read=lambda: frame, spark=spark)

    assert jobs.jobs == 1
    assert [(each.success, each.result["unexpected_count"]) for each in found] == [(False, 1), (False, 2)]
    alone = [audited(SCHEMA.ddl, rows, each)[0] for each in (MODES, SHORT)]
    assert list(found) == alone


@pytest.mark.parametrize(
    "other",
    [
        expect.column_values_to_be_in_set("w", ["a"], mostly=0.9),
        expect.column_values_to_be_in_set("w", ["a"], on_failure="warn"),
        expect.column_values_to_be_in_set("w", ["a"], row_condition="v IS NOT NULL"),
    ],
)
def test_how_many_is_measured_where_it_matters_or_there_is_only_one(other):
    suite = compile_suite([MODES, other], SCHEMA)

    assert suite.spared.broken is None
    assert {measure.by for check in suite.checks for measure in check.measures.values()} == {OBSERVATION}


def test_one_expectation_declared_twice_is_one_measure():
    assert compile_suite([MODES, MODES], SCHEMA).spared.broken is None


def test_nulls_that_the_files_tell_are_not_measured():
    suite = compile_suite([expect.column_values_to_be_in_set("v", ["a"], mostly=0.5)], SCHEMA, counted=["v"])
    broken = suite.checks[0].measures["unexpected"].sql

    (found,) = judged(suite, {"count(1)": 3, broken: 1}, Statistics(3, {"v": 1}))

    assert set(suite.measures) == {"count(1)", broken}
    assert (found.success, found.result["missing_count"], found.result["unexpected_percent"]) == (True, 1, 50.0)


@pytest.mark.spark
@pytest.mark.parametrize("statistics", [None, Statistics(3, {"w": 0})])
def test_nulls_that_the_files_were_to_tell_and_do_not_are_counted(spark, statistics):
    suite = compile_suite([expect.column_values_to_be_in_set("v", ["a"], mostly=0.5)], SCHEMA, counted=["v"])
    frame = spark.createDataFrame([("a", ""), (None, ""), ("b", "")], SCHEMA.ddl).coalesce(1)

    (found,) = judged(suite, observed(suite, frame), statistics, lambda: frame, spark)

    assert (found.result["missing_count"], found.result["unexpected_count"]) == (1, 1)


@pytest.mark.spark
def test_nulls_of_rows_set_aside_stand_in_no_file_and_are_measured(audited):
    aside = expect.column_values_to_be_in_set("v", ["a"], on_failure="quarantine")

    quarantined, warned = audited(
        SCHEMA.ddl,
        [("a", None), ("b", None), (None, "x")],
        aside,
        expect.column_values_to_be_in_set("w", ["x"], on_failure="warn"),
        counted=["v", "w"],
    )

    assert (quarantined.result["element_count"], quarantined.result["missing_count"]) == (3, 1)
    assert (warned.result["element_count"], warned.result["missing_count"]) == (2, 1)


@pytest.mark.spark
def test_only_rows_to_publish_are_asked_whether_they_break_one(audited):
    aside = expect.column_values_to_not_be_null("v", on_failure="quarantine")

    found = audited(SCHEMA.ddl, [("a", "x"), (None, "too long")], aside, MODES, SHORT)

    assert [each.success for each in found] == [False, True, True]
    assert KEPT not in str(found)


@pytest.mark.spark
@pytest.mark.parametrize("condition", [{}, {"row_condition": "w = 'x'"}])
def test_what_breaks_the_only_quarantining_expectation_is_what_is_set_aside(audited, condition):
    aside = expect.column_values_to_be_in_set("v", ["a"], on_failure="quarantine", **condition)

    (found,) = audited(SCHEMA.ddl, [("a", "x"), ("b", "x"), (None, "x"), ("b", None)], aside)

    assert found.result["unexpected_count"] == (1 if condition else 2)
    assert not [sql for sql in compile_suite([aside], SCHEMA).measures if "NOT" in sql]


def test_of_two_each_is_counted():
    both = [expect.column_values_to_be_in_set(name, ["a"], on_failure="quarantine") for name in "vw"]
    suite = compile_suite(both, SCHEMA)

    assert suite.spared.aside is None
    assert {measure.by for check in suite.checks for measure in check.measures.values()} == {OBSERVATION}
