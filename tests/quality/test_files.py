"""What a staged write's file statistics prove is not counted; what they don't is, exactly, and only then."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from etl import expect
from etl.kinds.proof import Statistics
from etl.model.schema import parse_schema
from etl.quality.compile import compile_suite
from etl.quality.judge import judge
from etl.quality.passes import take
from etl.quality.written import Written
from etl.testing import count_spark_jobs

DAY, NOON = date(2013, 2, 8), datetime(2013, 2, 8, 12, tzinfo=UTC)


def never():
    raise AssertionError("the rows were read")


def told(ddl, expectation, statistics):
    suite = compile_suite([expectation], parse_schema(ddl), counted=parse_schema(ddl).names)
    return judge(suite, take(Written(None, never, statistics.rows, statistics), suite, {}))[0]


def test_no_null_is_proved_with_the_result_that_counting_would_give(audited):
    expectation = expect.column_values_to_not_be_null("v")

    by_files = told("v INT", expectation, Statistics(2, {"v": 0}))

    assert by_files == audited("v INT", [(1,), (2,)], expectation)[0]
    assert by_files.success


def test_nulls_are_told_exactly_so_that_a_violation_costs_nothing_either(audited):
    rows = [(1,), (None,), (None,)]
    for expectation in (expect.column_values_to_not_be_null("v"), expect.column_values_to_be_null("v", mostly=0.5)):
        assert told("v INT", expectation, Statistics(3, {"v": 2})) == audited("v INT", rows, expectation)[0]


@pytest.mark.parametrize(
    ("ddl", "low", "high", "least", "greatest"),
    [
        ("v INT", 1, 9, 1, 9),
        ("v BIGINT", 0.5, None, 1, 9),
        ("v DECIMAL(5,2)", 0.1, Decimal("9.99"), Decimal("0.10"), Decimal("9.99")),
        ("v DATE", "2013-02-08", DAY, DAY, DAY),
        ("v TIMESTAMP", DAY, NOON.replace(tzinfo=None), NOON, NOON),
        ("v TIMESTAMP_NTZ", "2013-02-08 12:00:00", "2013-02-09", NOON.replace(tzinfo=None), NOON.replace(tzinfo=None)),
    ],
)
def test_bounds_are_proved_by_least_and_greatest(ddl, low, high, least, greatest):
    expectation = expect.column_values_to_be_between("v", low, high)

    found = told(ddl, expectation, Statistics(5, {"v": 2}, {"v": least}, {"v": greatest}))

    assert found.success
    assert (found.result["element_count"], found.result["missing_count"], found.result["unexpected_count"]) == (5, 2, 0)


def test_a_column_of_nulls_is_within_all_bounds_though_it_has_no_least():
    assert told("v INT", expect.column_values_to_be_between("v", 0), Statistics(5, {"v": 5})).success


@pytest.mark.parametrize(
    "statistics",
    [
        None,
        Statistics(3),
        Statistics(3, {"v": 0}),
        Statistics(3, {"v": 0}, {"v": 5}, {"v": 10}),
        Statistics(3, {"v": 0}, {"v": 0}, {"v": 9}),
    ],
)
def test_what_is_not_proved_is_counted_by_one_spark_job(spark, audited, statistics):
    rows, expectations = (
        [(5,), (6,), (10,)],
        [
            expect.column_values_to_be_between("v", 5, 10, strict_max=True),
            expect.column_values_to_be_between("v", 6, 10),
        ],
    )
    frame = spark.createDataFrame(rows, "v INT")
    suite = compile_suite(expectations, parse_schema("v INT"), counted=["v"])

    with count_spark_jobs(spark) as spent:
        found = judge(suite, take(Written(spark, lambda: frame, 3, statistics), suite, {}))

    assert spent.jobs == 1
    assert found == audited("v INT", rows, *expectations)
    assert [result.result["unexpected_count"] for result in found] == [1, 1]


def test_proved_and_counted_expectations_stand_side_by_side(spark):
    frame = spark.createDataFrame([(1, 5), (2, 50)], "a INT, b INT")
    statistics = Statistics(2, {"a": 0, "b": 0}, {"a": 1, "b": 5}, {"a": 2, "b": 50})
    expectations = [expect.column_values_to_be_between("a", 0, 9), expect.column_values_to_be_between("b", 0, 9)]
    suite = compile_suite(expectations, parse_schema("a INT, b INT"), counted=["a", "b"])

    a, b = judge(suite, take(Written(spark, lambda: frame, 2, statistics), suite, {}))

    assert (a.success, b.success, b.result["unexpected_count"]) == (True, False, 1)


def test_a_bound_within_a_wider_one_than_the_values_proves_nothing_wrong():
    wide = Statistics(1, {"v": 0}, {"v": NOON}, {"v": NOON + timedelta(milliseconds=1)})

    assert told("v TIMESTAMP", expect.column_values_to_be_between("v", NOON, "2013-02-08 12:00:00.001"), wide).success
