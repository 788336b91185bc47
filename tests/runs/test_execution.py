"""Whole runs without Spark: the session and the engine are given."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from etl.errors import PlatformError, UsageError
from etl.runs.artifacts import open_artifacts

AT = datetime(2013, 2, 9, 6, 0, tzinfo=UTC)
WHOLE = ["session_starting", "session_started", "run_started", "run_finished"]


def test_a_run_is_in_the_ledger_and_leaves_its_artifacts(execution, ledger, kept):
    result = execution(selection=("shop",)).run()

    assert result.exit_code == 0
    run = ledger.run("a")
    assert (run.state, run.exit_code, run.selection) == ("finished", 0, ("shop",))
    artifacts = open_artifacts(run.artifacts, run.run_id)
    assert artifacts.read_manifest() == {"project": "shop"}
    assert artifacts.read_results() == result.to_json()
    assert kept("kind") == WHOLE


def test_everything_recorded_carries_the_clock_of_the_run(execution, ledger, kept):
    execution().run()

    run = ledger.run("a")
    assert (run.started_at, run.finished_at) == (AT, AT)
    assert set(kept("at")) == {AT.isoformat()}


def test_the_manifest_is_there_before_the_session_starts(execution):
    seen = []
    run = execution()

    def session():
        seen.append(run.artifacts.read_manifest())
        return SimpleNamespace(version="3.5.9")

    execution(session=session).run()

    assert seen == [{"project": "shop"}]


def test_a_run_without_a_session_has_failed_and_says_why(execution, ledger, kept):
    def session():
        raise PlatformError("no Java 17 was found")

    with pytest.raises(PlatformError):
        execution(session=session).run()

    run = ledger.run("a")
    assert (run.state, run.exit_code, run.error) == ("finished", 5, "no Java 17 was found")
    assert kept("kind") == ["session_starting"]


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


def test_whoever_holds_the_stop_ends_the_run(execution):
    run = execution()
    run.stop.request(143)

    assert run.run().exit_code == 143


def test_two_executions_run_in_two_threads_of_one_process(execution, ledger, tmp_path, kept, engine):
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
        assert kept("kind", run_id) == WHOLE
        assert {event.run_id for event in heard[run_id]} == {run_id}
    assert (tmp_path / "target" / "runs" / "latest").read_text() in {"a\n", "b\n"}


def test_of_two_executions_of_one_run_id_at_once_one_runs(execution, ledger):
    both = threading.Barrier(2, timeout=30)

    def attempt(_):
        run = execution()
        both.wait()
        try:
            return run.run().exit_code
        except UsageError as error:
            return error.exit_code

    with ThreadPoolExecutor(2) as pool:
        codes = sorted(pool.map(attempt, range(2)))

    assert codes == [0, 2]
