"""Run results and events made by hand, from the real values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from etl import expect
from etl.model.event import Event
from etl.model.result import ErrorInfo, ExpectationResult, Outcome, RowCounts, RunResult, Status, StepResult

AT = datetime(2013, 2, 9, 6, 0, tzinfo=UTC)
RUN_ID = "20130209T060000Z-7f3a91c2"


def make_step(
    name: str = "clean.flights", status: Status = Status.PASS, interval: str | None = "2013-02-08", **changes: Any
) -> StepResult:
    """A step that published 928 of 930 rows; ``changes`` replace fields."""
    good = status in {Status.PASS, Status.WARN}
    values: dict[str, Any] = {
        "step": name,
        "job": "nyc_flights",
        "interval": interval,
        "status": status,
        "outcome": Outcome.PUBLISHED if good else Outcome.UNCHANGED,
        "rows": RowCounts(read={"flights": 930}, output=930, quarantined=2, published=928) if good else RowCounts(),
        "version_before": 11,
        "version_after": 12 if good else 11,
        "quarantine": "quarantine.clean_flights",
        "spark_jobs": 2,
        "spark_stages": 3,
        "started_at": AT,
        "seconds": 1.4,
        "metrics": {"phase_seconds": {"stage": 1.0}},
    }
    return StepResult(**(values | changes))


def broken(on_failure: str = "warn") -> ExpectationResult:
    """Half of the flights were cancelled."""
    expectation = expect.column_values_to_not_be_null("dep_delay", mostly=0.75, on_failure=on_failure)  # type: ignore[arg-type]
    return ExpectationResult(
        expectation,
        success=False,
        result={
            "element_count": 930,
            "unexpected_count": 472,
            "unexpected_percent": 50.75,
            "partial_unexpected_list": [],
        },
    )


def met() -> ExpectationResult:
    """Every origin is known."""
    expectation = expect.column_values_to_be_in_set("origin", ["EWR", "JFK", "LGA"])
    found = {"element_count": 930, "unexpected_count": 0, "unexpected_percent": 0.0, "partial_unexpected_list": []}
    return ExpectationResult(expectation, success=True, result=found)


def failing() -> StepResult:
    """A step whose transformation raised."""
    error = ErrorInfo("TransformError", "division by zero", 1, "jobs/nyc_flights/core.py:40", "see the row's distance")
    return make_step("core.flight_weather", Status.ERROR, error=error, message="division by zero")


def make_run(*steps: StepResult, **changes: Any) -> RunResult:
    """A run of these steps that took 14.2 s."""
    values: dict[str, Any] = {
        "run_id": RUN_ID,
        "environment": "local",
        "started_at": AT,
        "finished_at": AT + timedelta(seconds=14.2),
        "steps": steps,
        "arguments": {"select": ["nyc_flights"]},
        "versions": {"spark": "3.5.9"},
    }
    return RunResult(**(values | changes))


def many_days(days: int, *steps: Callable[[str], StepResult]) -> RunResult:
    """A run over so many days from 2013-01-01."""
    keys = [f"{AT.replace(month=1, day=1) + timedelta(days=day):%Y-%m-%d}" for day in range(days)]
    return make_run(*(step(key) for key in keys for step in steps))


def event(
    kind: str,
    data: dict[str, Any] | None = None,
    step: str | None = None,
    interval: str | None = None,
    after: float = 0,
) -> Event:
    """An event so many seconds after six o'clock."""
    return Event(kind, AT + timedelta(seconds=after), RUN_ID, step, interval, data or {})


def events_of(result: RunResult) -> list[Event]:
    """The events a run with this result emits."""
    intervals = list(dict.fromkeys(step.interval for step in result.steps))
    names = list(dict.fromkeys(step.step for step in result.steps))
    found = [event("session_starting"), event("session_started", {"spark": "3.5.9"})]
    found.append(event("run_started", {"environment": "local", "steps": names, "intervals": intervals}))
    for interval in intervals:
        own = [step for step in result.steps if step.interval == interval]
        found.append(event("interval_started", interval=interval))
        for index, step in enumerate(own, 1):
            where = {"index": index, "of": len(own)}
            found.append(event("step_started", where, step.step, interval))
            found.append(event("step_finished", step.to_json() | where, step.step, interval))
        found.append(event("interval_finished", interval=interval, after=2))
    return [*found, event("run_finished", {"exit_code": result.exit_code, "seconds": 14.2})]


MANIFEST: dict[str, Any] = {
    "schema_version": "1.0",
    "engine": "0.1.0",
    "project": "headrace",
    "environment": "local",
    "intervals": ["2013-02-08"],
    "jobs": [],
    "datasets": [],
    "config": [{"key": "zones.raw", "value": "/lake/raw", "origin": "conf/base.toml:9"}],
    "steps": [
        {"name": "clean.flights", "sources": [{"name": "flights", "dataset": "raw.flights"}]},
        {"name": "core.flight_weather", "sources": [{"name": "flights", "dataset": "clean.flights"}]},
    ],
}


@pytest.fixture
def make() -> SimpleNamespace:
    """The builders above: ``make.run(make.step(), make.failing())``."""
    return SimpleNamespace(
        step=make_step,
        run=make_run,
        days=many_days,
        failing=failing,
        broken=broken,
        met=met,
        event=event,
        events=events_of,
        manifest=MANIFEST,
        at=AT,
        run_id=RUN_ID,
    )
