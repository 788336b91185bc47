import json

import pytest
from jsonschema import Draft202012Validator

from etl.model.result import Status
from etl.report.artifacts import Artifacts, schema

KINDS = ("manifest", "event", "run_results")


@pytest.mark.parametrize("kind", KINDS)
def test_each_schema_is_itself_valid(kind):
    Draft202012Validator.check_schema(schema(kind))


def test_run_results_keep_to_their_schema(make, tmp_path):
    steps = [make.step(status=status, expectations=(make.broken(), make.met())) for status in Status]
    artifacts = Artifacts(tmp_path, make.run_id)

    artifacts.write_results(make.run(*steps, make.failing()))

    Draft202012Validator(schema("run_results")).validate(artifacts.read_results())


def test_the_schema_of_run_results_refuses_an_unknown_status(make):
    values = make.run(make.step()).to_json()
    values["steps"][0]["status"] = "fine"

    assert not Draft202012Validator(schema("run_results")).is_valid(values)


def test_every_event_is_a_line_that_keeps_to_its_schema(make, tmp_path):
    artifacts = Artifacts(tmp_path, make.run_id)
    events = make.events(make.run(make.step(), make.failing()))

    file = artifacts.open()
    for event in events:
        file(event)
    written = (artifacts.folder / "events.jsonl").read_text().splitlines()  # before it is closed: one can follow it
    file.close()

    assert [json.loads(line)["kind"] for line in written] == [event.kind for event in events]
    for line in written:
        Draft202012Validator(schema("event")).validate(json.loads(line))


def test_task_counts_are_not_kept(make, tmp_path):
    artifacts = Artifacts(tmp_path, make.run_id)

    file = artifacts.open()
    file(make.event("step_progress", {"tasks_done": 1}, "clean.flights"))
    file.close()

    assert not (artifacts.folder / "events.jsonl").read_text()


def test_latest_names_the_run_written_last(make, tmp_path):
    for run_id in ("a", "b"):
        Artifacts(tmp_path, run_id).write_results(make.run(make.step(), run_id=run_id))

    assert (tmp_path / "runs" / "latest").read_text() == "b\n"


def test_a_run_that_left_nothing_reads_as_none(tmp_path):
    assert Artifacts(tmp_path, "a").read_results() is None
    assert Artifacts(tmp_path, "a").read_manifest() is None
