"""Whole runs without Spark: the session and the engine are given."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from attrs import evolve

from etl.engine.stop import Stop
from etl.errors import LeaseLostError, PlatformError, TargetLockedError, UsageError
from etl.model.plan import Plan
from etl.runs.artifacts import open_artifacts
from etl.runs.holders import RUNS, held
from etl.runs.leases import Leases
from etl.runs.processes import Process, here

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


FLIGHTS = SimpleNamespace(
    job="nyc_flights",
    step=SimpleNamespace(name="clean.flights"),
    writes=SimpleNamespace(name="clean.flights", uri="s3://lake/clean/flights"),
)
ONE_STEP = Plan(environment="local", intervals=(None,), steps=(FLIGHTS,))


def other_run(ledger, run_id="other", **changes):
    """A run of another process that holds the target and goes on."""
    where = evolve(here(), **changes)
    run = Leases(store=ledger.store, here=where, background=False).begin(run_id, Stop())
    run.take({FLIGHTS.writes.uri: FLIGHTS.writes.name}, lambda _: None)
    return run


def test_a_run_whose_target_is_held_has_failed_before_a_session_starts(execution, ledger, kept):
    other_run(ledger)
    started = []

    with pytest.raises(TargetLockedError, match=r"clean\.flights .* is held by run other on "):
        execution(plan=ONE_STEP, session=lambda: started.append(1)).run()

    run = ledger.run("a")
    assert (run.state, run.exit_code) == ("finished", 8)
    assert (started, kept("kind")) == ([], [])
    assert [entry.key for entry in ledger.store.list(RUNS)] == ["leases/runs/other.json"]


def test_a_run_holds_its_targets_from_before_its_session_until_it_is_recorded(execution, ledger, engine):
    seen = []

    def look(where, then):
        def looked(*given, **named):
            seen.append((where, [(lease.dataset, holder.run_id) for lease, holder in held(ledger.store)]))
            return then(*given, **named)

        return looked

    session = look("session", lambda: SimpleNamespace(version="3.5.9"))
    execution(plan=ONE_STEP, session=session, engine=look("engine", engine)).run()

    assert seen == [("session", [("clean.flights", "a")]), ("engine", [("clean.flights", "a")])]
    assert list(held(ledger.store)) == []


def test_the_engine_is_given_what_to_ask_before_a_publish_and_the_jvm_is_known_by_then(execution, ledger, engine):
    def asks(plan, *, fence, **options):
        fence(FLIGHTS.writes.uri)
        ((_, holder),) = held(ledger.store)
        assert holder.jvm == here().process
        return engine(plan, **options)

    assert execution(plan=ONE_STEP, engine=asks).run().exit_code == 0


@pytest.mark.parametrize("failure", [PlatformError("no Java"), KeyboardInterrupt(), RuntimeError("a defect")])
def test_a_run_that_ends_in_any_way_lets_its_targets_go(execution, ledger, failure):
    def session():
        raise failure

    with pytest.raises(type(failure)):
        execution(plan=ONE_STEP, session=session).run()

    assert list(held(ledger.store)) == []
    assert list(ledger.store.list(RUNS)) == []


def test_a_run_that_died_is_closed_by_the_next_which_says_so_and_takes_its_targets(execution, ledger, kept):
    ledger.started("other", at=AT, environment="local", selection=(), intervals=(), artifacts="")
    other_run(ledger, process=Process(1, "never"), host="here")

    assert execution(plan=ONE_STEP).run().exit_code == 0

    assert (ledger.run("other").state, ledger.run("other").error[:19]) == ("lost", "found dead by run a")
    assert kept("data")[0]["message"] == "run other on here (pid 1) died without a word: it is lost"


def test_a_run_waits_for_its_target_and_says_for_whom(execution, ledger, kept):
    other = other_run(ledger)
    run = execution(plan=ONE_STEP, wait=60.0)

    def sleep(_):
        other.end()

    assert evolve(run, leases=evolve(run.leases, sleep=sleep)).run().exit_code == 0

    assert kept("data")[0]["message"].startswith("waiting for clean.flights: run other on ")


@pytest.mark.parametrize("code", [130, 143])
def test_a_run_that_is_told_to_stop_while_it_waits_ends_as_one_that_was_interrupted(execution, ledger, code, tmp_path):
    other_run(ledger)
    run = execution(plan=ONE_STEP, wait=60.0)

    def sleep(_):
        run.stop.request(code)

    result = evolve(run, leases=evolve(run.leases, sleep=sleep)).run()

    assert result.exit_code == code
    assert [(step.step, str(step.status)) for step in result.steps] == [("clean.flights", "cancelled")]
    assert ledger.run("a").status == "cancelled"
    assert run.artifacts.read_results()["exit_code"] == code


def test_a_run_that_lost_its_targets_ends_with_8_and_says_why(execution, ledger, engine, kept):
    def robbed(plan, **options):
        ((lease, _),) = held(ledger.store)
        Leases(store=ledger.store).release(lease)
        with pytest.raises(LeaseLostError, match="somebody released it"):
            options["fence"](FLIGHTS.writes.uri)
        return engine(plan, **options)

    result = execution(plan=ONE_STEP, engine=robbed).run()

    assert (result.exit_code, ledger.run("a").exit_code) == (8, 8)
    assert "somebody released it" in kept("data")[-1]["message"]


def test_a_store_that_fails_at_the_very_end_fails_no_run(execution, ledger, engine, kept):
    class Failing:
        def __getattr__(self, name):
            return getattr(ledger.store, name)

        def delete(self, *_):
            raise PlatformError("no store any more")

    run = execution(plan=ONE_STEP)

    assert evolve(run, leases=evolve(run.leases, store=Failing())).run().exit_code == 0
    assert kept("data")[-1]["message"] == "the targets are not free yet: PlatformError: no store any more"
