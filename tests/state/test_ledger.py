import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from etl.errors import PlatformError, UsageError
from etl.model.result import RowCounts, RunResult, Status, StepResult
from etl.state.ledger import Ledger
from etl.state.objects import Folder

AT = datetime(2013, 2, 9, 6, 0, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(Folder(tmp_path))


def begin(ledger, run_id, at=AT):
    ledger.started(
        run_id, at=at, environment="local", selection=("nyc_flights",), intervals=("2013-02-08",), artifacts="/a"
    )


def result(run_id, status=Status.PASS):
    step = StepResult(step="clean.flights", job="nyc_flights", interval="2013-02-08", status=status,
                      rows=RowCounts(output=930, quarantined=2, published=928))  # fmt: skip
    ended = AT + timedelta(seconds=9)
    return RunResult(run_id=run_id, environment="local", started_at=AT, finished_at=ended, steps=(step,))


def test_an_empty_ledger_has_no_runs(ledger):
    assert ledger.runs() == ()


def test_a_run_that_ended_tells_how(ledger):
    begin(ledger, "a")
    ledger.finished(result("a", Status.FAIL))

    run = ledger.run("a")

    assert (run.state, run.exit_code, run.seconds) == ("finished", 3, 9.0)
    assert (run.published, run.quarantined, run.counts["fail"]) == (928, 2, 1)


def test_a_run_of_a_living_process_is_running(ledger):
    begin(ledger, "a")

    assert ledger.run("a").state == "running"
    assert ledger.run("a").pid == os.getpid()


def test_a_run_whose_process_is_gone_is_lost(ledger, monkeypatch):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    monkeypatch.setattr(os, "getpid", lambda: gone.pid)

    begin(ledger, "a")

    assert ledger.run("a").state == "lost"


def test_a_run_on_another_machine_that_has_not_ended_is_running(ledger, monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "elsewhere")
    begin(ledger, "a")
    monkeypatch.undo()

    assert ledger.run("a").state == "running"


def test_a_run_that_could_not_begin_tells_why(ledger):
    begin(ledger, "a")
    ledger.failed("a", at=AT, error=PlatformError("no Java 17\nwas found"))

    run = ledger.run("a")

    assert (run.state, run.exit_code, run.error) == ("finished", 5, "no Java 17")


def test_the_last_started_comes_first_whatever_it_is_called(ledger):
    begin(ledger, "z", AT)
    begin(ledger, "a", AT + timedelta(hours=1))

    assert [run.run_id for run in ledger.runs()] == ["a", "z"]
    assert ledger.run("last").run_id == "a"


def test_a_run_id_is_used_once(ledger):
    begin(ledger, "a")

    with pytest.raises(UsageError, match="'a'"):
        begin(ledger, "a")


def test_an_unknown_run_is_refused_with_a_close_match(ledger):
    begin(ledger, "20130209T060000Z-7f3a91c2")

    with pytest.raises(UsageError, match="20130209T060000Z-7f3a91c2"):
        ledger.run("20130209T060000Z-7f3a91c1")


def test_a_record_survives_its_json_form(ledger):
    begin(ledger, "a")
    ledger.finished(result("a"))

    values = ledger.run("a").to_json()

    assert values["intervals"] == ["2013-02-08"]
    assert values["finished_at"] == (AT + timedelta(seconds=9)).isoformat()
