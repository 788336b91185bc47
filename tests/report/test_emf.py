"""What CloudWatch makes metrics of: a line of JSON for each step that has ended."""

import json
from datetime import UTC, datetime

from etl.model.event import Event
from etl.model.result import RowCounts, Status, StepResult
from etl.report.emf import DIMENSIONS, UNITS, Emf

AT = datetime(2013, 2, 9, 6, tzinfo=UTC)


def written(status=Status.PASS, **rows):
    lines = []
    listener = Emf(project="shop", environment="prod", write=lines.append)
    step = StepResult(
        step="clean.orders", job="shop", interval="2013-02-08", status=status, rows=RowCounts(**rows), seconds=2.5
    )
    listener(Event("step_started", AT, "r1", "clean.orders", "2013-02-08", {"index": 1, "of": 1}))
    listener(Event("step_finished", AT, "r1", "clean.orders", "2013-02-08", step.to_json() | {"index": 1, "of": 1}))
    return [json.loads(line) for line in lines]


def test_a_step_that_has_ended_is_one_line_with_its_rows_and_seconds():
    (line,) = written(read={"orders": 12, "rates": 3}, published=10, quarantined=2)

    assert (line["RowsRead"], line["RowsPublished"], line["RowsQuarantined"], line["Seconds"]) == (15, 10, 2, 2.5)
    assert (line["run_id"], line["interval"], line["status"], line["Failed"]) == ("r1", "2013-02-08", "pass", 0)


def test_a_failure_counts_as_one():
    assert [written(status)[0]["Failed"] for status in (Status.ERROR, Status.FAIL, Status.WARN)] == [1, 1, 0]


def test_the_line_keeps_the_rules_of_the_format():
    (line,) = written()
    (told,) = line["_aws"]["CloudWatchMetrics"]

    assert line["_aws"]["Timestamp"] == int(AT.timestamp() * 1000)
    assert [each["Name"] for each in told["Metrics"]] == list(UNITS)
    assert all(isinstance(line[name], int | float) for name in UNITS)
    assert told["Dimensions"] == [list(DIMENSIONS)]
    assert all(isinstance(line[name], str) for name in DIMENSIONS)
