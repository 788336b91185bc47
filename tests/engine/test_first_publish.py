"""The first publish of a target keeps the rules of all later ones."""

from datetime import date

import pytest

from etl import Merge, ReplacePartitions, Source, Target, expect, step
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


def test_an_empty_text_in_a_partition_column_is_refused_since_it_would_come_back_as_null(lake):
    lake.write("raw.rows", "city STRING, n INT", [("Bonn", 1), ("", 2)])

    @step(
        sources={"rows": Source("raw.rows")},
        target=Target("clean.rows", "city STRING NOT NULL, n INT", Merge("city"), partition_by=("city",)),
    )
    def published(rows):
        return rows

    result = lake.run_step(published)

    assert "partition column 'city' is an empty text" in result.error.message
    assert lake.version("clean.rows") is None
