import json

import pytest
from jsonschema import Draft202012Validator

from etl.model.event import KINDS
from etl.model.result import Status
from etl.report.schema import schema


@pytest.mark.parametrize("kind", ["manifest", "event", "run_results"])
def test_each_schema_is_itself_valid(kind):
    Draft202012Validator.check_schema(schema(kind))


def test_run_results_keep_to_their_schema(make):
    steps = [make.step(status=status, expectations=(make.broken(), make.met())) for status in Status]

    values = json.loads(json.dumps(make.run(*steps, make.failing()).to_json()))

    Draft202012Validator(schema("run_results")).validate(values)


def test_the_schema_of_run_results_refuses_an_unknown_status(make):
    values = make.run(make.step()).to_json()
    values["steps"][0]["status"] = "fine"

    assert not Draft202012Validator(schema("run_results")).is_valid(values)


def test_every_event_keeps_to_its_schema(make):
    for event in make.events(make.run(make.step(), make.failing())):
        Draft202012Validator(schema("event")).validate(json.loads(json.dumps(event.to_json())))


def test_the_schema_of_events_knows_the_kinds_there_are():
    assert schema("event")["properties"]["kind"]["enum"] == list(KINDS)
