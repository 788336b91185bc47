"""What a run was asked to do, and what of it is left."""

import json
from datetime import UTC, datetime

import pytest
from attrs import evolve

from etl.model.event import Event
from etl.model.interval import Unit, between
from etl.model.result import RunResult, Status, StepResult
from etl.runs.artifacts import Artifacts, open_artifacts
from etl.runs.request import Request, unfinished

AT = datetime(2013, 2, 9, 6, 0, tzinfo=UTC)
DAYS = between(datetime(2013, 2, 8, tzinfo=UTC), datetime(2013, 2, 10, tzinfo=UTC), Unit.DAY)
PAIRS = [(step, day.key) for day in DAYS for step in ("clean.orders", "marts.revenue")]
REQUEST = Request(
    arguments={"select": ["shop"], "params": {}},
    intervals=DAYS,
    steps=(("clean.orders", "marts.revenue"),) * 2,
    code={"clean.orders": "7f3a"},
    overrides={"run.platform": "local"},
    options={"force": True},
)


@pytest.fixture
def artifacts(tmp_path):
    return open_artifacts(str(tmp_path), "a")


def ended(status, pair):
    return StepResult(step=pair[0], job="shop", interval=pair[1], status=status)


@pytest.mark.parametrize(
    "request_",
    [
        REQUEST,
        evolve(REQUEST, steps=(("clean.orders",), ("marts.revenue",))),
        evolve(REQUEST, intervals=(None,), steps=(("clean.orders",),)),
    ],
    ids=["all", "some", "no interval"],
)
def test_a_request_survives_its_json_form(request_):
    assert Request.of_json(json.loads(json.dumps(request_.to_json()))) == request_


def test_steps_that_are_the_same_for_ten_thousand_intervals_are_named_once():
    assert REQUEST.to_json()["steps"] == [["clean.orders", "marts.revenue"]]


def test_what_did_not_succeed_is_left(artifacts):
    statuses = (Status.WARN, Status.SKIP, Status.NO_OP, Status.CANCELLED)
    steps = tuple(map(ended, statuses, PAIRS))
    artifacts.write_results(RunResult(run_id="a", environment="local", started_at=AT, finished_at=AT, steps=steps))

    assert unfinished(artifacts, REQUEST) == (PAIRS[1], PAIRS[3])


def test_of_a_run_that_died_everything_is_left_that_its_events_do_not_tell_of(artifacts, tmp_path):
    events = artifacts.events()
    for status, pair in ((Status.PASS, PAIRS[0]), (Status.ERROR, PAIRS[1])):
        events(Event("step_finished", AT, "a", *pair, ended(status, pair).to_json()))
    events.close()
    with (tmp_path / "runs" / "a" / "events.jsonl").open("a") as file:
        file.write('{"kind": "step_finished", "data": {"step": "marts.rev')  # the death was in the middle of a line

    assert unfinished(artifacts, REQUEST) == tuple(PAIRS[1:])


def test_events_in_parts_are_read_in_their_order(memory):
    artifacts = Artifacts(memory, "a")
    for pair in PAIRS[:2]:
        artifacts.add(Event("step_finished", AT, "a", *pair, ended(Status.PASS, pair).to_json()))

    assert [event["step"] for event in artifacts.read_events()] == ["clean.orders", "marts.revenue"]
    assert unfinished(artifacts, REQUEST) == tuple(PAIRS[2:])
