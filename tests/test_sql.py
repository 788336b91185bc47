"""Names and values as SQL text, read back by the rules of Spark's lexer; no Spark."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.sql import conjunction, count_where, literal, quoted

IDENTIFIER = re.compile(r"`((?:[^`]|``)*)`")
STRING = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
AWKWARD = st.text(st.sampled_from("ab`'\\\"% \n;-"))


@given(st.text() | AWKWARD)
def test_a_quoted_name_is_one_identifier_and_reads_back_as_itself(name):
    token = IDENTIFIER.fullmatch(quoted(name))

    assert token
    assert token[1].replace("``", "`") == name


@given(st.text() | AWKWARD)
def test_a_text_is_one_literal_and_reads_back_as_itself(text):
    token = STRING.fullmatch(literal(text))

    assert token
    assert re.sub(r"\\(.)", r"\1", token[1], flags=re.DOTALL) == text


@given(st.integers())
def test_a_whole_number_is_itself(number):
    assert literal(number) == str(number)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_a_decimal_keeps_every_digit_and_has_no_exponent(number):
    text = literal(number)

    assert re.fullmatch(r"-?\d+\.\d+BD", text)
    assert Decimal(text.removesuffix("BD")) == number


@given(st.floats())
def test_a_float_is_read_by_spark_from_its_shortest_exact_text(number):
    text = re.fullmatch(r"double\('(.+)'\)", literal(number))[1]

    assert str(float(text)) == str(number)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "NULL"),
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (date(2013, 2, 8), "DATE'2013-02-08'"),
        (datetime(2013, 2, 8, 6, 30), "TIMESTAMP'2013-02-08 06:30:00'"),  # noqa: DTZ001 a session's zone is UTC
        (datetime(2013, 2, 8, 6, 30, 0, 5, tzinfo=UTC), "TIMESTAMP'2013-02-08 06:30:00.000005+00:00'"),
        ("O'Hare", r"'O\'Hare'"),
    ],
)
def test_each_type_has_its_spelling(value, text):
    assert literal(value) == text


@pytest.mark.parametrize("value", [b"x", [1], {"a": 1}, object()])
def test_a_value_without_a_literal_is_refused_by_type(value):
    with pytest.raises(TypeError, match=type(value).__name__):
        literal(value)


def test_conditions_are_joined_in_brackets_and_absent_ones_left_out():
    assert conjunction(["a = 1 OR b = 2", None, "", "c"]) == "(a = 1 OR b = 2) AND (c)"
    assert conjunction([]) == "true"


def test_rows_are_counted_where_every_condition_holds():
    assert count_where("a", None, "b") == "count_if((a) AND (b))"
    assert count_where(None) == "count(1)"
