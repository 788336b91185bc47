"""The first publish of a target keeps the rules of all later ones."""

from datetime import date

import pytest

from etl import Merge, ReplacePartitions, ReplaceTable, Source, Target, expect, step
from etl.model.result import Status

DAY, NEXT = date(2013, 2, 8), date(2013, 2, 9)
DDL = "id INT, day DATE, op STRING"


def publishing(write, *, column="day", conserve=None):
    sources = {"rows": Source("raw.rows", interval_column=column)}

    @step(sources=sources, target=Target("clean.rows", DDL, write), conserve=conserve)
    def published(rows, run):
        return rows

    return published


def test_rows_that_delete_their_key_are_not_published_where_there_is_nothing_to_delete(lake):
    lake.write("raw.rows", DDL, [(1, DAY, "I"), (2, DAY, "D")])

    result = lake.run_step(publishing(Merge("id", apply_as_deletes="op = 'D'"), conserve="rows"))

    assert lake.rows("clean.rows") == [(1, DAY, "I")]
    assert result.rows.filtered == {"deletes of a first publish": 1}


@pytest.mark.parametrize("day", [NEXT, None], ids=["of another day", "of no day"])
def test_a_row_outside_the_interval_is_refused_and_counted(lake, day):
    lake.write("raw.rows", DDL, [(1, DAY, "I"), (2, day, "I")])

    result = lake.run_step(publishing(ReplacePartitions("day"), column=None))

    assert (result.status, result.exit_code) == (Status.ERROR, 1)
    assert "1 rows outside the interval 2013-02-08" in result.error.message
    assert lake.version("clean.rows") is None
    assert lake.data_files("clean.rows") == []


def test_a_row_outside_the_interval_may_go_to_the_quarantine(lake):
    lake.write("raw.rows", DDL, [(1, DAY, "I"), (2, NEXT, "I")])
    inside = expect.column_values_to_be_between("day", DAY, DAY, on_failure="quarantine")

    @step(
        sources={"rows": Source("raw.rows")},
        target=Target("clean.rows", DDL, ReplacePartitions("day")),
        expectations=[inside],
    )
    def published(rows, run):
        return rows

    lake.run_step(published)

    assert lake.rows("clean.rows") == [(1, DAY, "I")]


def test_a_check_of_somebody_else_is_not_told_as_a_row_outside_the_interval(lake, spark):
    lake.write("raw.rows", DDL, [(1, DAY, "I")])
    step_ = publishing(ReplacePartitions("day"))
    lake.run_step(step_)
    spark.sql(f"ALTER TABLE delta.`{lake.dataset('clean.rows').uri}` ADD CONSTRAINT positive CHECK (id > 0)")
    lake.write("raw.rows", DDL, [(-1, DAY, "I")])

    result = lake.run_step(step_)

    assert result.status is Status.ERROR
    assert "outside the interval" not in result.error.message
    assert lake.rows("clean.rows") == [(1, DAY, "I")]


def by_city(write, partition_by=("city",)):
    @step(
        sources={"rows": Source("raw.rows")},
        target=Target("clean.rows", "city STRING NOT NULL, n INT", write, partition_by=partition_by),
    )
    def published(rows):
        return rows

    return published


@pytest.mark.parametrize("write", [Merge("city"), ReplaceTable()], ids=repr)
def test_an_empty_text_is_kept_by_a_table_that_is_not_partitioned_by_it(lake, write):
    lake.write("raw.rows", "city STRING, n INT", [("Bonn", 1), ("", 2)])

    results = [lake.run_step(by_city(write), force=True) for _ in range(3)]

    assert [result.status for result in results] == [
        Status.WARN,
        *([Status.PASS] * 2 if isinstance(write, Merge) else [Status.WARN] * 2),
    ]
    assert "not partitioned by city" in results[0].message
    assert lake.rows("clean.rows") == [("", 2), ("Bonn", 1)]


@pytest.mark.parametrize("write", [Merge("city"), ReplaceTable()], ids=repr)
@pytest.mark.parametrize("declared", [("city",), ()], ids=["declared", "of others"])
def test_an_empty_text_for_a_table_that_is_partitioned_by_it_is_refused(lake, write, declared):
    lake.write("raw.rows", "city STRING, n INT", [("Bonn", 1)])
    lake.run_step(by_city(write))
    lake.write("raw.rows", "city STRING, n INT", [("", 2)])

    result = lake.run_step(by_city(write, declared))

    assert (result.error.type, result.exit_code) == ("RefusedPartitionError", 1)
    assert lake.rows("clean.rows") == [("Bonn", 1)]
