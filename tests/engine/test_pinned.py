"""A run reads each source as it was when the run looked, however often Spark executes the plan."""

from datetime import date

import pytest
from attrs import evolve
from delta.tables import DeltaTable

from etl import ReplacePartitions, ReplaceTable, Source, Target, expect, sql_step, step
from etl.engine import lifecycle
from etl.model.result import Status
from etl.model.schema import parse_schema

DAY, NEXT = date(2013, 2, 8), date(2013, 2, 9)
DDL = "id INT, day DATE"


@pytest.fixture
def after_extract(monkeypatch):
    """Let something happen once the sources were looked at, before they are read."""

    def arrange(action):
        transform, left = lifecycle.transform, [action]

        def meddled(*given, **named):
            if left:
                left.pop()()
            return transform(*given, **named)

        monkeypatch.setattr(lifecycle, "transform", meddled)

    return arrange


@step(
    sources={"rows": Source("raw.rows")},
    target=Target("clean.rows", DDL, ReplaceTable()),
    conserve="rows",
    expectations=[expect.column_values_to_be_between("id", 0, on_failure="quarantine")],
)
def copied(rows):
    return rows


def test_rows_that_come_while_the_step_runs_are_left_for_the_next_run(lake, after_extract):
    lake.write("raw.rows", DDL, [(1, DAY), (-1, DAY)])
    after_extract(lambda: lake.write("raw.rows", DDL, [(2, DAY), (-2, DAY)]))

    first = lake.run_step(copied)

    assert (first.rows.read, first.rows.quarantined) == ({"rows": 2}, 1)
    assert lake.rows("clean.rows") == [(1, DAY)]
    assert lake.run_step(copied).rows.read == {"rows": 4}
    assert lake.rows("clean.rows") == [(1, DAY), (2, DAY)]


def test_a_file_delivered_anew_while_it_was_read_is_an_input_error_and_nothing_is_published(lake, after_extract):
    lake.dataset("raw.rows", format="csv", schema=parse_schema(DDL))
    lake.file("raw.rows", "a.csv", "id,day\n1,2013-02-08\n")
    after_extract(lambda: lake.file("raw.rows", "a.csv", "id,day\n1,2013-02-08\n2,2013-02-08\n"))

    result = lake.run_step(copied)

    assert (result.status, result.exit_code) == (Status.ERROR, 9)
    assert "a.csv was delivered, changed or removed" in result.error.message
    assert lake.version("clean.rows") is None


def test_a_correction_upstream_is_noticed_where_the_reader_takes_its_interval_from_another_column(lake):
    ddl = "id INT, day DATE, at TIMESTAMP"
    upstream = sql_step(
        "clean.flights",
        sql="SELECT id, day, CAST(date_add(day, 1) AS TIMESTAMP) AS at FROM rows",
        sources={"rows": Source("raw.rows", interval_column="day")},
        schema=ddl,
        write=ReplacePartitions("day"),
    )

    @step(
        sources={"flights": Source("clean.flights", interval_column="at")},
        target=Target("marts.flights", "id INT, at TIMESTAMP", ReplacePartitions("at")),
    )
    def mart(flights):
        return flights.select("id", "at")

    lake.write("raw.rows", DDL, [(1, DAY)])
    lake.run(upstream, mart, date="2013-02-08")
    lake.run(upstream, mart, date="2013-02-09")
    lake.write("raw.rows", DDL, [(2, DAY)])
    lake.run(upstream, mart, date="2013-02-08")

    lake.run(upstream, mart, date="2013-02-09")

    assert [row[0] for row in lake.rows("marts.flights")] == [1, 2]


def test_a_foreign_update_of_the_upstream_day_is_noticed(lake, spark):
    reader = sql_step(
        "marts.total",
        sql="SELECT day, count(*) AS n FROM rows GROUP BY day",
        sources={"rows": Source("clean.rows", interval_column="day")},
        schema="day DATE, n BIGINT",
        write=ReplacePartitions("day"),
    )

    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", DDL, ReplacePartitions("day")),
    )
    def writer(rows):
        return rows

    lake.write("raw.rows", DDL, [(1, DAY), (2, DAY)])
    lake.run(writer, reader)
    DeltaTable.forPath(spark, lake.dataset("clean.rows").uri).delete("id = 2")

    again = lake.run(writer, reader)

    assert again.steps[1].status is Status.PASS
    assert lake.rows("marts.total") == [(DAY, 1)]


def test_a_plan_of_other_days_leaves_the_reader_of_this_one_a_no_op(lake):
    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", DDL, ReplacePartitions("day")),
    )
    def writer(rows):
        return rows

    reader = sql_step(
        "marts.total",
        sql="SELECT day, count(*) AS n FROM rows GROUP BY day",
        sources={"rows": Source("clean.rows", interval_column="day")},
        schema="day DATE, n BIGINT",
        write=ReplacePartitions("day"),
    )
    lake.write("raw.rows", DDL, [(1, DAY), (2, NEXT)])
    lake.run(writer, reader)
    lake.run_step(writer, date="2013-02-09")
    plan = lake.plan(writer, reader)

    again = lake.carry_out(evolve(plan, steps=(evolve(plan.steps[1], after=()),)))

    assert again.steps[0].status is Status.NO_OP
