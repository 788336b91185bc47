"""Spark DDL, parsed without Spark."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import DefinitionError
from etl.model.schema import Column, Schema, parse_schema


def test_columns_keep_order_type_and_nullability() -> None:
    assert parse_schema("id BIGINT NOT NULL, name STRING COMMENT 'the, name', day date").columns == (
        Column("id", "BIGINT", nullable=False),
        Column("name", "STRING", comment="the, name"),
        Column("day", "DATE"),
    )


@pytest.mark.parametrize(
    ("ddl", "kind"),
    [
        ("a integer", "INT"),
        ("a long", "BIGINT"),
        ("a decimal", "DECIMAL(10,0)"),
        ("a DEC(12)", "DECIMAL(12,0)"),
        ("a numeric(12, 2)", "DECIMAL(12,2)"),
        ("a array<int>", "ARRAY<INT>"),
        ("a MAP<STRING, ARRAY<LONG>>", "MAP<STRING, ARRAY<BIGINT>>"),
        ("a timestamp_ntz", "TIMESTAMP_NTZ"),
        ("a struct<x: int, `y z`: string NOT NULL>", "STRUCT<`x`: INT, `y z`: STRING NOT NULL>"),
    ],
)
def test_a_type_has_one_spelling(ddl: str, kind: str) -> None:
    assert parse_schema(ddl).columns[0].type == kind


@pytest.mark.parametrize(
    "ddl",
    [
        "",
        "  ",
        "a",
        "a INT b INT",
        "a INT,, b INT",
        "a INTT",
        "a INT, A STRING",
        "a ARRAY<INT",
        "a ARRAY INT",
        "a DECIMAL(39,0)",
        "a DECIMAL(5,6)",
        "a DECIMAL(x)",
        "a INT; DROP TABLE t",
        "1 = 1",
        "'a' INT",
        "a INT NOT",
        "a MAP<INT>",
        "a INT COMMENT",
    ],
)
def test_what_is_no_schema_is_refused(ddl: str) -> None:
    with pytest.raises(DefinitionError):
        parse_schema(ddl)


def test_an_unknown_type_names_the_one_that_was_meant() -> None:
    with pytest.raises(DefinitionError, match="'STRING'"):
        parse_schema("a STRNG")


def test_columns_are_found_by_name() -> None:
    schema = parse_schema("a INT, b DATE NOT NULL")

    assert "b" in schema
    assert schema.column("b").nullable is False
    assert schema.nullable().column("b").nullable is True
    with pytest.raises(KeyError):
        schema.column("c")


TYPES = st.recursive(
    st.sampled_from(["INT", "BIGINT", "STRING", "DATE", "TIMESTAMP", "BOOLEAN", "DECIMAL(12,2)", "BINARY"]),
    lambda inner: (
        inner.map("ARRAY<{}>".format)
        | st.tuples(inner, inner).map("MAP<{0[0]}, {0[1]}>".format)
        | st.lists(inner, min_size=1, max_size=3).map(
            lambda kinds: "STRUCT<" + ", ".join(f"`f {n}`: {kind}" for n, kind in enumerate(kinds)) + ">"
        )
    ),
)
NAMES = st.text("ab `<>,:é", min_size=1, max_size=6)


@given(st.dictionaries(NAMES, st.tuples(TYPES, st.booleans()), min_size=1, max_size=5))
def test_a_schema_is_read_back_from_its_own_ddl(columns: dict[str, tuple[str, bool]]) -> None:
    schema = Schema(tuple(Column(name, kind, nullable) for name, (kind, nullable) in columns.items()))

    assert parse_schema(schema.ddl) == schema
