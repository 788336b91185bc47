"""What a declaration gets wrong is exit 4 with its line before a source is looked for, in a run and in validate."""

from datetime import date
from decimal import Decimal

import pytest

from etl import Merge, ReplaceTable, Source, Target, expect, step
from etl.engine.validate import validate
from etl.errors import DefinitionError
from etl.model.result import Outcome


def declared(*expectations, schema="id INT, s STRING", write=None, partition_by=()):
    @step(
        sources={"rows": Source("raw.nowhere")},
        target=Target("clean.out", schema, write or ReplaceTable(), partition_by),
        expectations=expectations,
    )
    def copy(rows):
        return rows

    return copy


WRONG = [
    declared(expect.column_values_to_be_between("id", "many")),
    declared(expect.column_values_to_be_in_set("s", [1], on_failure="warn")),
    declared(expect.column_values_to_match_regex("s", "(?P<x>a)", on_failure="quarantine")),
    declared(expect.column_values_to_match_regex("s", r"\p{IsNoScript}")),  # only Java knows
    declared(expect.column_values_to_not_be_null("s", row_condition="id >")),
    declared(expect.column_values_to_not_be_null("s", row_condition="id = 1) OR (id = 2")),
    declared(expect.column_values_to_not_be_null("s", row_condition="id = 1 -- the first")),
    declared(write=Merge("id", apply_as_deletes="s ==== 'gone'")),
    declared(schema="`Order ID` INT"),
    declared(schema="_record INT"),
    declared(schema="id INT, l ARRAY<INT>", partition_by="l"),
]


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
def test_a_wrong_declaration_ends_a_run_before_it_reads(lake, wrong):
    result = lake.run_step(wrong)

    assert (result.exit_code, result.error.type, result.outcome) == (4, "DefinitionError", Outcome.UNCHANGED)
    assert "test_declared.py:" in result.error.place
    assert result.spark_jobs == 0


def test_validate_says_the_same_of_each_step(lake, spark):
    for wrong in WRONG:
        (error,) = validate(lake.plan(wrong), spark)

        assert isinstance(error, DefinitionError)
        assert error.place.line


def test_validate_looks_at_the_rows_that_delete_their_key(lake, spark):
    lake.write("raw.nowhere", "id INT, s STRING", [])

    (error,) = validate(lake.plan(declared(write=Merge("id", apply_as_deletes="gone = true"))), spark)

    assert "gone" in error.message


@pytest.mark.parametrize("condition", ["s", "id", "max(id) = 1", "gone"])
def test_a_condition_that_is_neither_true_nor_false_of_a_row_is_refused_with_its_line(lake, spark, condition):
    lake.write("raw.nowhere", "id INT, s STRING", [(1, "x")])
    wrong = declared(expect.column_values_to_not_be_null("s", row_condition=condition))

    (error,) = validate(lake.plan(wrong), spark)
    result = lake.run_step(wrong)

    assert (error.exit_code, result.exit_code) == (4, 4)
    assert error.place.line


def test_what_is_made_to_fit_publishes(lake):
    lake.write("raw.nowhere", "d DATE, p DECIMAL(10,2), s STRING", [(date(2013, 2, 8), Decimal("0.10"), "ab")])

    result = lake.run_step(
        declared(
            expect.column_max_to_be_between("d", "2013-01-01", "2013-12-31"),
            expect.column_values_to_be_between("d", "2013-01-01", "2013-12-31"),
            expect.column_values_to_be_in_set("d", ["2013-02-08"]),
            expect.column_values_to_be_in_set("p", [0.1]),
            expect.column_values_to_match_regex("s", r"^(?<first>a)[a-z&&[^c]]++$"),
            schema="d DATE, p DECIMAL(10,2), s STRING",
        )
    )

    assert result.exit_code == 0


@pytest.mark.parametrize("field", ["a.b", "a`b", "a-b", "größe"])
def test_a_field_of_any_name_that_delta_takes_is_published(lake, spark, field):
    name = "`" + field.replace("`", "``") + "`"
    lake.write("raw.nowhere", "id INT, s STRING", [(1, "x")])

    @step(
        sources={"rows": Source("raw.nowhere")},
        target=Target("clean.out", f"`x.{field.replace('`', '``')}` INT, s STRUCT<{name}: STRING>", ReplaceTable()),
    )
    def publish(rows):
        return rows.selectExpr(f"id AS `x.{field.replace('`', '``')}`", f"named_struct('{field}', 'x') AS s")

    assert lake.run_step(publish).exit_code == 0
    assert lake.table("clean.out").first()["s"][field] == "x"


@pytest.mark.parametrize("condition", ["CAST(s AS INT) > 5", "10 / id > 1 AND s <> 'y'"])
def test_a_condition_that_a_row_makes_fail_is_named_with_its_line(lake, condition):
    lake.write("raw.nowhere", "id INT, s STRING", [(0, "x")])
    checked = declared(
        expect.column_values_to_not_be_null("id"),
        expect.column_values_to_not_be_null("s", row_condition=condition),
        write=ReplaceTable(),
    )

    failed = lake.run_step(checked)

    assert failed.exit_code == 1
    assert "values_to_not_be_null(s)" in failed.error.message
    assert "row_condition: [" in failed.error.message
    assert failed.error.place.startswith("tests/engine/test_declared.py:")
    assert "try_cast" in failed.error.remedy
