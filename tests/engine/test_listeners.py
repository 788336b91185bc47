"""What listeners may do to a run: nothing. And the wall clock that its events carry."""

import time
from datetime import UTC, date, datetime

from etl import ReplacePartitions, Source, Target, step
from etl.engine.run import run
from etl.model.result import Status

DAY = date(2013, 2, 8)


@step(
    sources={"rows": Source("raw.rows", interval_column="day")},
    target=Target("clean.rows", "id INT, day DATE", ReplacePartitions("day")),
)
def copy(rows):
    """Copy the rows."""
    return rows


def test_a_listener_that_raises_fails_no_step(lake):
    lake.write("raw.rows", "id INT, day DATE", [(1, DAY)])

    def listener(event):
        raise OSError(28, "No space left on device")

    result = run(lake.plan(copy), run_id="r", session=lake.spark, listener=listener)

    assert [step.status for step in result.steps] == [Status.PASS]
    assert lake.rows("clean.rows") == [(1, DAY)]


def test_a_step_publishes_while_a_listener_still_stands_at_its_stage(lake):
    lake.write("raw.rows", "id INT, day DATE", [(1, DAY)])
    seen = []

    def listener(event):
        if event.data.get("phase") == "stage":
            patience = time.monotonic() + 30
            while lake.version("clean.rows") is None and time.monotonic() < patience:
                time.sleep(0.05)
            seen.append(lake.version("clean.rows"))

    run(lake.plan(copy), run_id="r", session=lake.spark, listener=listener)

    assert seen == [0]


def test_results_and_events_carry_the_clock_that_the_run_was_given(lake):
    lake.write("raw.rows", "id INT, day DATE", [(1, DAY)])
    frozen = datetime(2013, 2, 9, 6, 0, tzinfo=UTC)

    result = lake.run(copy, now=lambda: frozen)

    assert (result.started_at, result.finished_at, result.steps[0].started_at) == (frozen, frozen, frozen)
    assert {event.at for event in lake.events} == {frozen}
