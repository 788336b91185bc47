"""The platform `local`: a process of its own that outlives whoever started it. A program stands for spark-submit."""

import sys
import time

import pytest

from etl.errors import UsageError
from etl.ship import local
from etl.ship.platform import Submission, platform

pytestmark = pytest.mark.once


@pytest.fixture
def submitted(tmp_path, monkeypatch):
    """``submitted("print(1)")`` runs a program as the run of that id would be run; returns its id."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def make(program, run_id="one"):
        words = [sys.executable, "-u", "-c", program]
        monkeypatch.setattr(local, "command", lambda _: (words, {"PATH": "/usr/bin:/bin"}))
        return local.submit(Submission(bundle="/nowhere", run_id=run_id))

    return make


def test_local_is_a_platform_of_the_table():
    assert platform("local") is local


def test_lines_and_exit_code_of_the_run_come_back(submitted):
    run = submitted("print('a line'); raise SystemExit(3)")

    assert list(local.followed(run)) == ["a line"]
    assert local.exit_code(run) == 3
    assert (local.describe(run).state, local.describe(run).reason) == ("failed", "exit code 3")


def test_a_run_that_ends_with_zero_has_succeeded(submitted):
    run = submitted("pass")

    assert list(local.followed(run)) == []
    assert local.describe(run).state == "succeeded"


def test_the_same_submission_again_starts_no_second_run(submitted):
    first = submitted("print('first')")
    again = submitted("print('again')")

    assert first == again
    assert list(local.followed(first)) == ["first"]


def test_a_run_works_in_a_directory_of_its_own(submitted, tmp_path):
    run = submitted("import os; print(os.getcwd()); print(os.listdir())")

    assert list(local.followed(run)) == [str(tmp_path / "headrace" / "submitted" / run / "work"), "[]"]


def test_a_cancelled_run_ends_and_is_said_to_be_cancelled(submitted):
    run = submitted("import time; print('at work'); time.sleep(600)")
    lines = local.followed(run)
    assert next(lines) == "at work"

    local.cancel(run)

    assert list(lines) == []
    assert local.describe(run).state == "cancelled"


def test_a_cancellation_before_the_run_has_begun_is_carried_out(submitted, tmp_path):
    run = submitted("import time; time.sleep(600)")

    local.cancel(run)

    assert list(local.followed(run)) == []
    assert local.describe(run).state == "cancelled"


def test_cancelling_what_has_ended_does_nothing(submitted):
    run = submitted("pass")
    list(local.followed(run))

    local.cancel(run)

    assert local.describe(run).state == "succeeded"


def test_a_run_whose_processes_vanished_has_failed(submitted, tmp_path):
    run = submitted("pass")
    list(local.followed(run))
    folder = tmp_path / "headrace" / "submitted" / run
    (folder / "exit_code").unlink()
    deadline = time.monotonic() + 60
    while local.describe(run).state == "running" and time.monotonic() < deadline:
        time.sleep(0.05)

    assert local.describe(run).state == "failed"
    assert "left no exit code" in local.describe(run).reason


def test_what_was_never_submitted_here_is_said_to_be_so(submitted):
    with pytest.raises(UsageError, match="no run another was submitted"):
        local.describe("another")
