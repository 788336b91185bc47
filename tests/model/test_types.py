"""Which type holds every value of another."""

import pytest

from etl.model.types import fits, holds


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("int", "int"),
        ("bigint", "tinyint"),
        ("float", "smallint"),
        ("double", "int"),
        ("double", "float"),
        ("decimal(19,0)", "bigint"),
        ("decimal(12,2)", "int"),
        ("decimal(6,3)", "decimal(5,2)"),
        ("array<int>", "array<int>"),
    ],
)
def test_a_wider_type_holds_every_number_and_a_narrower_one_does_not(wide, narrow):
    assert holds(wide, narrow)
    assert wide == narrow or not holds(narrow, wide)


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("float", "int"),
        ("double", "bigint"),
        ("decimal(18,0)", "bigint"),
        ("decimal(11,2)", "int"),
        ("decimal(9,3)", "decimal(9,2)"),
        ("string", "int"),
        ("int", "decimal(5,0)"),
    ],
)
def test_a_type_that_would_round_or_overflow_holds_nothing(wide, narrow):
    assert not holds(wide, narrow)


def test_a_step_may_give_a_day_for_a_time_and_nothing_for_anything():
    assert fits("date", "timestamp")
    assert fits("void", "array<int>")
    assert not fits("timestamp", "date")
