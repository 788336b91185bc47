"""Names that a target's columns cannot have are refused with one that they can; a source's may be nearly anything."""

from __future__ import annotations

import pytest

from etl import Merge, ReplaceTable
from etl.errors import DefinitionError
from etl.model.names import source_names, source_partitions, suggested, target_names
from etl.model.schema import Column, Schema, parse_schema
from etl.model.write import Write
from etl.sql import quoted


def problems(name: str, write: Write | None = None, kind: str = "INT") -> list[str]:
    return list(target_names(Schema((Column(name, kind),)), write or ReplaceTable()))


@pytest.mark.parametrize("letter", list(" ,;{}()=\t"))
def test_a_letter_that_delta_refuses_is_named_and_another_name_suggested(letter: str) -> None:
    (said,) = problems(f"Order{letter}ID")

    assert repr(letter) in said or {" ": "a blank", "\t": "a tab"}[letter] in said
    assert "'Order_ID'" in said


@pytest.mark.parametrize(
    "kind", ["STRUCT<{}: INT>", "ARRAY<STRUCT<{}: INT>>", "MAP<STRING, STRUCT<x: STRUCT<{}: INT>>>"]
)
def test_a_field_of_a_struct_is_held_to_the_same(kind: str) -> None:
    (said,) = problems("s", kind=kind.format("`a b`"))

    assert "'s.a b'" in said or "'s.x.a b'" in said
    assert problems("s", kind=kind.format("`a.b`")) == []


@pytest.mark.parametrize(
    "name", ["a.b", "a`b", "größe", "日", "a-b", "a'b", "a/b", "a:b", "a\rb", "1", "select", "_x", "$"]
)
def test_what_delta_takes_is_taken(name: str) -> None:
    assert problems(name) == problems(name, Merge("id")) == []
    assert parse_schema(f"{quoted(name)} INT").names == (name,)


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("_broken", "its quarantine"),
        ("_RECORD", "its quarantine"),
        ("headrace_kept", "Headrace"),
        ("_change_type", "Delta's change feed"),
        ("_Commit_Version", "Delta's change feed"),
    ],
)
def test_a_name_that_somebody_needs_for_himself_is_refused_without_regard_to_case(name: str, who: str) -> None:
    (said,) = problems(name)

    assert f"is a name that {who} needs for itself" in said


def test_only_a_merge_needs_the_names_of_merging() -> None:
    assert problems("_row_id_") == problems("_deletes") == problems("_deletes", Merge("id")) == []
    assert "Delta's MERGE" in problems("_row_id_", Merge("id"))[0]
    assert "Headrace" in problems("_deletes", Merge("id", apply_as_deletes="gone"))[0]


def test_a_source_s_columns_may_have_any_name_but_the_one_for_corrupt_records() -> None:
    wild = Schema(tuple(Column(name, "INT") for name in ("Order ID", "a`b", "a,b", "_broken", "a\nb", "a=b")))

    assert list(source_names("raw.x", wild)) == []
    (error,) = source_names("raw.x", parse_schema("_Corrupt_Record STRING"))
    assert error.remedy


@pytest.mark.parametrize(("columns", "said"), [(["d", "d"], "twice"), (["l"], "is ARRAY<INT>")])
def test_the_folders_of_a_source_are_columns_that_a_folder_can_name(columns: list[str], said: str) -> None:
    schema = parse_schema("d DATE, l ARRAY<INT>")

    assert [said in error.message for error in source_partitions("raw.x", schema, columns)] == [True]
    assert list(source_partitions("raw.x", schema, ["d"])) == []


@pytest.mark.parametrize(
    ("name", "instead"), [(" Order  ID ", "Order_ID"), ("price (EUR)", "price_EUR"), (" ", "column")]
)
def test_a_suggested_name_is_one_that_can_be_published(name: str, instead: str) -> None:
    assert suggested(name) == instead
    assert problems(instead) == []


@pytest.mark.parametrize(
    "ddl", ["s STRUCT<a: INT, A: INT>", "s ARRAY<STRUCT<x: STRUCT<b: INT, `b`: INT>>>", "s STRUCT<>"]
)
def test_fields_that_no_table_can_have_are_refused(ddl: str) -> None:
    with pytest.raises(DefinitionError, match=r"twice|without a field"):
        parse_schema(ddl)
