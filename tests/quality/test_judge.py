import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl import expect
from etl.model.schema import parse_schema
from etl.quality.compile import compile_suite
from etl.quality.judge import MeasureMissingError, Measures, judge

V = parse_schema("v INT")


def judged(expectation, **by_role):
    suite = compile_suite([expectation], V)
    values = {measure: by_role[role] for role, measure in suite.checks[0].measures.items()}
    return judge(suite, Measures(values))[0]


def test_nulls_are_neither_right_nor_wrong():
    result = judged(expect.column_values_to_be_between("v", 0), elements=10, missing=4, unexpected=3)

    assert not result.success
    assert result.result["unexpected_percent"] == pytest.approx(50.0)
    assert result.result["unexpected_percent_total"] == pytest.approx(30.0)
    assert result.result["missing_percent"] == pytest.approx(40.0)


def test_a_column_of_nulls_only_breaks_nothing():
    assert judged(expect.column_values_to_be_between("v", 0), elements=5, missing=5, unexpected=0).success


def test_mostly_is_reached_at_exactly_its_share():
    ninety = expect.column_values_to_not_be_null("v", mostly=0.9)

    assert judged(ninety, elements=10, unexpected=1).success
    assert not judged(ninety, elements=10, unexpected=2).success


def test_no_rows_give_no_mean_and_no_mean_fails():
    assert not judged(expect.column_mean_to_be_between("v", 0, 1), observed=(None, None)).success
    assert not judged(expect.column_mean_to_be_between("v"), observed=(None, True)).success


def test_the_measure_itself_says_whether_a_value_is_within_its_bounds():
    assert judged(expect.column_max_to_be_between("v", 0, 1), observed=(7, True)).success
    assert not judged(expect.column_max_to_be_between("v", 0, 1), observed=(1, False)).success


def test_a_value_that_is_not_a_number_is_told_as_json_can_hold_it():
    result = judged(expect.column_mean_to_be_between("v", 0), observed=(float("nan"), False))

    assert result.result == {"observed_value": "nan"}


def test_row_counts_are_judged_exactly():
    assert judged(expect.table_row_count_to_equal(3), observed=3).success
    assert judged(expect.table_row_count_to_be_between(3, 3), observed=3).success
    assert not judged(expect.table_row_count_to_be_between(4), observed=3).success
    assert not judged(expect.table_row_count_to_be_between(max_value=2), observed=3).success


def test_duplicates_are_unexpected_rows():
    result = judged(expect.column_values_to_be_unique("v"), elements=5, missing=1, unexpected=2)

    assert not result.success
    assert result.result["unexpected_count"] == 2


def test_a_measure_that_was_not_taken_is_a_defect_never_a_pass():
    suite = compile_suite([expect.column_values_to_not_be_null("v")], V)

    with pytest.raises(MeasureMissingError, match="observation"):
        judge(suite, Measures({}))


def test_a_quarantine_without_a_limit_never_blocks_and_with_one_does():
    unlimited = expect.column_values_to_be_between("v", 0, on_failure="quarantine")
    limited = expect.column_values_to_be_between("v", 0, on_failure="quarantine", mostly=0.9)

    assert not judged(unlimited, elements=10, missing=0, unexpected=9).blocks
    assert judged(limited, elements=10, missing=0, unexpected=9).blocks


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.floats(0, 1))
def test_success_is_the_share_of_present_rows_that_hold(holding, broken, missing, mostly):
    expectation = expect.column_values_to_be_between("v", 0, mostly=mostly)

    result = judged(expectation, elements=holding + broken + missing, missing=missing, unexpected=broken)

    present = holding + broken
    assert result.success == (present == 0 or holding / present >= mostly)
