"""A few of the values that broke an expectation are shown with it."""

import pytest

from etl import expect
from etl.model.schema import parse_schema
from etl.quality.compile import compile_suite
from etl.quality.judge import judge
from etl.quality.passes import take
from etl.quality.samples import sampled
from etl.quality.written import Written


@pytest.fixture
def shown(spark):
    def show(frame, *expectations):
        ddl = ", ".join(f"`{name}` {kind.upper()}" for name, kind in frame.dtypes)
        suite = compile_suite(expectations, parse_schema(ddl))
        observed = dict(zip(suite.measures, frame.selectExpr(*suite.measures).first(), strict=True))
        results = judge(suite, take(Written(spark, lambda: frame, 0), suite, observed))
        return [result.result.get("partial_unexpected_list") for result in sampled(frame, suite, results)]

    return show


def test_five_values_of_the_rows_that_the_condition_is_about(spark, shown):
    frame = spark.range(20).selectExpr("CAST(id AS INT) AS v")

    (values,) = shown(frame, expect.column_values_to_be_between("v", max_value=0, row_condition="v > 10"))

    assert len(values) == 5
    assert set(values) <= set(range(11, 20))


def test_times_are_shown_in_utc_wherever_the_machine_stands(spark, shown, zone):
    frame = spark.sql("SELECT TIMESTAMP'2013-02-08 20:00:00' AS at")

    assert shown(frame, expect.column_values_to_be_between("at", max_value="2013-02-08")) == [["2013-02-08T20:00:00"]]


def test_a_pair_is_shown_with_both_values(spark, shown):
    frame = spark.sql("SELECT 1 AS a, DATE'2013-02-08' AS d, DATE'2013-02-09' AS e")

    pair = expect.column_pair_values_a_to_be_greater_than_b("d", "e")

    assert shown(frame, pair) == [[["2013-02-08", "2013-02-09"]]]


def test_only_the_first_three_that_block_are_looked_up(spark, shown):
    frame = spark.createDataFrame([(7,)], "v INT")
    blocking = [expect.column_values_to_be_in_set("v", [n]) for n in range(4)]

    values = shown(
        frame,
        expect.column_values_to_be_in_set("v", [0], on_failure="warn"),
        expect.column_mean_to_be_between("v", 0, 1),
        *blocking,
    )

    assert values == [[], None, [7], [7], [7], []]
