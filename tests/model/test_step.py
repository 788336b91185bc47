"""What a step may declare; everything else is refused when the job module is imported, at its own line."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from etl import Append, History, Merge, ReplacePartitions, ReplaceTable, Source, Target, expect, sql_step, step
from etl.errors import DefinitionError
from etl.model.expectation import Expectation
from etl.model.faults import check_faults
from etl.model.step import Step
from etl.model.write import Write

DAILY = {"frame": Source("raw.x", interval_column="day")}
WHOLE = {"frame": Source("raw.x")}
SCHEMA = "id INT, day DATE, name STRING"


def declared(
    write: Write | None = None,
    *,
    sources: Mapping[str, Source] | None = None,
    schema: str = SCHEMA,
    expectations: tuple[Expectation, ...] = (),
    conserve: str | None = None,
    partition_by: tuple[str, ...] = (),
) -> Step[..., Any]:
    @step(
        sources=sources or WHOLE,
        target=Target("clean.x", schema, write or ReplaceTable(), partition_by),
        expectations=expectations,
        conserve=conserve,
    )
    def copy(frame: object) -> object:
        return frame

    check_faults(copy)
    return copy


def named(name: str) -> Step[..., Any]:
    @step(name=name, sources=WHOLE, target=Target("clean.x", SCHEMA, ReplaceTable()))
    def copy(frame: object) -> object:
        return frame

    return copy


def refused(declare: Callable[[], object]) -> DefinitionError:
    with pytest.raises(DefinitionError) as caught:
        declare()
    return caught.value


def test_a_step_is_called_like_its_function() -> None:
    assert declared()("frame") == "frame"


def test_a_step_is_named_after_its_target_and_knows_its_place() -> None:
    step_ = declared()

    assert (step_.name, step_.target.quarantine) == ("clean.x", "quarantine.clean_x")
    assert step_.place.file == __file__
    lines, first = inspect.getsourcelines(declared)
    assert step_.place.line == first + next(n for n, line in enumerate(lines) if "@" in line or "def copy" in line)


def test_a_parameter_without_source_is_refused_with_the_nearest_name() -> None:
    def declare() -> None:
        @step(sources={"flights": Source("raw.x")}, target=Target("clean.x", SCHEMA, ReplaceTable()))
        def copy(flight: object) -> object:
            return flight

    assert "'flights'" in refused(declare).message


def test_a_source_without_parameter_is_refused() -> None:
    error = refused(lambda: declared(sources=WHOLE | {"other": Source("raw.y")}))

    assert "'other'" in error.message
    assert error.place is not None
    assert error.place.file == __file__


def test_a_parameter_named_run_needs_no_source() -> None:
    @step(sources=WHOLE, target=Target("clean.x", SCHEMA, Append()))
    def copy(frame: object, run: object) -> object:
        return frame, run

    assert copy.takes_run
    assert copy.by_interval


@pytest.mark.parametrize(
    "name", ["x", "Clean.x", "a.b.c", "clean.", ".x", "clean/x", "clean.x ", "1.x", "clean.x-y", ""]
)
def test_a_dataset_is_named_by_zone_and_name(name: str) -> None:
    refused(lambda: Source(name))
    refused(lambda: Target(name, SCHEMA, ReplaceTable()))


@pytest.mark.parametrize(
    "write",
    [
        ReplacePartitions("day"),
        Append(),
        ReplacePartitions("dya"),
        Merge([]),
        Merge("key"),
        Merge("id", sequence_by="at"),
        History("id", "at"),
    ],
)
def test_a_write_that_could_not_be_run_again_is_refused(write: Write) -> None:
    error = refused(lambda: declared(write))

    assert "clean.x" in error.message
    assert error.place is not None


def test_partitions_are_replaced_by_date_or_time_only() -> None:
    assert "STRING" in refused(lambda: declared(ReplacePartitions("name"), sources=DAILY)).message
    assert declared(ReplacePartitions("day"), sources=DAILY).by_interval


@pytest.mark.parametrize("write", [ReplaceTable(), Merge(["id"]), Merge("id", sequence_by="day")])
def test_a_write_that_is_the_same_every_time_needs_no_interval(write: Write) -> None:
    assert not declared(write).by_interval


@pytest.mark.parametrize(
    "expectation",
    [
        expect.column_values_to_not_be_null("nme"),
        expect.compound_columns_to_be_unique(["id", "dya"]),
        expect.column_values_to_be_unique("id", on_failure="quarantine"),
        expect.table_row_count_to_be_between(1, on_failure="quarantine"),
        expect.column_mean_to_be_between("id", 0, on_failure="quarantine"),
        expect.column_values_to_not_be_null("name", mostly=1.5),
        expect.column_values_to_not_be_null("name", mostly=-0.1),
    ],
    ids=lambda expectation: expectation.name,
)
def test_an_expectation_that_cannot_be_judged_is_refused(expectation: Expectation) -> None:
    assert "clean.x" in refused(lambda: declared(expectations=(expectation,))).message


def test_an_expectation_that_is_declared_twice_is_refused() -> None:
    twice = expect.column_values_to_not_be_null("name")

    assert "twice" in refused(lambda: declared(expectations=(twice, twice))).message


def test_conserve_and_partition_by_name_what_is_there() -> None:
    assert "'frame'" in refused(lambda: declared(conserve="fram")).message
    assert "'day'" in refused(lambda: declared(partition_by=("dya",))).message


def test_a_schema_that_does_not_parse_is_refused() -> None:
    refused(lambda: declared(schema="id INTT"))


def test_a_sql_step_is_refused_at_the_line_that_declares_it() -> None:
    def declare(**given: Any) -> None:
        query = {"sql": "SELECT 1", "sources": WHOLE, "schema": SCHEMA, "write": ReplaceTable()} | given
        check_faults(sql_step("marts.x", **query))

    for given in ({"sources": {}}, {"schema": "id INTT"}, {"write": Append()}, {"conserve": "y"}):
        error = refused(lambda given=given: declare(**given))
        assert error.place is not None
        assert (error.place.file, error.place.line) == (__file__, inspect.getsourcelines(declare)[1] + 2)


def test_a_step_may_have_a_name_of_its_own() -> None:
    assert named("load_x").name == "load_x"
    assert named("load.x").target.dataset == "clean.x"

    query = sql_step("marts.x", name="sum_x", sql="SELECT 1", sources=WHOLE, schema=SCHEMA, write=ReplaceTable())
    assert (query.name, query.target.dataset) == ("sum_x", "marts.x")


@pytest.mark.parametrize("name", ["", "Load", "load x", "a.b.c", "load+", "load-x", ".x", "1x", 7])
def test_a_name_that_no_selector_could_say_is_refused(name: Any) -> None:
    assert "name" in refused(lambda: named(name)).message


@pytest.mark.parametrize("name", [None, "load_x"])
def test_a_step_that_returns_rows_has_a_target(name: str | None) -> None:
    def declare() -> None:
        @step(sources=WHOLE, target=None, name=name)  # type: ignore[arg-type]
        def copy(frame: object) -> object:
            return frame

    error = refused(declare)

    assert "target" in error.message
    assert error.place is not None
    assert error.place.file == __file__


def test_a_sql_step_partitions_its_target_like_any_other() -> None:
    def declare(column: str) -> Step[..., Any]:
        query = sql_step(
            "marts.x", sql="SELECT 1", sources=WHOLE, schema=SCHEMA, write=ReplaceTable(), partition_by=[column]
        )
        check_faults(query)
        return query

    assert declare("day").target.partition_by == ("day",)
    assert "'day'" in refused(lambda: declare("dya")).message


def test_only_a_sql_step_has_a_query() -> None:
    query = sql_step("marts.x", sql="SELECT 1", sources=WHOLE, schema=SCHEMA, write=ReplaceTable())

    assert (query.sql, declared().sql) == ("SELECT 1", None)


def test_a_sql_step_describes_itself_by_its_query() -> None:
    query = sql_step("marts.x", sql="SELECT *\n  FROM frame", sources=WHOLE, schema=SCHEMA, write=ReplaceTable())

    assert query.description == "SELECT * FROM frame"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"sources": {"frame": "raw.x"}}, "source 'frame' is 'raw.x'; write Source('raw.x')"),
        ({"target": "clean.x"}, "write Target(dataset, schema, write)"),
        (
            {"target": Target("clean.x", SCHEMA, ReplaceTable)},
            "write is the class ReplaceTable; known: ReplaceTable(…)",
        ),  # type: ignore[arg-type]
        ({"expectations": [expect.column_values_to_not_be_null]}, "an expectation is <function"),
    ],
)
def test_a_name_or_a_class_in_place_of_a_value_is_refused(wrong: dict[str, Any], said: str) -> None:
    def declare() -> None:
        given: dict[str, Any] = {"sources": WHOLE, "target": Target("clean.x", SCHEMA, ReplaceTable())}
        step(**given | wrong)(lambda frame: frame)

    error = refused(declare)

    assert said in error.message
    assert error.place is not None
    assert error.place.file == __file__


def test_one_tag_is_a_tag() -> None:
    @step(sources=WHOLE, target=Target("clean.x", SCHEMA, ReplaceTable()), tags="nightly")
    def copy(frame: object) -> object:
        return frame

    assert copy.tags == ("nightly",)
