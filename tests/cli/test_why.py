"""What ``etl why`` says of runs as they are recorded, and of logs; without Spark."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from etl.errors import MissingDatasetError, Place, PlatformError, TransformError
from etl.model.event import Event
from etl.model.failure import ErrorInfo
from etl.model.result import Outcome, RunResult, Status, StepResult
from etl.runs.artifacts import open_artifacts
from etl.runs.ledger import Ledger
from etl.runs.stores import open_store

LOGS = Path(__file__).parents[1] / "report" / "causes" / "logs"
AT = datetime(2013, 2, 9, tzinfo=UTC)
DAY = "2013-02-08"
TRACE = """Traceback (most recent call last):
  File "/mnt/app.zip/jobs/shop.py", line 12, in clean_orders
py4j.protocol.Py4JJavaError: An error occurred while calling o117.save.
: org.apache.spark.SparkException: Job aborted due to stage failure: Task 3 in stage 7.0 failed 4 times, most recent \
failure: Lost task 3.3 in stage 7.0 (TID 212) (ip-10-0-1-17 executor 4): java.io.IOException: No space left on device
\tat java.base/java.io.FileOutputStream.writeBytes(Native Method)

The above exception was the direct cause of the following exception:

etl.errors.tree.TransformError: step clean.orders: it failed
"""


def begin(project):
    ledger = Ledger(open_store(str(project / "target" / "state")))
    ledger.started("a", at=AT, environment="local", selection=(), intervals=(DAY,), artifacts=str(project / "target"))
    return ledger


def end(project, *steps):
    result = RunResult(run_id="a", environment="local", started_at=AT, finished_at=AT, steps=steps)
    begin(project).finished(result)
    open_artifacts(str(project / "target"), "a").write_results(result)


def step(error=None, status=Status.ERROR, **changes):
    return StepResult(
        step="clean.orders", job="shop", interval=DAY, status=status, error=error and ErrorInfo.of(error), **changes
    )


def told(etl, *argv):
    said = etl("why", *argv, "-o", "json")
    assert (said.code, said.err) == (0, "")
    return json.loads(said.out)


def test_the_cause_behind_a_failed_step_is_found_in_its_own_traceback(etl, project):
    info = ErrorInfo(type="TransformError", message="it failed", exit_code=1, traceback=TRACE)
    failed = StepResult(
        step="clean.orders", job="shop", interval=DAY, status=Status.ERROR, error=info, version_before=3
    )
    end(project, failed)

    why = told(etl)

    assert (why["run_id"], why["step"], why["interval"]) == ("a", "clean.orders", DAY)
    assert (why["cause"], why["recognised"]) == ("disk-full", True)
    assert why["place"] == "jobs/shop.py:12"
    assert why["error"] == ["java.io.IOException: No space left on device"]
    assert why["state_left"] == "target clean.orders: unchanged, readers see version 3"


def test_a_log_tells_more_than_a_run_that_knows_only_that_its_jvm_is_gone(etl, project):
    end(project, step(PlatformError("the JVM has ended")))

    why = told(etl, "last", "--log", str(LOGS / "heap-memory--driver.log"))

    assert why["cause"] == "heap-memory"
    assert why["said"] == "the JVM has ended"


@pytest.mark.parametrize("log", ["heap-memory.log", "disk-full.log"])
def test_no_log_explains_away_a_missing_source(etl, project, log):
    end(
        project, step(MissingDatasetError("raw.orders", "lake/raw", written_here=False, place=Place("jobs/shop.py", 9)))
    )

    why = told(etl, "a", "--log", str(LOGS / log))

    assert (why["cause"], why["recognised"], why["type"]) == (None, True, "MissingDatasetError")
    assert why["words"] == why["said"]
    assert why["place"] == "jobs/shop.py:9"


def test_a_step_that_failed_on_its_own_account_goes_before_one_that_a_retry_mends(etl, project):
    lost = ErrorInfo(type="LostExecutorError", message="an executor was lost", exit_code=75, retryable=True)
    other = StepResult(step="marts.revenue", job="shop", interval=DAY, status=Status.ERROR, error=lost)
    end(project, other, step(TransformError("KeyError: 'XAU'")))

    why = told(etl)

    assert (why["step"], why["others"]) == ("clean.orders", 1)
    assert not why["recognised"]
    assert why["words"] == "KeyError: 'XAU'"


def test_of_a_run_that_died_the_step_at_work_is_named(etl, project):
    ledger = begin(project)
    artifacts = open_artifacts(str(project / "target"), "a")
    for kind, name, data in (
        ("step_started", "clean.orders", {}),
        ("step_finished", "clean.orders", {"status": "pass"}),
        ("step_started", "marts.revenue", {}),
    ):
        artifacts.add(Event(kind, AT, "a", step=name, interval=DAY, data=data))
    ledger.lost("a", at=AT, by="b")

    why = told(etl)

    assert (why["status"], why["step"], why["interval"]) == ("lost", "marts.revenue", DAY)
    assert not why["recognised"]
    assert "killed" in why["words"]
    assert "never in between" in why["state_left"]


def test_a_run_that_never_began_is_explained_by_what_the_ledger_kept(etl, project):
    begin(project).failed("a", at=AT, error=PlatformError("no Java 17 was found"))

    why = told(etl)
    assert (why["words"], why["recognised"]) == ("no Java 17 was found", True)


def test_a_run_that_did_not_fail_is_said_to_be_well(etl, project):
    end(project, step(status=Status.PASS, outcome=Outcome.PUBLISHED))

    assert not told(etl)["failed"]
    assert etl("why").out == "run  a did not fail: pass\n"


def test_a_packed_log_needs_no_run_and_no_project(etl, tmp_path):
    packed = tmp_path / "stderr.gz"
    packed.write_bytes(gzip.compress((LOGS / "subnet-route.log").read_bytes()))

    why = told(etl, "--log", str(packed))

    assert (why["cause"], why["resource"], why["run_id"]) == ("subnet-route", "subnet-0a1b2c3d", None)


def test_a_packed_log_that_was_cut_is_refused(etl, tmp_path):
    packed = tmp_path / "stderr.gz"
    packed.write_bytes(gzip.compress((LOGS / "subnet-route.log").read_bytes())[:-9])

    said = etl("why", "--log", str(packed))

    assert said.code == 2
    assert str(packed) in said.err


@pytest.mark.parametrize("body", [b"\x1f\x8bno gz at all", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + b"\xff" * 20])
def test_a_packed_log_that_is_broken_is_refused(etl, tmp_path, body):
    (tmp_path / "stderr.gz").write_bytes(body)

    assert etl("why", "--log", str(tmp_path / "stderr.gz")).code == 2


def test_a_log_that_is_not_there_is_refused(etl, tmp_path):
    said = etl("why", "--log", str(tmp_path / "none.log"))

    assert said.code == 2
    assert "none.log: No such file or directory" in said.err


def test_text_names_line_cause_and_what_to_do(etl):
    said = etl("why", "--log", str(LOGS / "missing-module.log"))

    assert said.code == 0
    assert "line      jobs/shop.py:12\n" in said.out
    assert "(missing-module)\nat fault  geohash\n" in said.out


def test_a_log_without_an_error_is_said_to_have_none(etl, tmp_path):
    log = tmp_path / "driver.log"
    log.write_text("26/11/20 06:00:12 INFO SparkContext: Running Spark version 3.5.6\nall went well\n")

    why = told(etl, "--log", str(log))

    assert (why["recognised"], why["error"]) == (False, [])
    assert "no error" in why["words"]
