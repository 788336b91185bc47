"""What a cell of ``etl status`` says, by what the target and the ledger say; without Spark."""

from types import SimpleNamespace

import pytest

from etl.cli.status import standing
from etl.model.plan import Plan
from etl.report.grid import FAILED, MISSING, PUBLISHED, QUARANTINED, RUNNING, STALE
from etl.runs.past import Last

PAIR = ("clean.orders", "2013-02-08")


@pytest.mark.parametrize(
    ("published", "stale", "last", "state"),
    [
        (True, False, None, PUBLISHED),
        (False, False, None, MISSING),
        (True, True, Last("pass", "a"), STALE),
        (True, False, Last("warn", "a", quarantined=2), QUARANTINED),
        (True, False, Last("warn", "a"), PUBLISHED),
        (True, False, Last("fail", "a"), FAILED),
        (False, False, Last("error", "a"), FAILED),
        (False, False, Last("skip", "a"), MISSING),
        (True, False, Last("cancelled", "a"), PUBLISHED),
        (True, False, Last("running", "a"), RUNNING),
        (
            False,
            False,
            Last("pass", "a"),
            MISSING,
        ),  # the ledger says so, and the table is gone: the target's word counts
    ],
)
def test_a_cell_is_told_by_the_target_and_by_how_it_was_last_tried(published, stale, last, state):
    plan = Plan(
        environment="local",
        intervals=(SimpleNamespace(key=PAIR[1]),),
        steps=(SimpleNamespace(step=SimpleNamespace(name=PAIR[0]), after=()),),
    )

    grid = standing(plan, {PAIR} if published else (), {PAIR} if stale else (), {PAIR: last} if last else {})

    assert grid.states == {PAIR: state}
