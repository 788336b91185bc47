"""``etl run`` around the engine: no Spark, the session and the engine are made up."""

import json
import os
from types import SimpleNamespace

import pytest

from etl.errors import PlatformError
from etl.model.event import Event
from etl.model.result import RunResult
from etl.model.run import utc_now

RUN = ("run", "shop", "--date", "2013-02-08", "--run-id", "a")


@pytest.fixture(autouse=True)
def made_up(monkeypatch):
    """A session and an engine that do nothing, well."""

    def engine(plan, *, run_id, listener, **_):
        listener(Event("run_finished", utc_now(), run_id, data={"exit_code": 0, "seconds": 0.0}))
        return RunResult(
            run_id=run_id, environment=plan.environment, started_at=utc_now(), finished_at=utc_now(), steps=()
        )

    monkeypatch.setattr("etl.spark.session.start", lambda _: SimpleNamespace(version="3.5.9"))
    monkeypatch.setattr("etl.engine.run.run", engine)
    monkeypatch.setattr("etl.spark.jvm.process_id", lambda _: os.getpid())


def record(etl):
    return json.loads(etl("runs", "a", "-o", "json").out)


def events(project):
    return [json.loads(line) for line in (project / "target" / "runs" / "a" / "events.jsonl").read_text().splitlines()]


def test_a_report_that_cannot_be_drawn_leaves_a_good_run_good(project, etl, monkeypatch):
    def render(*_):
        raise ValueError("no such template")

    monkeypatch.setattr("etl.report.html.render", render)

    said = etl(*RUN)

    assert said.code == 0
    assert "note: no report.html: ValueError: no such template" in said.err
    assert "Done." in said.err.splitlines()[-1]
    assert (record(etl)["state"], record(etl)["exit_code"]) == ("finished", 0)
    assert events(project)[-1]["data"]["message"] == "no report.html: ValueError: no such template"


def test_a_display_that_fails_leaves_a_good_run_good(project, etl, monkeypatch):
    def broken(self, event):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("etl.report.lines.Lines.__call__", broken)

    said = etl(*RUN)

    assert said.code == 0
    assert record(etl)["state"] == "finished"
    assert [event["kind"] for event in events(project)].count("note") == 1


def test_a_run_that_cannot_begin_is_in_the_ledger_with_its_error(etl, monkeypatch):
    def start(settings):
        raise PlatformError("no Java 17 was found")

    monkeypatch.setattr("etl.spark.session.start", start)

    assert etl(*RUN).code == 5
    assert (record(etl)["exit_code"], record(etl)["error"]) == (5, "no Java 17 was found")


def test_the_ledger_says_where_the_artifacts_of_a_run_are(project, etl):
    etl(*RUN)

    assert record(etl)["artifacts"] == str(project / "target" / "runs" / "a")


def test_artifacts_on_a_store_there_is_not_are_refused_before_anything_starts(project, etl):
    said = etl(*RUN, "--set", "artifacts=s3://b--use1-az4--x-s3/target")

    assert said.code == 4
    assert "s3://b--use1-az4--x-s3/target" in said.err
    assert not (project / "target").exists()


def test_a_step_is_shown_although_the_record_of_runs_cannot_be_read(etl):
    said = etl("show", "clean.orders", "--set", "state=s3://b--use1-az4--x-s3/state", "-o", "json")

    assert said.code == 0
    assert json.loads(said.out)["runs"] == []
    assert "note: last runs unknown" in said.err
