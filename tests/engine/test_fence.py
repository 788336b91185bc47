"""A run that does not hold its target any more: what it has staged is gone, and no reader sees anything of it."""

from datetime import date

import pytest
from attrs import evolve

from etl import Append, Merge, ReplacePartitions, ReplaceTable, Source, Target, expect, step
from etl.engine.stop import Stop
from etl.errors import LeaseLostError
from etl.model.result import Outcome, Status

DAY = date(2013, 2, 8)
DDL = "id INT, day DATE"
KINDS = [ReplaceTable(), ReplacePartitions("day"), Append(), Merge("id")]


def copying(write):
    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", DDL, write),
        expectations=[expect.column_values_to_be_between("id", 0, on_failure="quarantine")],
    )
    def copied(rows):
        return rows

    return copied


@pytest.mark.parametrize("write", KINDS, ids=lambda write: type(write).__name__)
def test_a_run_that_lost_its_target_publishes_nothing_and_leaves_no_file(lake, write):
    lake.write("raw.rows", DDL, [(1, DAY), (-1, DAY)])
    asked, stop = [], Stop()

    def fence(uri):
        asked.append(uri)
        stop.request(8)
        raise LeaseLostError("late", "run other has it", target="clean.rows")

    plan = lake.plan(copying(write))
    retried = evolve(plan, steps=(evolve(plan.steps[0], retries=3),))
    result = lake.carry_out(retried, fence=fence, stop=stop)

    assert result.exit_code == 8
    (lost,) = result.steps
    assert (lost.status, lost.outcome, lost.error.type) == (Status.ERROR, Outcome.UNCHANGED, "LeaseLostError")
    assert lost.attempts == 1
    assert asked == [lake.dataset("clean.rows").uri]
    assert (lake.version("clean.rows"), lake.version("quarantine.clean_rows")) == (None, None)
    # Delta leaves an empty file of its own beside rows that were written apart; no log names it, and it has no row.
    assert not any(name.startswith("headrace-") for name in lake.data_files("clean.rows"))
    assert lake.data_files("quarantine.clean_rows") == []


def test_a_step_that_publishes_nothing_asks_nobody(lake):
    lake.write("raw.rows", DDL, [(1, DAY)])
    asked = []

    assert [lake.run_step(copying(ReplacePartitions("day")), fence=asked.append).status for _ in range(2)] == [
        Status.PASS,
        Status.NO_OP,
    ]
    assert asked == [lake.dataset("clean.rows").uri]
