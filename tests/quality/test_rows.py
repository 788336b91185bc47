"""Row rules on real Spark: the three-valued cases people get wrong."""

from datetime import date

import pytest

from etl import expect
from etl.model.schema import parse_schema
from etl.quality.compile import compile_suite

DDL = "s STRING, n INT, m INT, d DATE"
ROWS = [("abc", 1, 2, date(2013, 1, 1)), (None, None, 2, None), ("", -5, None, date(2014, 1, 1))]

CASES = [
    (expect.column_values_to_not_be_null("s"), [False, True, False]),
    (expect.column_values_to_be_null("s"), [True, False, True]),
    (expect.column_values_to_be_between("n", 0, 10), [False, False, True]),
    (expect.column_values_to_be_between("n", 1, strict_min=True), [True, False, True]),
    (expect.column_values_to_be_between("d", max_value=date(2013, 6, 1)), [False, False, True]),
    (expect.column_values_to_be_in_set("s", ["abc", None]), [False, False, True]),
    (expect.column_values_to_not_be_in_set("s", ["abc", None]), [True, False, False]),
    (expect.column_values_to_match_regex("s", "b"), [False, False, True]),
    (expect.column_values_to_match_regex("s", "^b"), [True, False, True]),
    (expect.column_values_to_not_match_regex("s", r"^\w+$"), [True, False, False]),
    (expect.column_value_lengths_to_be_between("s", 1, 3), [False, False, True]),
    (expect.column_pair_values_a_to_be_greater_than_b("m", "n"), [False, False, False]),
    (expect.column_pair_values_a_to_be_greater_than_b("n", "m"), [True, False, False]),
]


@pytest.mark.parametrize(("expectation", "broken"), CASES, ids=lambda value: getattr(value, "name", None))
def test_a_row_breaks_the_expectation(table, expectation, broken):
    rule = compile_suite([expectation], parse_schema(DDL)).checks[0].rule

    found = table(DDL, ROWS).selectExpr(f"{rule.broken} AS b").collect()

    assert [row["b"] for row in found] == broken


NAN = float("nan")


@pytest.mark.parametrize(
    ("expectation", "broken"),
    [
        (expect.column_values_to_be_between("x", 0), [True, False, False, False]),
        (expect.column_values_to_be_between("x", max_value=9), [True, False, False, False]),
        (expect.column_pair_values_a_to_be_greater_than_b("x", "y"), [True, True, False, True]),
        (expect.column_values_to_not_be_null("x"), [False, False, True, False]),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_not_a_number_is_there_and_within_no_bound(table, expectation, broken):
    ddl, rows = "x DOUBLE, y FLOAT", [(NAN, 1.0), (5.0, NAN), (None, NAN), (1.0, 2.0)]
    rule = compile_suite([expectation], parse_schema(ddl)).checks[0].rule

    found = table(ddl, rows).selectExpr(f"{rule.broken} AS b").collect()

    assert [row["b"] for row in found] == broken
