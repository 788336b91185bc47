import pytest

from etl import expect
from etl.errors import DefinitionError, Place
from etl.kinds.kind import FILES, KEYS, OBSERVATION
from etl.model.expectation import Expectation
from etl.model.schema import parse_schema
from etl.quality.compile import compile_suite

V = parse_schema("v INT")


def test_equal_measures_of_different_expectations_are_taken_once():
    low = expect.column_values_to_be_between("v", 0, on_failure="warn")
    high = expect.column_values_to_be_in_set("v", [1], on_failure="warn")

    together, alone = compile_suite([low, high], V), compile_suite([low], V)

    assert len(set(together.measures)) == len(together.measures)
    assert len(together.measures) == len(alone.measures) + 1  # rows and nulls of v are those of the first
    shared = [{check.measures["elements"], check.measures["missing"]} for check in together.checks]
    assert shared[0] == shared[1]


def test_without_quarantine_no_row_carries_a_flag():
    assert compile_suite([expect.column_values_to_not_be_null("v")], V).flag is None


def test_other_expectations_are_measured_on_the_rows_that_are_published(audited):
    quarantined, mean, count = audited(
        "v INT",
        [(10,), (20,), (-60,)],
        expect.column_values_to_be_between("v", 0, on_failure="quarantine"),
        expect.column_mean_to_be_between("v", 0, 20),
        expect.table_row_count_to_equal(2),
    )

    assert (quarantined.result["element_count"], quarantined.result["unexpected_count"]) == (3, 1)
    assert mean.result["observed_value"] == pytest.approx(15)
    assert count.success


def test_only_rows_of_the_condition_are_looked_at(audited):
    condition = {"row_condition": "kind = 'a'"}

    rows, quarantined, mean, unique = audited(
        "kind STRING, v INT",
        [("a", 1), ("a", 1), ("b", -9), ("b", 2), (None, -9)],
        expect.column_values_to_be_between("v", 5, **condition),
        expect.column_values_to_be_between("v", 0, on_failure="quarantine", **condition),
        expect.column_mean_to_be_between("v", 0, 20, **condition),
        expect.column_values_to_be_unique("v", row_condition="kind = 'b'"),
    )

    assert (rows.result["element_count"], rows.result["unexpected_count"]) == (2, 2)
    assert (quarantined.result["element_count"], quarantined.result["unexpected_count"]) == (2, 0)
    assert mean.result["observed_value"] == pytest.approx(1)
    assert unique.success


def test_a_not_null_column_is_an_expectation_unless_it_is_one_already():
    stated = [expect.column_values_to_not_be_null("a")]

    suite = compile_suite(stated, parse_schema("a INT NOT NULL, b INT NOT NULL, c INT"))

    names = [check.expectation.name for check in suite.checks]
    assert names == ["values_to_not_be_null(a)", "values_to_not_be_null(b)"]


@pytest.mark.parametrize("weaker", [{"mostly": 0.5}, {"on_failure": "warn"}, {"row_condition": "b > 0"}])
def test_a_weaker_null_expectation_does_not_stand_for_not_null(weaker):
    stated = [expect.column_values_to_not_be_null("a", **weaker)]

    assert len(compile_suite(stated, parse_schema("a INT NOT NULL, b INT")).checks) == 2


def test_an_unknown_type_is_refused_with_the_nearest_known_one():
    with pytest.raises(DefinitionError, match="expect_column_values_to_not_be_null"):
        compile_suite([Expectation("expect_column_values_to_not_be_nul", {"column": "v"})], V)


@pytest.mark.parametrize("value", [b"x", object(), float("nan"), 10**40])
def test_a_value_that_sql_cannot_spell_is_refused_with_the_place_of_its_declaration(value):
    with pytest.raises(DefinitionError, match=r"jobs/a\.py:7.*max_value"):
        compile_suite([expect.column_values_to_be_between("v", 0, value)], V, Place("jobs/a.py", 7))


def test_quotes_in_values_and_names_stay_text(audited):
    rows = [("o'hara\\",), ("x",), ("o'hara",), ("' OR true --",)]

    (found,) = audited("`a``b` STRING", rows, expect.column_values_to_be_in_set("a`b", ["o'hara\\", "x"]))

    assert found.result["unexpected_count"] == 2


def test_what_the_files_tell_is_not_observed():
    suite = compile_suite(
        [
            expect.column_values_to_not_be_null("v", on_failure="warn", mostly=0.5),
            expect.column_values_to_be_between("v", 0),
        ],
        V,
        counted={"v"},
    )

    assert suite.taken_by(OBSERVATION) == ()
    assert len(suite.taken_by(FILES)) == 3  # all rows, nulls, and the broken ones


@pytest.mark.parametrize(
    "expectation",
    [
        expect.column_values_to_not_be_null("v", row_condition="v > 1"),
        expect.column_values_to_be_between("v", 0, mostly=0.9),
        expect.column_values_to_be_between("v", 0, on_failure="warn"),
        expect.column_values_to_be_between("d", 0),
        expect.column_values_to_be_between("s", "a"),
        expect.column_values_to_be_in_set("v", [1]),
        expect.column_values_to_not_be_null("other"),
    ],
    ids=str,
)
def test_what_files_could_not_tell_for_nothing_is_observed(expectation):
    schema = parse_schema("v INT, d DOUBLE, s STRING, other INT")

    suite = compile_suite([expectation], schema, counted={"v", "d", "s"})

    measures = suite.checks[0].measures
    assert {role for role, measure in measures.items() if measure.by == FILES} <= {"missing"}
    assert measures["unexpected"].by == OBSERVATION
    assert suite.taken_by(OBSERVATION) != ()


def test_uniqueness_is_a_pass_of_its_own_for_all_keys():
    suite = compile_suite(
        [expect.column_values_to_be_unique("a"), expect.compound_columns_to_be_unique(["a", "b"])],
        parse_schema("a INT, b INT"),
    )

    assert len(suite.taken_by(KEYS)) == 2
    assert not set(suite.keys) & set(suite.measures)
