"""Intervals at once, or in any order, leave what they leave one after the other."""

import random
from datetime import date, timedelta

import pytest
from attrs import evolve

from etl import Append, Merge, ReplacePartitions, ReplaceTable, Source, Target, expect, sql_step, step
from etl.model.interval import Unit, between, parse_instant
from etl.model.result import Outcome, Status

FIRST = date(2013, 2, 1)
DDL = "id INT, day DATE, v INT"


def copying(name, write, source="raw.rows", column="day"):
    @step(
        sources={"rows": Source(source, interval_column=column)},
        target=Target(name, DDL, write),
        expectations=[expect.column_values_to_be_between("v", 0, 1000, on_failure="quarantine")],
    )
    def copied(rows):
        return rows

    return copied


def newest_of_all(name, source):
    """The newest row of every interval that is there: read whole, as of the interval."""
    return sql_step(
        name,
        sql="SELECT id, max(day) AS day, max(v) AS v FROM rows GROUP BY id",
        sources={"rows": Source(source)},
        schema=DDL,
        write=ReplaceTable(),
    )


@pytest.fixture
def land(lake):
    """Land three rows a day, one of which breaks an expectation."""

    def rows(days):
        dates = [FIRST + timedelta(days=n) for n in range(days)]
        lake.write("raw.rows", DDL, [(n, day, 7 * n + day.day if n else -1) for day in dates for n in range(3)])

    return rows


def planned(lake, days, *steps):
    end = FIRST + timedelta(days=days)
    intervals = between(parse_instant(str(FIRST)), parse_instant(str(end)), Unit.DAY)
    return evolve(lake.plan(*steps), intervals=intervals)


@pytest.mark.parametrize("count", [5, pytest.param(30, marks=pytest.mark.slow)])
def test_days_in_random_order_two_at_once_leave_what_they_leave_in_order(lake, land, count):
    land(count)
    lake.carry_out(planned(lake, count, copying("clean.one", ReplacePartitions("day"))))
    plan = planned(lake, count, copying("clean.two", ReplacePartitions("day")))
    days = list(plan.intervals)
    random.Random(7).shuffle(days)  # noqa: S311 the same order in every run

    result = lake.carry_out(evolve(plan, intervals=tuple(days)), parallel=2, threads=2)

    assert result.exit_code == 0
    assert [each.interval for each in result.steps] == [day.key for day in days]
    assert lake.rows("clean.two") == lake.rows("clean.one")
    quarantined = {name: [row[:3] for row in lake.rows(f"quarantine.clean_{name}")] for name in ("one", "two")}
    assert quarantined["two"] == quarantined["one"]
    assert len(lake.rows("clean.two")) == 2 * count


def test_a_chain_of_every_kind_of_write_two_at_once_leaves_what_it_leaves_in_order(lake, land):
    land(4)

    def chain(zone):
        return (
            copying(f"{zone}.days", ReplacePartitions("day")),
            copying(f"{zone}.log", Append(), f"{zone}.days"),
            copying(f"{zone}.last", Merge("id"), f"{zone}.days"),
            newest_of_all(f"{zone}.newest", f"{zone}.log"),
        )

    lake.carry_out(planned(lake, 4, *chain("one")))
    result = lake.carry_out(planned(lake, 4, *chain("two")), parallel=3, threads=3)

    assert {each.outcome for each in result.steps} == {Outcome.PUBLISHED}
    for name in ("days", "log", "last", "newest"):
        assert lake.rows(f"two.{name}") == lake.rows(f"one.{name}")


def test_only_the_planned_pairs_of_a_step_and_an_interval_run(lake, land):
    land(2)
    days, log = copying("clean.days", ReplacePartitions("day")), copying("clean.log", Append(), "clean.days")
    plan = planned(lake, 2, days, log)
    lake.carry_out(plan.restricted([("clean.days", "2013-02-01")]))

    result = lake.carry_out(plan.restricted([("clean.log", "2013-02-01"), ("clean.days", "2013-02-02")]))

    ended = [(each.step, each.interval, each.status) for each in result.steps]
    assert ended == [("clean.log", "2013-02-01", Status.PASS), ("clean.days", "2013-02-02", Status.WARN)]
    assert len(lake.rows("clean.log")) == 2
