"""Whole runs without Spark: the session and the engine are given."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from etl.errors import ConflictError, PlatformError, UsageError
from etl.model.event import Event
from etl.model.plan import Plan
from etl.model.result import RunResult
from etl.runs.artifacts import Artifacts, open_artifacts
from etl.runs.execution import Execution
from etl.runs.ledger import Ledger
from etl.runs.objects import open_store

AT = datetime(2013, 2, 9, 6, 0, tzinfo=UTC)


def engine(plan, *, run_id, session, listener, now, stop, **_):
    """A run of no steps."""
    began = now()
    listener(Event("run_started", began, run_id))
    listener(Event("run_finished", now(), run_id, data={"exit_code": 0}))
    return RunResult(
        run_id=run_id, environment=plan.environment, started_at=began, finished_at=now(), steps=(),
        interrupted=stop.requested,
    )  # fmt: skip


@pytest.fixture
def ledger(tmp_path):
    return Ledger(open_store(str(tmp_path / "state")))


@pytest.fixture
def execution(tmp_path, ledger):
    def make(run_id="a", **changes):
        values = {
            "plan": Plan(environment="local", intervals=(None,), steps=()), "manifest": {"project": "shop"},
            "ledger": ledger, "artifacts": open_artifacts(str(tmp_path / "target"), run_id),
            "session": lambda: SimpleNamespace(version="3.5.9"), "engine": engine, "now": lambda: AT,
        }  # fmt: skip
        return Execution(**(values | changes))

    return make


def events(tmp_path, run_id="a"):
    lines = (tmp_path / "target" / "runs" / run_id / "events.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def kinds(tmp_path, run_id="a"):
    return [event["kind"] for event in events(tmp_path, run_id)]


WHOLE = ["session_starting", "session_started", "run_started", "run_finished"]


class Failing:
    """A store that is full from a key on."""

    def __init__(self, store, *words):
        self.store, self.words = store, words

    def __getattr__(self, name):
        return getattr(self.store, name)

    def put_if(self, key, body, version):
        if any(word in key for word in self.words):
            raise PlatformError(f"cannot use {key}: No space left on device")
        return self.store.put_if(key, body, version)


def test_a_run_is_in_the_ledger_and_leaves_its_artifacts(execution, ledger, tmp_path):
    result = execution(selection=("shop",)).run()

    assert result.exit_code == 0
    run = ledger.run("a")
    assert (run.state, run.exit_code, run.selection) == ("finished", 0, ("shop",))
    kept = open_artifacts(run.artifacts, run.run_id)
    assert kept.read_manifest() == {"project": "shop"}
    assert kept.read_results() == result.to_json()
    assert kinds(tmp_path) == WHOLE


def test_everything_recorded_carries_the_clock_of_the_run(execution, ledger, tmp_path):
    execution().run()

    run = ledger.run("a")
    assert (run.started_at, run.finished_at) == (AT, AT)
    assert {event["at"] for event in events(tmp_path)} == {AT.isoformat()}


def test_the_manifest_is_there_before_the_session_starts(execution):
    seen = []
    run = execution()

    def session():
        seen.append(run.artifacts.read_manifest())
        return SimpleNamespace(version="3.5.9")

    execution(session=session).run()

    assert seen == [{"project": "shop"}]


def test_a_run_without_a_session_has_failed_and_says_why(execution, ledger, tmp_path):
    def session():
        raise PlatformError("no Java 17 was found")

    with pytest.raises(PlatformError):
        execution(session=session).run()

    run = ledger.run("a")
    assert (run.state, run.exit_code, run.error) == ("finished", 5, "no Java 17 was found")
    assert kinds(tmp_path) == ["session_starting"]


def test_a_run_without_a_place_for_artifacts_has_failed_and_says_why(execution, ledger, tmp_path):
    (tmp_path / "target").write_text("a file where the folder should be")

    with pytest.raises(PlatformError, match="target"):
        execution().run()

    assert ledger.run("a").exit_code == 5


def test_a_run_id_is_used_once_and_the_first_run_stays(execution, ledger):
    execution().run()

    with pytest.raises(UsageError, match="'a'"):
        execution().run()

    assert ledger.run("a").exit_code == 0


def test_a_listener_that_raises_is_a_note_and_the_run_is_good(execution, ledger, tmp_path):
    def listener(event):
        raise BrokenPipeError(32, "Broken pipe")

    result = execution(listeners=(listener,)).run()

    assert result.exit_code == 0
    assert ledger.run("a").state == "finished"
    assert sorted(kinds(tmp_path)) == sorted([*WHOLE, "note"])


def test_other_listeners_hear_that_the_events_could_not_be_kept(execution, ledger, memory):
    heard = []
    artifacts = Artifacts(Failing(memory, "/events/"), "a")

    result = execution(artifacts=artifacts, listeners=(heard.append,)).run()

    assert result.exit_code == 0
    assert ledger.run("a").state == "finished"
    assert [event.kind for event in heard if event.kind != "note"] == WHOLE
    assert "No space left" in next(event for event in heard if event.kind == "note").data["message"]


def test_results_that_cannot_be_written_are_a_note_and_the_run_is_good(execution, ledger, tmp_path):
    artifacts = open_artifacts(str(tmp_path / "target"), "a")
    full = Artifacts(Failing(artifacts.store, "run_results"), "a", artifacts.root)

    result = execution(artifacts=full).run()

    assert result.exit_code == 0
    assert ledger.run("a").state == "finished"
    told = next(event for event in events(tmp_path) if event["kind"] == "note")
    assert told["data"]["message"].startswith("the results could not be written: PlatformError: cannot use")


def test_the_ledger_is_closed_before_the_results_are_written(execution, ledger, tmp_path):
    seen = []

    class Watching(Failing):
        def put_if(self, key, body, version):
            if "run_results" in key:
                seen.append(ledger.run("a").state)
            return self.store.put_if(key, body, version)

    artifacts = open_artifacts(str(tmp_path / "target"), "a")
    execution(artifacts=Artifacts(Watching(artifacts.store), "a", artifacts.root)).run()

    assert seen == ["finished"]


def test_whoever_holds_the_stop_ends_the_run(execution):
    run = execution()
    run.stop.request(143)

    assert run.run().exit_code == 143


def test_two_executions_run_in_two_threads_of_one_process(execution, ledger, tmp_path):
    both = threading.Barrier(2, timeout=30)

    def together(plan, **options):
        both.wait()  # neither goes on before the other is as far
        return engine(plan, **options)

    heard = {"a": [], "b": []}
    runs = [execution(run_id, engine=together, listeners=(heard[run_id].append,)) for run_id in heard]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda run: run.run(), runs))

    assert [result.run_id for result in results] == ["a", "b"]
    assert {run.run_id: run.state for run in ledger.runs()} == {"a": "finished", "b": "finished"}
    for run_id in ("a", "b"):
        assert kinds(tmp_path, run_id) == WHOLE
        assert {event.run_id for event in heard[run_id]} == {run_id}
    assert (tmp_path / "target" / "runs" / "latest").read_text() in {"a\n", "b\n"}


def test_of_two_executions_of_one_run_id_at_once_one_runs(execution, ledger):
    both = threading.Barrier(2, timeout=30)

    def attempt(_):
        run = execution()
        both.wait()
        try:
            return run.run().exit_code
        except (UsageError, ConflictError) as error:
            return error.exit_code

    with ThreadPoolExecutor(2) as pool:
        codes = sorted(pool.map(attempt, range(2)))

    assert codes == [0, 2]
