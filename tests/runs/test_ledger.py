import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from etl.engine.stop import Stop
from etl.errors import Place, PlatformError, UsageError
from etl.model.result import Status
from etl.runs.folder import Folder
from etl.runs.index import OPEN, Asked
from etl.runs.leases import Leases
from etl.runs.ledger import Ledger
from etl.runs.processes import Here, Process, here

AT = datetime(2013, 2, 9, 6, 0, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(Folder(tmp_path))


def begin(ledger, run_id, at=AT):
    ledger.started(
        run_id,
        at=at,
        environment="local",
        selection=("nyc_flights",),
        intervals=("2013-02-08",),
        artifacts="/lake/target",
    )


def test_an_empty_ledger_has_no_runs(ledger):
    assert list(ledger.runs()) == []
    with pytest.raises(UsageError):
        ledger.run("last")


def test_a_run_that_ended_tells_how(ledger, result):
    begin(ledger, "a")
    ledger.finished(result("a", Status.FAIL))

    run = ledger.run("a")

    assert (run.state, run.exit_code, run.seconds) == ("finished", 3, 9.0)
    assert (run.published, run.quarantined, run.counts["fail"]) == (928, 2, 1)


def at_work(ledger, run_id="a", where=None, now=lambda: datetime.now(UTC)):
    """Say that a run is at work, once."""
    begin(ledger, run_id)
    return Leases(store=ledger.store, here=where or here(), now=now, background=False).begin(run_id, Stop())


def test_a_run_of_a_living_process_is_running(ledger):
    at_work(ledger)

    assert ledger.run("a").state == "running"
    assert ledger.run("a").pid == os.getpid()


def test_a_run_whose_process_is_gone_is_lost(ledger):
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass

    at_work(ledger, where=evolve(here(), process=Process(gone.pid, "1")))

    assert ledger.run("a").state == "lost"


def test_a_run_on_another_machine_is_running_while_it_says_so(ledger):
    at_work(ledger, where=Here("elsewhere", "another boot", Process(1, "1")))

    assert ledger.run("a").state == "running"


def test_a_run_on_another_machine_that_says_nothing_any_more_is_lost(ledger):
    at_work(ledger, where=Here("elsewhere", "another boot", Process(1, "1")), now=lambda: AT)

    assert ledger.run("a").state == "lost"


def test_a_run_that_another_found_dead_is_lost_and_says_who_found_it(ledger):
    begin(ledger, "a")
    ledger.lost("a", at=AT, by="b")

    run = ledger.run("a")

    assert (run.state, run.status, run.failed) == ("lost", "lost", True)
    assert run.error == "found dead by run b at 2013-02-09T06:00:00 UTC"


def test_a_run_that_was_found_dead_stands_among_the_lost_and_not_among_those_at_work(ledger):
    begin(ledger, "a")
    ledger.lost("a", at=AT, by="b")

    assert [run.run_id for run in ledger.runs(asked=Asked(statuses=("lost",)))] == ["a"]
    assert list(ledger.store.list(OPEN)) == []


def test_a_run_that_died_before_its_first_record_leaves_none(ledger):
    ledger.lost("a", at=AT, by="b")

    assert list(ledger.store.list("ledger/")) == []


def test_a_run_that_was_found_dead_and_comes_back_stays_lost(ledger, result):
    begin(ledger, "a")
    ledger.lost("a", at=AT, by="b")

    ledger.finished(result("a"))

    assert ledger.run("a").state == "lost"


def test_a_run_that_said_how_it_ended_is_not_lost_afterwards(ledger, result):
    begin(ledger, "a")
    ledger.finished(result("a"))

    ledger.lost("a", at=AT, by="b")

    assert ledger.run("a").state == "finished"


def test_a_run_that_could_not_begin_tells_why(ledger):
    begin(ledger, "a")
    error = PlatformError("no Java 17\nwas found", place=Place("conf/base.toml", 3), remedy="install it")
    ledger.failed("a", at=AT, error=error)

    run = ledger.run("a")

    assert (run.state, run.status, run.exit_code) == ("finished", "error", 5)
    assert run.error == "conf/base.toml:3: no Java 17\nwas found\n  → install it"


def test_a_run_that_was_interrupted_before_it_began_is_told_as_cancelled(ledger):
    begin(ledger, "a")
    ledger.failed("a", at=AT, error=KeyboardInterrupt())

    run = ledger.run("a")

    assert (run.status, run.exit_code) == ("cancelled", 130)


@pytest.mark.parametrize("beginning", ["20130209T06", "7f3a", "20130209T060000Z-7f3a91c2"])
def test_the_beginning_of_an_id_will_do(ledger, beginning):
    begin(ledger, "20130209T060000Z-7f3a91c2")
    begin(ledger, "20130209T070000Z-8f3a91c2")

    assert ledger.run(beginning).run_id == "20130209T060000Z-7f3a91c2"


def test_a_beginning_that_several_runs_have_is_refused_with_them(ledger):
    begin(ledger, "20130209T060000Z-7f3a91c2")
    begin(ledger, "20130209T070000Z-8f3a91c2")

    with pytest.raises(UsageError, match="2 runs begin with '2013': 20130209T"):
        ledger.run("2013")


@pytest.mark.parametrize(("status", "word"), [(Status.PASS, "pass"), (Status.WARN, "warn"), (Status.FAIL, "fail")])
def test_a_run_is_told_in_one_word(ledger, result, status, word):
    begin(ledger, "a")
    ledger.finished(result("a", status))

    assert ledger.run("a").status == word


def test_the_last_started_comes_first_whatever_it_is_called(ledger):
    begin(ledger, "z", AT)
    begin(ledger, "a", AT + timedelta(hours=1))

    assert [run.run_id for run in ledger.runs()] == ["a", "z"]
    assert ledger.run("last").run_id == "a"


def test_a_run_id_is_used_once(ledger):
    begin(ledger, "a")

    with pytest.raises(UsageError, match="'a'"):
        begin(ledger, "a")  # at the same instant, in the same process: nothing but the nonce tells them apart


def test_an_unknown_run_is_refused_with_a_close_match(ledger):
    begin(ledger, "20130209T060000Z-7f3a91c2")

    with pytest.raises(UsageError, match="20130209T060000Z-7f3a91c2"):
        ledger.run("20130209T060000Z-7f3a91c1")


def test_a_record_survives_its_json_form(ledger, result):
    begin(ledger, "a")
    ledger.finished(result("a"))

    values = ledger.run("a").to_json()

    assert values["intervals"] == ["2013-02-08"]
    assert values["artifacts"] == "/lake/target/runs/a"
    assert values["finished_at"] == (AT + timedelta(seconds=9)).isoformat()


@pytest.mark.parametrize("run_id", ["../a", "a b", ""])
def test_what_cannot_be_a_run_id_is_an_unknown_run(ledger, run_id):
    begin(ledger, "a")

    with pytest.raises(UsageError, match="no run"):
        ledger.run(run_id)


def test_the_last_runs_are_listed_without_reading_the_others(memory, result):
    ledger = Ledger(memory)
    for hour in range(50):
        begin(ledger, f"run-{hour}", AT + timedelta(hours=hour))
        ledger.finished(result(f"run-{hour}"))
    memory.reads.clear()

    assert [run.run_id for run in ledger.runs(limit=2)] == ["run-49", "run-48"]
    assert len(memory.reads) == 4


def test_a_run_that_has_a_result_does_not_fail_afterwards(ledger, result):
    begin(ledger, "a")
    ledger.finished(result("a"))

    ledger.failed("a", at=AT, error=OSError("the terminal is gone"))

    assert (ledger.run("a").exit_code, ledger.run("a").error) == (0, "")


def test_a_record_whose_answer_was_lost_is_not_somebody_elses(memory, result):
    ledger = Ledger(memory)
    begin(ledger, "a")
    memory.lost = 1
    with pytest.raises(TimeoutError):
        ledger.finished(result("a"))

    ledger.finished(result("a"))

    assert ledger.run("a").state == "finished"


def told(ledger, **asked):
    return [run.run_id for run in ledger.runs(asked=Asked(**asked))]


def test_runs_are_found_by_how_they_ended(ledger, result):
    for hour, (run_id, status) in enumerate({"a": Status.PASS, "b": Status.FAIL, "c": Status.WARN}.items()):
        begin(ledger, run_id, AT + timedelta(hours=hour))
        ledger.finished(evolve(result(run_id, status), started_at=AT + timedelta(hours=hour)))
    begin(ledger, "d", AT + timedelta(hours=3))
    Leases(store=ledger.store, background=False).begin("d", Stop())

    assert told(ledger, statuses=("fail",)) == ["b"]
    assert told(ledger, statuses=("running",)) == ["d"]
    assert told(ledger, statuses=("pass", "running", "fail")) == ["d", "b", "a"]


def test_runs_are_found_by_job_and_time(ledger):
    for hour, jobs in enumerate([("shop",), ("shop", "flights"), ("flights",)]):
        at = AT + timedelta(hours=hour)
        ledger.started(str(hour), at=at, environment="local", selection=(), intervals=(), artifacts="/lake", jobs=jobs)

    assert told(ledger, job="shop") == ["1", "0"]
    assert told(ledger, job="flights", until=AT + timedelta(hours=2)) == ["1"]
    assert told(ledger, job="flights", since=AT + timedelta(hours=2)) == ["2"]
    assert told(ledger, job="nobody") == []


def test_a_run_that_died_between_its_end_and_its_entry_is_found_as_it_ended(memory, result, monkeypatch):
    ledger = Ledger(memory)
    begin(ledger, "a")
    monkeypatch.setattr(Ledger, "_listed", lambda *_: None)
    ledger.finished(result("a", Status.FAIL))

    assert told(ledger, statuses=("fail",)) == ["a"]
    assert told(ledger, statuses=("running", "pass")) == []


def test_a_run_that_has_ended_is_no_longer_among_those_that_have_not(memory, result):
    ledger = Ledger(memory)
    begin(ledger, "a")
    ledger.finished(result("a"))

    assert list(memory.list(OPEN)) == []
