import pytest

from etl import expect
from etl.model.result import ExpectationResult, RowCounts, Status
from etl.report import wording


def of(expectation, **result):
    return ExpectationResult(expectation, success=False, result=result).to_json()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0s"), (14.24, "14.2s"), (59.9, "59.9s"), (185, "3m05s"), (3725, "1h02m")]
)
def test_durations_read_well(seconds, text):
    assert wording.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(50.75, "50.8 %"), (100.0, "100 %"), (0.0, "0 %"), (0.7458, "0.75 %"), (98.0, "98 %")]
)
def test_small_shares_are_not_rounded_away(value, text):
    assert wording.percent(value) == text


@pytest.mark.parametrize(
    ("expectation", "text"),
    [
        (expect.column_values_to_be_between("x", 0, 200), "0 ≤ value ≤ 200"),
        (expect.column_values_to_be_between("x", 0, strict_min=True), "0 < value"),
        (expect.column_values_to_be_in_set("x", ["EWR", "JFK"]), "in EWR, JFK"),
        (expect.column_values_to_be_in_set("x", [True]), "in true"),
        (expect.column_values_to_not_be_in_set("x", ["?"]), "not in ?"),
        (expect.column_values_to_match_regex("x", "^N"), "/^N/"),
        (expect.column_values_to_not_be_null("x", mostly=0.98), "mostly ≥ 98 %"),
        (expect.column_values_to_not_be_null("x"), "every row"),
        (expect.table_row_count_to_equal(24), "value=24"),
    ],
)
def test_an_expectation_says_what_it_asks(expectation, text):
    assert wording.expected(of(expectation)) == text


def test_broken_rows_are_told_as_count_and_share():
    counts = {"element_count": 930, "unexpected_count": 472, "unexpected_percent": 50.75}
    found = of(expect.column_values_to_not_be_null("x"), **counts)

    assert wording.observed(found) == "472 of 930 broken (50.8 %)"


def test_an_observed_value_is_told():
    assert wording.observed(of(expect.column_mean_to_be_between("x", 0, 1), observed_value=1234.56789)) == "1,234.5679"


def test_no_observation_is_told_too():
    assert wording.observed(of(expect.column_mean_to_be_between("x", 0, 1))) == "no value"


def test_each_example_of_a_broken_value_is_shown_once():
    found = of(expect.column_values_to_not_be_null("x"), partial_unexpected_list=[7, 7, 8, 9, 10, 11, 12])

    assert wording.examples(found) == "7, 8, 9, 10, 11 … 1 more"


def test_a_failed_gate_says_that_readers_see_the_old_version(make):
    step = make.step(status=Status.FAIL, expectations=(make.broken("fail"),)).to_json()

    assert wording.facts(step) == "1 expectation failed, target unchanged in 1.4s"
    assert wording.details(step)[-1] == "target clean.flights: unchanged, readers see version 11"


def test_what_readers_see_is_told_of_the_dataset_not_of_the_step(make):
    step = make.step("load", Status.ERROR, target="clean.flights").to_json()

    assert wording.details(step)[-1] == "target clean.flights: unchanged, readers see version 11"


def test_an_error_says_where_and_what_to_do(make):
    details = wording.details(make.failing().to_json())

    assert "jobs/nyc_flights/core.py:40: division by zero" in details
    assert "→ see the row's distance" in details


def test_the_summary_is_one_line_that_can_be_grepped(make):
    result = make.run(make.step(), make.step("a.b", Status.WARN), make.failing()).to_json()

    assert wording.summary(result, "target/report.html") == (
        "Done. PASS=1 WARN=1 FAIL=0 ERROR=1 SKIP=0 NO-OP=0 TOTAL=3 in 14.2s  20130209T060000Z-7f3a91c2"
        "  report: target/report.html"
    )


def test_a_warning_of_many_days_is_told_once(make):
    result = make.days(3, lambda day: make.step(interval=day, status=Status.WARN, expectations=(make.broken(),)))

    assert wording.recurring(result.to_json()["steps"]) == [
        "warn: clean.flights: values_to_not_be_null(dep_delay): expected mostly ≥ 75 %; broken in 3 intervals"
    ]


def test_rows_that_a_gate_held_back_are_told_as_staged(make):
    rows = RowCounts(output=58, staged=58)
    step = make.step(status=Status.FAIL, rows=rows, expectations=(make.broken("fail"),)).to_json()

    assert wording.facts(step).startswith("1 expectation failed, target unchanged, 58 rows staged, none published")


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"inserted": 1200, "updated": 1, "deleted": 0}, "928 rows, 1,200 inserted, 1 updated, 0 deleted in 1.4s"),
        ({"inserted": 0, "updated": 0, "deleted": 0}, "928 rows, 0 changed in 1.4s"),
        ({}, "928 rows in 1.4s"),
    ],
)
def test_a_merge_tells_its_changes(make, counts, words):
    step = make.step(rows=RowCounts(output=928, staged=928, published=928), metrics=counts).to_json()

    assert wording.facts(step) == words


def test_intervals_never_begun_are_named(make):
    result = make.run(make.step(), never_begun=("2013-02-09", "2013-02-10")).to_json()

    assert wording.never_begun(result).startswith("never begun: 2 intervals, 2013-02-09, 2013-02-10;")
    assert wording.never_begun(make.run(make.step()).to_json()) == ""


def test_a_run_that_was_interrupted_says_how_to_go_on(make):
    result = make.run(make.step(status=Status.CANCELLED), interrupted=130).to_json()

    assert wording.never_begun(result).startswith("interrupted: `etl retry`")


def test_a_step_that_was_tried_again_says_so(make):
    assert wording.facts(make.step(attempts=3).to_json()).endswith("in 1.4s, attempt 3")
    assert "attempt" not in wording.facts(make.step().to_json())
