"""An expectation that its columns do not take is refused where it is declared."""

import inspect
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from etl import ReplaceTable, Source, Target, expect, step
from etl.engine.quarantine import EXTRA
from etl.errors import DefinitionError
from etl.kinds import KINDS
from etl.kinds.kind import Level
from etl.model.build import KEYWORDS
from etl.model.expectation import Expectation
from etl.model.faults import check_faults
from etl.model.names import QUARANTINE

SCHEMA = "i INT, x DOUBLE, p DECIMAL(10,2), s STRING, d DATE, at TIMESTAMP, b BOOLEAN, l ARRAY<INT>, m MAP<STRING, INT>"
DAY = date(2013, 2, 8)


def declared(*expectations, schema=SCHEMA):
    @step(
        sources={"rows": Source("raw.rows")},
        target=Target("clean.rows", schema, ReplaceTable()),
        expectations=expectations,
    )
    def copy(rows):
        return rows

    check_faults(copy)
    return copy


@pytest.mark.parametrize(
    ("expectation", "said"),
    [
        (expect.column_values_to_match_regex("i", "a"), "column 'i' is INT; .* takes STRING"),
        (expect.column_value_lengths_to_be_between("d", 1), "column 'd' is DATE; .* takes BINARY, STRING"),
        (expect.column_mean_to_be_between("s", 1), "column 's' is STRING; .* takes BIGINT, DECIMAL"),
        (expect.column_values_to_be_between("l", 1), r"column 'l' is ARRAY<INT>; .* takes"),
        (expect.column_values_to_be_unique("m"), "column 'm' is MAP"),
        (expect.column_values_to_be_between("s", 0, 10), "min_value=0 is not text: the column is STRING"),
        (expect.column_min_to_be_between("s", 0, 10), "min_value=0 is not text: the column is STRING"),
        (expect.column_values_to_be_in_set("s", ["1", 2]), r"value_set\[1\]=2 is not text"),
        (expect.column_values_to_be_in_set("i", ["1", "two"]), r"value_set\[1\]='two' is not a number"),
        (expect.column_values_to_be_in_set("b", ["true"]), "neither True nor False"),
        (expect.column_values_to_be_in_set("i", [True]), "True is not a number"),
        (expect.column_values_to_be_between("d", "2013-02-30"), "min_value='2013-02-30' is not a time: .* DATE"),
        (expect.column_values_to_be_between("at", 20130208), "min_value=20130208 is not a time"),
        (expect.column_values_to_be_between("i", DAY), "is not a number"),
        (expect.column_values_to_be_between("i", max_value=10**38), "more than the 38 digits"),
        (expect.column_value_lengths_to_be_between("s", "a"), "is not a number"),
        (expect.column_pair_values_a_to_be_greater_than_b("i", "d"), r"a INT \('i'\) is not compared with a DATE"),
        (expect.column_values_to_match_regex("s", "(?P<x>a)b"), "is Python's; Java spells"),
        (expect.table_row_count_to_be_between("10"), "min_value='10' is not a number of rows"),
        (Expectation("expect_column_values_to_be_between", {"column": "i", "max_valu": 3}), "did you mean 'max_value'"),
        (Expectation("expect_column_values_to_be_in_set", {"column": "i"}), "needs the argument 'value_set'"),
        (Expectation("expect_column_values_to_be_evn", {"column": "i"}), "is not known"),
        (expect.column_mean_to_be_between("i", 1, on_failure="quarantine"), "speaks of the whole table"),
        (expect.column_values_to_be_unique("i", on_failure="quarantine"), "speaks of the whole table"),
    ],
    ids=str,
)
def test_what_a_column_does_not_take_is_refused_with_what_it_would(expectation, said):
    with pytest.raises(DefinitionError, match=said) as refused:
        declared(expectation)

    assert refused.value.place is not None


@pytest.mark.parametrize(
    "expectation",
    [
        expect.column_values_to_be_between("d", "2013-01-01", datetime(2013, 12, 31, 12, tzinfo=UTC)),
        expect.column_max_to_be_between("at", DAY, "2013-02-09T05:00:00+01:00"),
        expect.column_values_to_be_between("p", 0.1, Decimal("9.9")),
        expect.column_values_to_be_in_set("i", ["1", 2, None]),
        expect.column_values_to_be_in_set("b", [True]),
        expect.column_values_to_be_null("m"),
        expect.column_pair_values_a_to_be_greater_than_b("at", "d"),
        expect.column_pair_values_a_to_be_greater_than_b("i", "x"),
        expect.column_values_to_match_regex("s", r"(?<name>a)\(?P"),
        expect.compound_columns_to_be_unique(["l", "s"]),
    ],
    ids=str,
)
def test_values_that_can_be_read_as_the_column_s_type_are_taken(expectation):
    assert declared(expectation).expectations == (expectation,)


@pytest.mark.parametrize("name", [column.name for column in EXTRA])
def test_a_column_named_like_one_of_the_quarantine_s_own_is_refused(name):
    assert name in QUARANTINE
    with pytest.raises(DefinitionError, match=name):
        declared(schema=f"id INT, `{name.upper()}` INT")


def test_every_builder_makes_a_kind_that_is_known_and_takes_its_arguments():
    builders = [
        builder
        for name, builder in vars(expect).items()
        if inspect.isfunction(builder) and builder.__module__ == expect.__name__ and not name.startswith("_")
    ]

    made = {f"expect_{builder.__name__}": builder for builder in builders}

    assert set(made) == set(KINDS)
    for kind, builder in made.items():
        asked = {name for name, one in inspect.signature(builder).parameters.items() if one.kind is not one.VAR_KEYWORD}
        assert asked <= {*KINDS[kind].arguments, *KINDS[kind].options}, kind


def test_the_builders_common_arguments_are_those_that_their_types_say():
    assert expect.Bounds.__optional_keys__ == KEYWORDS


def test_only_what_one_row_can_break_by_itself_is_of_the_row_s_level():
    rows = {kind.type for kind in KINDS.values() if kind.level is Level.ROW}

    assert "expect_column_values_to_be_unique" not in rows
    assert "expect_column_pair_values_a_to_be_greater_than_b" in rows
    assert all(kind.compile is not None for kind in KINDS.values())
