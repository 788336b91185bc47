"""The time of a plan: units of schedules, dates and ranges."""

from __future__ import annotations

import pytest

from etl import Daily, Hourly, Job, Monthly, ReplacePartitions, ReplaceTable, Source, Step, Target
from etl.errors import UsageError
from etl.model.body import Function
from etl.model.job import JobModule
from etl.model.schedule import Schedule
from etl.project.graph import Node
from etl.project.intervals import choose_intervals


def node(schedule: Schedule | None, *, column: str | None = None) -> Node:
    write = ReplacePartitions("day") if column else ReplaceTable()
    step: Step[..., None] = Step(
        body=Function(lambda **_: None),
        sources={"s": Source("raw.x", interval_column=column)},
        target=Target("clean.x", "day DATE", write),
    )
    name = type(schedule).__name__.lower()
    return Node(JobModule(name, Job(schedule=schedule), (step,), "", "jobs/j.py"), step)


def keys(nodes: list[Node], date: str | None = None, start: str | None = None, end: str | None = None) -> list[str]:
    return [interval.key for interval in choose_intervals(nodes, date, start, end) if interval]


@pytest.mark.parametrize(
    ("schedule", "date", "key"),
    [
        (Daily(), "2013-02-08", "2013-02-08"),
        (Daily(), "2013-02-08T17:30", "2013-02-08"),
        (Hourly(), "2013-02-08T05:59", "2013-02-08T05"),
        (Monthly(), "2013-02-08", "2013-02"),
        (Monthly(), "2013-02", "2013-02"),
        (None, "2013-02-08", "2013-02-08"),
        (Daily(), "2013-02-08T22:00-05:00", "2013-02-09"),
    ],
)
def test_a_date_names_the_interval_of_the_schedule_that_holds_it(schedule: Schedule, date: str, key: str) -> None:
    assert keys([node(schedule)], date) == [key]


def test_a_range_is_cut_into_the_units_of_the_schedule() -> None:
    assert keys([node(Monthly())], start="2013-01", end="2013-04") == ["2013-01", "2013-02", "2013-03"]
    assert keys([node(Daily()), node(None)], start="2013-02-27", end="2013-03-01") == ["2013-02-27", "2013-02-28"]


def test_a_job_on_demand_needs_no_time() -> None:
    assert choose_intervals([node(None)], None, None, None) == (None,)


@pytest.mark.parametrize("schedule", [Hourly(), Daily(), Monthly()])
def test_a_scheduled_job_asks_for_a_date_of_its_unit(schedule: Schedule) -> None:
    with pytest.raises(UsageError) as caught:
        keys([node(None), node(schedule)])

    example = caught.value.remedy.split("--date ")[1].split(",")[0]
    assert keys([node(schedule)], example) == [example]


def test_a_step_that_reads_by_interval_asks_for_a_date() -> None:
    with pytest.raises(UsageError, match=r"clean\.x"):
        keys([node(None, column="day")])


def test_jobs_of_different_units_are_not_planned_together() -> None:
    with pytest.raises(UsageError, match="daily: day, hourly: hour"):
        keys([node(Daily()), node(Hourly())], "2013-02-08")


@pytest.mark.parametrize(
    ("date", "start", "end"),
    [
        ("2013-02-08", "2013-02-01", "2013-03-01"),
        (None, "2013-02-01", None),
        (None, None, "2013-02-01"),
        ("8 February", None, None),
        ("2013-02-30", None, None),
        ("9999-12-31", None, None),
        ("0001-01-01", None, None),
        (None, "2013-02-08", "2013-02-08"),
        (None, "2013-02-09", "2013-02-08"),
        (None, "2013-02-08T05", "2013-02-09"),
    ],
)
def test_a_time_that_names_no_interval_is_refused(date: str | None, start: str | None, end: str | None) -> None:
    with pytest.raises(UsageError):
        keys([node(Daily())], date, start, end)
