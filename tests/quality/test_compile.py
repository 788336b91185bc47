import pytest

from etl import expect
from etl.errors import DefinitionError
from etl.model.expectation import Expectation
from etl.quality.compile import compile_suite


def test_equal_measures_of_different_expectations_are_taken_once():
    low = expect.column_values_to_be_between("v", 0)
    high = expect.column_values_to_be_in_set("v", [1])

    measures = compile_suite([low, high]).measures

    assert len(measures) == len(set(measures))
    assert "count_if((`v` IS NULL))" in measures
    assert len(measures) == 4  # rows, nulls of v, and one of each expectation


def test_without_quarantine_no_row_carries_a_flag():
    assert compile_suite([expect.column_values_to_not_be_null("v")]).broken is None


def test_other_expectations_are_measured_on_the_rows_that_are_published():
    suite = compile_suite(
        [
            expect.column_values_to_be_between("v", 0, on_failure="quarantine"),
            expect.column_mean_to_be_between("v", 0, 1),
        ]
    )

    assert suite.published == "count_if((size(_broken) = 0))"
    assert "avg(CASE WHEN (size(_broken) = 0) THEN `v` END)" in suite.measures


def test_a_not_null_column_is_an_expectation_unless_it_is_one_already():
    stated = [expect.column_values_to_not_be_null("a")]

    names = [check.expectation.name for check in compile_suite(stated, not_null=["a", "b"]).checks]

    assert names == ["values_to_not_be_null(a)", "values_to_not_be_null(b)"]


@pytest.mark.parametrize("weaker", [{"mostly": 0.5}, {"on_failure": "warn"}, {"row_condition": "b > 0"}])
def test_a_weaker_null_expectation_does_not_stand_for_not_null(weaker):
    suite = compile_suite([expect.column_values_to_not_be_null("a", **weaker)], not_null=["a"])

    assert len(suite.checks) == 2


def test_an_unknown_type_is_refused_with_the_nearest_known_one():
    with pytest.raises(DefinitionError, match="expect_column_values_to_not_be_null"):
        compile_suite([Expectation("expect_column_values_to_not_be_nul", {"column": "a"})])


def test_quotes_in_values_and_names_stay_text():
    suite = compile_suite([expect.column_values_to_be_in_set("a`b", ["o'hara\\", "x"])])

    assert any(r"`a``b` IN ('o\'hara\\', 'x')" in measure for measure in suite.measures)
