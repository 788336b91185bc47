"""Numbers of a whole column, computed and compared by Spark."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from etl import expect

DAY = date(2013, 2, 8)
AT = datetime(2013, 2, 8, 5, tzinfo=UTC).replace(tzinfo=None)  # as an author writes it: UTC by agreement


def test_times_are_judged_and_shown_in_utc_wherever_the_machine_stands(audited, spark, zone):
    times = "VALUES TIMESTAMP'2013-02-08 01:00:00', TIMESTAMP'2013-02-08 20:00:00.5'"
    rows = [tuple(row) for row in spark.sql(times).collect()]

    low, high, values = audited(
        "at TIMESTAMP",
        rows,
        expect.column_min_to_be_between("at", AT.replace(hour=0), AT.replace(hour=1)),
        expect.column_max_to_be_between("at", AT.replace(hour=20), AT.replace(hour=21)),
        expect.column_values_to_be_between("at", AT.replace(hour=0), AT.replace(hour=21)),
    )

    assert (low.success, high.success, values.success) == (True, True, True)
    assert low.result["observed_value"] == "2013-02-08T01:00:00"
    assert high.result["observed_value"] == "2013-02-08T20:00:00.5"


@pytest.mark.parametrize(
    ("ddl", "value", "expectation", "success", "observed"),
    [
        ("v INT", 1, expect.column_max_to_be_between("v", 0, 1), True, 1),
        ("v INT", 1, expect.column_max_to_be_between("v", 0, 1, strict_max=True), False, 1),
        ("v INT", 1, expect.column_min_to_be_between("v", 1, strict_min=True), False, 1),
        ("v DECIMAL(10,2)", Decimal("0.10"), expect.column_min_to_be_between("v", 0.1), True, "0.10"),
        ("v DATE", DAY, expect.column_max_to_be_between("v", "2013-01-01", "2013-12-31"), True, "2013-02-08"),
        ("v TIMESTAMP_NTZ", AT, expect.column_max_to_be_between("v", DAY, DAY), False, "2013-02-08T05:00:00"),
        ("v STRING", "b", expect.column_min_to_be_between("v", "a", "c"), True, "b"),
        ("v STRING", None, expect.column_min_to_be_between("v", "a", "c"), False, None),
        ("v INT", None, expect.column_sum_to_be_between("v"), False, None),
        ("v INT", 3, expect.column_sum_to_be_between("v", 6, 6), True, 6),
        ("v DECIMAL(10,2)", Decimal("1.25"), expect.column_mean_to_be_between("v", 1.25, 1.25), True, "1.250000"),
    ],
)
def test_a_value_is_compared_as_its_column_is(audited, ddl, value, expectation, success, observed):
    (found,) = audited(ddl, [(value,), (value,)], expectation)

    assert (found.success, found.result["observed_value"]) == (success, observed)


def test_not_a_number_is_the_least_and_the_greatest_and_within_no_bounds(audited):
    least, greatest = audited(
        "x DOUBLE",
        [(5.0,), (float("nan"),)],
        expect.column_min_to_be_between("x", 0, 10),
        expect.column_max_to_be_between("x", 0),
    )

    assert (least.success, least.result["observed_value"]) == (False, "nan")
    assert (greatest.success, greatest.result["observed_value"]) == (False, "nan")


def test_a_sum_outgrows_its_column_s_type_without_losing_rows(audited):
    largest = 2**63 - 1

    (found,) = audited("v BIGINT", [(largest,), (largest,)], expect.column_sum_to_be_between("v", 2 * largest))

    assert (found.success, found.result["observed_value"]) == (True, 2 * largest)


def test_a_sum_of_more_digits_than_spark_has_fails_and_says_so(audited):
    digits = Decimal(9 * 10**37)

    (found,) = audited("v DECIMAL(38,0)", [(digits,), (digits,)], expect.column_sum_to_be_between("v", 0))

    assert (found.success, found.result["observed_value"]) == (False, "more than 38 digits")
