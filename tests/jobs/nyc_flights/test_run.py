"""The job itself, end to end in a temporary lake, on the two days with something to find."""

from datetime import date

import pytest

from etl.model.result import Outcome, Status

landing = pytest.importorskip("jobs.nyc_flights.landing")
STORM, END = date(2013, 2, 8), date(2013, 2, 13)


def by_step(result):
    return {step.step: step for step in result.steps}


def land(lake, start, end):
    landing.land(lake.root, start, end)


def expectation(step, name):
    return next(result for result in step.expectations if result.expectation.name == name)


def test_the_day_of_the_storm_is_published_with_its_warnings_and_only_once(run_job, lake):
    land(lake, STORM, date(2013, 2, 9))

    first = run_job("nyc_flights", date="2013-02-08", threads=2)
    again = run_job("nyc_flights", date="2013-02-08")

    steps = by_step(first)
    assert first.exit_code == 0
    assert steps["clean.flights"].rows.read == {"flights": 930}
    assert steps["clean.flights"].rows.published == 930
    cancelled = expectation(steps["clean.flights"], "values_to_not_be_null(dep_delay_minutes)").result
    assert (cancelled["unexpected_count"], round(cancelled["unexpected_percent"], 1)) == (472, 50.8)
    assert steps["core.flight_weather"].rows.published == 930
    assert {step.status for step in again.steps} == {Status.NO_OP}
    assert [step.version_after for step in again.steps] == [step.version_before for step in again.steps]


def test_a_range_of_days_publishes_what_single_days_publish(run_job, lake, spark, tmp_path):
    from etl.testing import Lake

    land(lake, date(2013, 2, 11), END)

    ranged = run_job("nyc_flights", start="2013-02-11", end="2013-02-13")
    tables = {name: lake.rows(name) for name in by_step(ranged)}
    single = Lake(spark, tmp_path / "single")
    land(single, date(2013, 2, 11), END)
    for day in ("2013-02-12", "2013-02-11"):
        single_plan(single, day)

    gust = [step for step in ranged.steps if step.step == "clean.weather"]
    assert [step.rows.quarantined for step in gust] == [0, 1]
    assert all(step.outcome is Outcome.PUBLISHED or step.status is Status.NO_OP for step in ranged.steps)
    assert {name: single.rows(name) for name in tables} == tables


def single_plan(lake, day):
    from pathlib import Path

    from etl.testing.plugin import open_lake_project

    project = open_lake_project(Path(__file__).parents[3], lake)
    plan = project.plan(["nyc_flights"], (), day, None, None, {})
    for planned in plan.steps:
        lake.declared[planned.writes.name] = planned.writes
    assert lake.carry_out(plan).exit_code == 0
