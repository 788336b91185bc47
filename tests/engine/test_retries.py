"""What passes by itself is tried again; what does not is told to whoever must act."""

from datetime import date

import pytest
from attrs import evolve

from etl import ReplacePartitions, Source, Target, expect, step
from etl.engine import lifecycle
from etl.engine.attempts import Backoff
from etl.engine.stop import Stop
from etl.model.result import Outcome, Status
from etl.storage import delta

DAY = date(2013, 2, 8)
DDL = "id INT, day DATE"
AT_ONCE = Backoff(sleep=lambda _: None)


@step(
    sources={"rows": Source("raw.rows", interval_column="day")},
    target=Target("clean.rows", DDL, ReplacePartitions("day")),
    expectations=[expect.column_values_to_be_between("id", 0, 100, on_failure="quarantine")],
)
def copied(rows):
    return rows


@pytest.fixture
def failing(lake, monkeypatch):
    """Let staging fail so often with this error, then work; the step's result with so many retries."""

    def run(error, times, retries=2, **options):
        lake.write("raw.rows", DDL, [(1, DAY)])
        stage, left = delta.stage, [error] * times

        def unreliable(session, order):
            if left:
                raise left.pop()
            return stage(session, order)

        monkeypatch.setattr(delta, "stage", unreliable)
        plan = lake.plan(copied)
        plan = evolve(plan, steps=(evolve(plan.steps[0], retries=retries),))
        return lake.carry_out(plan, **{"backoff": AT_ONCE, **options}).steps[0]

    return run


def test_a_broken_connection_is_tried_again_and_published(lake, failing):
    result = failing(ConnectionResetError("reset by peer"), times=2)

    assert (result.status, result.outcome, result.attempts) == (Status.PASS, Outcome.PUBLISHED, 3)
    assert lake.rows("clean.rows") == [(1, DAY)]


def test_a_failure_that_lasts_longer_than_the_retries_is_transient_and_exits_75(failing):
    result = failing(TimeoutError("60 s"), times=9, retries=1)

    assert (result.error.type, result.exit_code, result.attempts) == ("UnreachableError", 75, 2)
    assert result.error.retryable


def test_what_nobody_foresaw_is_our_defect_and_never_tried_again(failing):
    result = failing(KeyError("stats"), times=1)

    assert (result.error.type, result.exit_code, result.attempts) == ("DefectError", 1, 1)
    assert result.error.place.startswith("etl/engine/")


def test_the_traceback_of_a_defect_is_in_the_event_and_not_in_what_people_read(lake, failing):
    failing(KeyError("stats"), times=1)

    error = next(event.data["error"] for event in lake.events if event.kind == "step_finished")
    assert "Traceback" in error["traceback"]
    assert "KeyError: 'stats'" in error["traceback"]
    assert "Traceback" not in error["message"] + error["remedy"]


def test_a_defect_in_the_middle_of_the_engine_is_no_fault_of_the_transformation(lake, monkeypatch):
    def broken(*_):
        raise AttributeError("no such thing")

    lake.write("raw.rows", DDL, [(1, DAY)])
    monkeypatch.setattr(lifecycle, "audit", broken)

    assert lake.run_step(copied).error.type == "DefectError"


def test_a_quarantine_that_cannot_be_written_is_the_machines_fault(lake):
    lake.write("raw.rows", DDL, [(1, DAY), (101, DAY)])
    lake.file("quarantine", "", "a file where a directory should be")

    result = lake.run_step(copied)

    assert (result.error.type, result.exit_code) == ("UnwritableError", 5)
    assert lake.rows("clean.rows") == []


def test_the_wait_doubles_up_to_a_limit_and_chance_takes_off_up_to_half():
    certain = Backoff(first=1.0, most=5.0, chance=lambda: 0.0)

    assert [certain.seconds(attempt) for attempt in (1, 2, 3, 4, 10)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    assert Backoff(first=8.0, chance=lambda: 1.0).seconds(1) == 4.0


def test_a_run_that_is_told_to_stop_does_not_wait():
    stop, slept = Stop(), []

    def sleep(seconds):
        slept.append(seconds)
        stop.request(143)

    assert not Backoff(sleep=sleep).wait(60.0, stop)
    assert sum(slept) < 1


def test_a_step_that_failed_is_not_tried_again_once_the_run_is_told_to_stop(failing):
    stop = Stop()

    result = failing(TimeoutError("60 s"), times=9, backoff=Backoff(sleep=lambda _: stop.request(130)), stop=stop)

    assert result.attempts == 1
