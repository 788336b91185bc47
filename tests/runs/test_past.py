"""What the ledger remembers of steps and intervals, without Spark."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from etl.model.event import Event
from etl.model.result import RowCounts, RunResult, Status, StepResult
from etl.runs import past as room
from etl.runs.artifacts import open_artifacts
from etl.runs.ledger import Ledger
from etl.runs.past import Last, Past, keep

AT = datetime(2013, 2, 9, 6, 0, tzinfo=UTC)
STEP = "clean.orders"


def opened(run):
    return open_artifacts(run.artifacts, run.run_id)


@pytest.fixture
def remember(memory):
    """``remember("a", {"2013-02-08": Status.FAIL})``: a run, later than those before, that ended so."""
    hours = iter(range(1000))

    def run(run_id, ended, job="shop", seconds=2.0):
        steps = tuple(
            StepResult(step=STEP, job=job, interval=key, status=status, seconds=seconds, rows=RowCounts(quarantined=3))
            for key, status in ended.items()
        )
        at = AT + timedelta(hours=next(hours))
        keep(memory, RunResult(run_id=run_id, environment="local", started_at=at, finished_at=at, steps=steps))

    return run


@pytest.fixture
def past(memory):
    return Past(Ledger(memory), opened)


def last(past, *keys):
    found = past.last({"shop"}, {(STEP, key) for key in keys})
    return {key: (each.status, each.run_id) for (_, key), each in found.items()}


def test_the_last_result_of_an_interval_counts(past, remember):
    remember("a", {"2013-02-07": Status.FAIL, "2013-02-08": Status.PASS})
    remember("b", {"2013-02-07": Status.PASS})

    assert last(past, "2013-02-07", "2013-02-08", "2013-02-09") == {
        "2013-02-07": ("pass", "b"),
        "2013-02-08": ("pass", "a"),
    }


def test_a_run_that_had_nothing_to_do_leaves_what_was_published_before(past, remember):
    remember("a", {"2013-02-08": Status.WARN})
    remember("b", {"2013-02-08": Status.NO_OP})

    assert past.last({"shop"}, {(STEP, "2013-02-08")})[STEP, "2013-02-08"].quarantined == 3


def test_a_failure_before_a_run_that_had_nothing_to_do_is_over(past, remember):
    remember("a", {"2013-02-08": Status.FAIL})
    remember("b", {"2013-02-08": Status.NO_OP})

    assert last(past, "2013-02-08") == {"2013-02-08": ("no-op", "b")}


def test_only_runs_whose_intervals_meet_are_read(memory, past, remember):
    for day in range(1, 29):
        remember(f"run-{day}", {f"2013-02-{day:02d}": Status.PASS})
    memory.reads.clear()

    assert len(last(past, "2013-02-10", "2013-02-11")) == 2
    assert len(memory.reads) == 2


def test_at_most_so_many_runs_are_read(memory, past, remember, monkeypatch):
    monkeypatch.setattr(room, "MOST", 5)
    for n in range(9):
        remember(f"run-{n}", {"2013-02-08": Status.PASS})
    memory.reads.clear()

    assert last(past, "2013-02-08", "2013-02-07") == {"2013-02-08": ("pass", "run-8")}
    assert len(memory.reads) == 5


def test_other_jobs_are_not_asked(past, remember):
    remember("a", {"2013-02-08": Status.PASS}, job="flights")

    assert last(past, "2013-02-08") == {}


def test_a_steps_seconds_are_the_median_of_its_last_runs_that_worked(past, remember):
    for seconds in (2.0, 4.0, 90.0):
        remember(f"run-{seconds}", {"2013-02-08": Status.PASS}, seconds=seconds)
    remember("idle", {"2013-02-08": Status.NO_OP}, seconds=0.1)

    assert past.seconds({"shop"}) == {STEP: 4.0}


@pytest.mark.parametrize(("pid_lives", "status"), [(True, "running"), (False, "error")])
def test_a_run_that_has_not_ended_is_told_by_its_events_until_a_later_one_ends(
    execution, ledger, monkeypatch, pid_lives, status
):
    def dies(plan, *, listener, run_id, **_):
        listener(Event("step_started", AT, run_id, STEP, "2013-02-08", {"index": 1, "of": 1}))
        done = StepResult(step=STEP, job="shop", interval="2013-02-07", status=Status.PASS)
        listener(Event("step_finished", AT, run_id, STEP, "2013-02-07", done.to_json()))
        raise KeyboardInterrupt

    monkeypatch.setattr(Ledger, "failed", lambda *_, **__: None)  # kill -9 leaves no word
    with pytest.raises(KeyboardInterrupt):
        execution(engine=dies).run()
    run = evolve(ledger.run("a"), state="running" if pid_lives else "lost", jobs=("shop",))
    monkeypatch.setattr(Ledger, "known", lambda *_: run)

    found = Past(ledger, opened).last({"shop"}, {(STEP, "2013-02-07"), (STEP, "2013-02-08")})

    assert found == {(STEP, "2013-02-07"): Last("pass", "a"), (STEP, "2013-02-08"): Last(status, "a")}
    assert found[STEP, "2013-02-08"].failed is not pid_lives

    done = StepResult(step=STEP, job="shop", interval="2013-02-08", status=Status.PASS)
    later = AT + timedelta(hours=1)
    keep(ledger.store, RunResult(run_id="b", environment="x", started_at=later, finished_at=later, steps=(done,)))
    assert Past(ledger, opened).last({"shop"}, {(STEP, "2013-02-08")})[STEP, "2013-02-08"].run_id == "b"
