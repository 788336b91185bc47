"""Steps that read what lies before their interval: what they get, when they run again, and what is refused."""

import shutil
from datetime import timedelta

import pytest
from attrs import evolve

from etl import ReplacePartitions, Source, Target, step
from etl.engine.outlook import outlook
from etl.model.interval import Unit, between, parse_instant
from etl.model.result import Status
from etl.model.schema import parse_schema
from etl.model.why import State

DDL = "id INT, day DATE"


def copying(lookback=None, target="clean.rows", source="raw.rows", **declared):
    @step(
        sources={"rows": Source(source, interval_column="day", lookback=lookback)},
        target=Target(target, "n BIGINT, day DATE" if target == "marts.days" else DDL, ReplacePartitions("day")),
        **declared,
    )
    def copied(rows, run):
        if target == "marts.days":
            return rows.selectExpr("count(*) AS n", f"DATE'{run.interval.key}' AS day")
        return rows.where(f"day = DATE'{run.interval.key}'")

    return copied


def deliver(lake, day, *ids):
    lake.file("raw.rows", f"day=2013-02-{day}/a.csv", "id\n" + "".join(f"{n}\n" for n in ids))


@pytest.fixture
def raw(lake):
    lake.dataset("raw.rows", format="csv", schema=parse_schema(DDL), partitioned_by=("day",))
    deliver(lake, "07", 1, 2)
    deliver(lake, "08", 3)
    return lake


def counted(lake):
    return {str(day): n for n, day in lake.rows("marts.days")}


@pytest.mark.parametrize("lookback", [1, timedelta(days=1)])
def test_a_step_gets_the_rows_of_the_interval_and_of_those_before_it(raw, lookback):
    counting = copying(lookback, "marts.days")

    result = raw.run_step(counting)
    first = raw.run_step(counting, date="2013-02-07")

    assert (result.status, first.status) == (Status.PASS, Status.PASS)  # nothing lies before the first day
    assert counted(raw) == {"2013-02-07": 2, "2013-02-08": 3}


def test_the_interval_itself_must_be_there(raw):
    result = raw.run_step(copying(1, "marts.days"), date="2013-02-09")

    assert result.exit_code == 9
    assert "day=2013-02-09" in result.error.message


def test_a_row_of_an_earlier_day_is_not_published_for_this_one(raw):
    @step(
        sources={"rows": Source("raw.rows", interval_column="day", lookback=1)},
        target=Target("clean.rows", DDL, ReplacePartitions("day")),
    )
    def all_of_them(rows):
        return rows

    result = raw.run_step(all_of_them)

    assert result.status is Status.ERROR
    assert "outside the interval 2013-02-08" in result.error.message


def test_a_file_of_an_earlier_day_that_changes_runs_the_days_again_that_read_it(raw):
    counting = copying(1, "marts.days")
    raw.run_step(counting)
    assert raw.run_step(counting).status is Status.NO_OP
    deliver(raw, "06", 0)
    assert raw.run_step(counting).status is Status.NO_OP
    deliver(raw, "07", 1)

    (seen,) = outlook(raw.plan(counting), raw.spark)
    again = raw.run_step(counting)

    assert seen.why.reason == "raw.rows of 2013-02-07: 1 file changed"
    assert again.status is Status.PASS
    assert counted(raw) == {"2013-02-08": 2}


def test_a_correction_upstream_runs_the_days_again_that_look_back_to_it(raw):
    steps = copying(), copying(1, "marts.days", source="clean.rows")
    days = between(parse_instant("2013-02-07"), parse_instant("2013-02-10"), Unit.DAY)
    deliver(raw, "09", 4)
    for day in days:
        raw.run(*steps, date=day.key)
    assert [each.status for each in raw.run(*steps, date="2013-02-09").steps] == [Status.NO_OP, Status.NO_OP]
    deliver(raw, "07", 1)

    waiting = [each.why.state for day in days for each in outlook(raw.plan(*steps, date=day.key), raw.spark)]
    raw.run(steps[0], date="2013-02-07")
    after = [next(iter(outlook(raw.plan(steps[1], date=day.key), raw.spark))).why for day in days]

    assert waiting[0] is State.STALE
    assert [each.state for each in after] == [State.STALE, State.STALE, State.UP_TO_DATE]
    assert after[1].reason == "clean.rows of 2013-02-07: published again"
    assert raw.run(steps[1], date="2013-02-08").steps[0].status is Status.PASS


def test_the_outlook_of_a_range_waits_for_the_earlier_day_too(raw):
    steps = copying(), copying(1, "marts.days", source="clean.rows")
    days = between(parse_instant("2013-02-07"), parse_instant("2013-02-09"), Unit.DAY)
    plan = evolve(raw.plan(*steps), intervals=days)
    raw.carry_out(plan)
    deliver(raw, "07", 9)

    states = {(each.step, each.interval): each.why.state for each in outlook(plan, raw.spark)}

    assert states["clean.rows", "2013-02-08"] is State.UP_TO_DATE
    assert states["marts.days", "2013-02-08"] is State.WAITS


def test_an_earlier_day_that_is_taken_away_is_no_error_and_another_result(raw):
    counting = copying(1, "marts.days")
    raw.run_step(counting)
    shutil.rmtree(raw.root / "raw" / "rows" / "day=2013-02-07")

    assert raw.run_step(counting).status is Status.PASS
    assert counted(raw) == {"2013-02-08": 1}
