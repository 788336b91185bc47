"""All that is wrong with a step is told at once, each with its line."""

from __future__ import annotations

import inspect
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from etl import Append, Merge, ReplaceInterval, ReplacePartitions, ReplaceTable, Source, Target, expect, step
from etl.errors import DefinitionError, Place
from etl.model.expectation import Expectation
from etl.model.faults import check_faults, faults
from etl.model.step import Step
from etl.model.write import Write

SCHEMA = (
    "id INT, day DATE, at TIMESTAMP, s STRING, m MAP<STRING, INT>, l ARRAY<INT>, b BINARY, st STRUCT<m: MAP<INT, INT>>"
)


def declared(
    *expectations: Expectation, schema: str = SCHEMA, write: Write | None = None, partition_by: Any = ()
) -> Step[..., Any]:
    @step(
        sources={"frame": Source("raw.x", interval_column="day")},
        target=Target("clean.x", schema, write or ReplaceTable(), partition_by),
        expectations=expectations,
    )
    def copy(frame: object) -> object:
        return frame

    return copy


def said(step_: Step[..., Any]) -> str:
    (fault,) = faults(step_)
    return fault.message


def test_a_step_without_faults_has_none() -> None:
    assert faults(declared(expect.column_values_to_be_between("id", 0), partition_by="day")) == ()


def test_every_fault_is_told_with_the_line_of_its_own_expectation() -> None:
    wrong = declared(
        expect.column_values_to_be_between("id", "a"),
        *(expect.column_values_to_match_regex("s", regex) for regex in "("),
        partition_by=["l"],
    )

    first = inspect.getsourcelines(test_every_fault_is_told_with_the_line_of_its_own_expectation)[1]
    found = faults(wrong)

    assert [fault.place and fault.place.line for fault in found] == [wrong.place.line, first + 2, first + 3]
    with pytest.raises(DefinitionError, match=r"(?s)3 problems.*partition_by.*min_value='a'.*regex='\('"):
        check_faults(wrong)


def shared() -> Expectation:
    return expect.column_values_to_be_between("id", "a")


def test_an_expectation_from_another_file_is_told_at_the_step() -> None:
    elsewhere = Expectation("expect_column_values_to_be_between", {"column": "id", "min_value": "a"})

    assert faults(declared(elsewhere))[0].place == declared().place
    assert faults(declared(shared()))[0].place == shared().place


def test_a_fault_names_expectation_value_and_column() -> None:
    message = said(declared(expect.column_values_to_be_in_set("day", ["2013-02-30"])))

    for part in ("clean.x", "values_to_be_in_set(day)", "value_set[0]='2013-02-30'", "DATE", 'ISO text such as "2013-'):
        assert part in message


@pytest.mark.parametrize(
    ("columns", "wrong"),
    [
        (["dya"], "did you mean 'day'"),
        (["day", "day"], "twice"),
        (["m"], "MAP<STRING, INT>, which no folder's name can hold"),
        (["l"], "ARRAY<INT>"),
        (["st"], "STRUCT"),
        (["b"], "BINARY"),
        ([7], "7 is not the name of a column"),
    ],
)
def test_a_partition_column_is_there_once_and_of_a_type_that_a_folder_can_name(columns: list[Any], wrong: str) -> None:
    assert wrong in said(declared(partition_by=columns))


@pytest.mark.parametrize("name", ["a\0b", "ä" * 128])
def test_a_partition_column_has_a_name_that_a_folder_can_have(name: str) -> None:
    assert "that of a folder" in said(declared(schema=f"id INT, `{name}` INT", partition_by=name))


def test_some_column_is_left_for_the_files() -> None:
    assert "all its columns" in said(declared(schema="id INT, s STRING", partition_by=("s", "id")))
    assert "all its columns" in said(declared(schema="day DATE", write=ReplacePartitions("day")))
    assert faults(declared(schema="at TIMESTAMP", write=ReplacePartitions("at"))) == ()


@pytest.mark.parametrize(
    ("write", "wrong"),
    [
        (Merge("m"), "MAP<STRING, INT>: Spark compares no maps"),
        (Merge("st"), "Spark compares no maps"),
        (Merge(["id", "id"]), "named twice"),
        (Merge("id", sequence_by="m"), "sequence_by 'm' is MAP"),
        (Merge("id", apply_as_deletes=" "), "is no SQL condition"),
        (Merge("ID"), "it has 'id', and case counts here"),
    ],
)
def test_a_merge_has_keys_that_can_be_compared(write: Write, wrong: str) -> None:
    assert wrong in said(declared(write=write))


@pytest.mark.parametrize(
    ("expectation", "wrong"),
    [
        (expect.column_values_to_be_in_set("s", "abc"), "'abc' is not a list of values"),
        (expect.column_values_to_be_in_set("s", []), "holds no value: every row would break it"),
        (expect.column_values_to_not_be_in_set("s", [None]), "holds no value: every row would hold"),
        (expect.column_values_to_be_in_set("s", 5), "5 is not a list of values"),  # type: ignore[arg-type]
        (expect.column_values_to_be_between("id", 0, strict_min="no"), "neither True nor False"),  # type: ignore[typeddict-item]
        (expect.column_values_to_be_between("id", min_value=False), "min_value=False is not a number"),
        (expect.column_values_to_not_be_null("id", mostly=True), "mostly=True is outside 0 to 1"),
        (expect.column_values_to_not_be_null("id", mostly="0.9"), "mostly='0.9' is outside"),  # type: ignore[arg-type]
        (expect.column_values_to_not_be_null("id", mostly=float("nan")), "mostly=nan"),
        (expect.column_values_to_not_be_null("id", row_condition=" "), "row_condition=' ' is no SQL"),
        (expect.column_value_lengths_to_be_between("s", -1), "min_value=-1 is not a number of characters"),
        (expect.column_value_lengths_to_be_between("s", 1.5), "is not a number of characters"),  # type: ignore[arg-type]
        (expect.table_row_count_to_equal(-1), "value=-1 is not a number of rows"),
        (expect.table_row_count_to_be_between(3, 2), "no BIGINT lies within"),
        (expect.compound_columns_to_be_unique(["id", "id"]), "names a column twice"),
        (expect.compound_columns_to_be_unique([]), "names no column"),
        (expect.column_pair_values_a_to_be_greater_than_b("id", "id"), "are both 'id'"),
        (expect.column_sum_to_be_between("id", 10, 5), "no DECIMAL(38,0) lies within"),
        (expect.column_values_to_not_be_null(5), "5 is not the name of a column"),  # type: ignore[arg-type]
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_arguments_that_say_nothing_or_too_much_are_refused(expectation: Expectation, wrong: str) -> None:
    assert wrong in said(declared(expectation))


def test_decimals_that_no_type_holds_together_are_not_compared() -> None:
    pair = expect.column_pair_values_a_to_be_greater_than_b("p", "q")

    assert "more than 38 digits" in said(declared(pair, schema="p DECIMAL(38,0), q DECIMAL(38,18)"))
    assert faults(declared(pair, schema="p DECIMAL(20,0), q DECIMAL(38,18)")) == ()


def test_one_column_may_be_named_alone() -> None:
    assert declared(partition_by="day").target.partition_by == ("day",)
    assert expect.compound_columns_to_be_unique("id").columns == ("id",)


def test_a_set_is_kept_in_one_order_whatever_the_process() -> None:
    kwargs = expect.column_values_to_be_in_set("s", {"b", "a", "c"}).kwargs

    assert kwargs["value_set"] == ("a", "b", "c")


def test_a_misspelt_argument_of_a_builder_is_refused_where_it_stands() -> None:
    with pytest.raises(DefinitionError, match="takes no argument 'on_failur'; did you mean 'on_failure'") as refused:
        expect.column_values_to_not_be_null("id", on_failur="warn")  # type: ignore[call-arg]

    assert refused.value.place is not None
    assert refused.value.place.file == __file__


def test_an_unknown_action_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(DefinitionError, match="did you mean 'quarantine'"):
        expect.column_values_to_not_be_null("id", on_failure="quarantin")  # type: ignore[typeddict-item]


def test_faults_of_a_write_are_no_error_until_they_are_asked_for() -> None:
    unplanned = step(sources={"frame": Source("raw.x")}, target=Target("clean.x", SCHEMA, Append()))(
        lambda frame: frame
    )

    assert "would add the same rows at every run" in said(unplanned)


def test_a_line_is_found_in_a_step_whose_place_is_relative() -> None:
    wrong = declared(expect.column_values_to_be_between("id", "a"))
    moved = evolve(wrong, place=Place("model/test_faults.py", 1))

    (fault,) = faults(moved)

    assert fault.place is not None
    assert fault.place.file == "model/test_faults.py"
    assert fault.place.line != 1


@pytest.mark.parametrize(
    ("source", "conserve", "wrong"),
    [
        (Source("raw.x", lookback=7), None, "lookback needs interval_column"),
        (Source("raw.x", interval_column="day", lookback=0), None, "lookback=0"),
        (Source("raw.x", interval_column="day", lookback=True), None, "lookback=True"),
        (Source("raw.x", interval_column="day", lookback=timedelta(days=-1)), None, "lookback=datetime.timedelta"),
        (Source("raw.x", interval_column="day", lookback=1), "frame", "conserve='frame' reads earlier intervals"),
    ],
)
def test_a_source_that_cannot_be_looked_back_into_is_told(source: Source, conserve: str | None, wrong: str) -> None:
    @step(sources={"frame": source}, target=Target("clean.x", SCHEMA, ReplaceTable()), conserve=conserve)
    def copy(frame: object) -> object:
        return frame

    assert wrong in said(copy)


def test_the_column_of_a_replaced_interval_is_checked_like_that_of_partitions() -> None:
    assert "ReplaceInterval column 's' is STRING" in said(declared(write=ReplaceInterval("s")))
    assert "ReplaceInterval: column 'dey' is not" in said(declared(write=ReplaceInterval("dey")))
    assert faults(declared(schema="day DATE", write=ReplaceInterval("day"))) == ()


def test_not_null_inside_a_column_which_nobody_would_check_is_refused() -> None:
    wrong = declared(schema="id INT, day DATE, st STRUCT<a: INT NOT NULL>")
    fine = declared(schema="id INT NOT NULL, day DATE, st STRUCT<a: INT>")

    assert "column 'st' has NOT NULL inside STRUCT" in said(wrong)
    assert faults(fine) == ()
