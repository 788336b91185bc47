"""Two runs of one interval at once, meeting at every phase: readers see what one run would have left.

``python -m pytest tests/faults --rounds 200`` is the long form: that many meetings, spread over the write kinds.
"""

import itertools
import threading
from datetime import date

import pytest

from etl import Append, Merge, ReplacePartitions, ReplaceTable, Source, Target, expect, step
from etl.engine import lifecycle, look, publishing
from etl.model.result import Outcome, Status

DAY, BEFORE = date(2013, 2, 8), date(2013, 2, 7)
DDL = "id INT, day DATE, v INT"
KINDS = [ReplaceTable(), ReplacePartitions("day"), Append(), Merge("id"), Merge("id", sequence_by="v")]
DOORS = {"extract": look, "transform": lifecycle, "stage": lifecycle, "audit": lifecycle, "publish": publishing}
"""Each phase's function, and the module that the engine calls it from."""


def copying(write):
    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", DDL, write),
        expectations=[expect.column_values_to_be_between("v", 0, on_failure="quarantine")],
    )
    def copied(rows):
        return rows

    return copied


def pytest_generate_tests(metafunc):
    if "meeting" in metafunc.fixturenames:
        every = list(itertools.product(DOORS, DOORS, (False, True), KINDS))
        # 77 and 250 have no common factor: the first rounds lie far apart, 250 of them are all.
        meetings = [every[n * 77 % len(every)] for n in range(metafunc.config.getoption("--rounds"))]
        names = [f"{a}-{b}-{'other' if changed else 'same'}-{kind!r}" for a, b, changed, kind in meetings]
        metafunc.parametrize("meeting", meetings, ids=names)


@pytest.fixture
def meeting_at(monkeypatch):
    """Let two threads wait for one another, each before its own phase, once."""

    def arrange(first, second):
        barrier, waits = threading.Barrier(2), {"first": first, "second": second}

        def meet(phase):
            if waits.get(threading.current_thread().name) == phase:
                waits.pop(threading.current_thread().name)
                barrier.wait(timeout=120)

        for phase, module in DOORS.items():
            original = getattr(module, phase)

            def met(*given, _phase=phase, _original=original, **named):
                # A step runs in a thread of the run's own pool: it is known by the session it works in.
                meet(_phase)
                return _original(*given, **named)

            monkeypatch.setattr(module, phase, met)

    return arrange


def executed(lake, write, date_, name):
    """Run the step in this thread, without the run's pool, so that the thread is known by its name."""
    from etl.engine.lifecycle import Attempt, execute
    from etl.engine.stop import Stop
    from etl.model.run import Run
    from etl.spark.session import step_session

    plan = lake.plan(copying(write), date=date_)
    run = Run(f"20130209T060000Z-{name}", plan.intervals[0])
    return execute(
        plan.steps[0], Attempt(step_session(lake.spark), run, force=False, stop=Stop(), listener=lambda _: None)
    )


def test_two_runs_of_one_interval_leave_what_one_would(lake, meeting, meeting_at):
    first, second, changed, write = meeting
    lake.write("raw.rows", DDL, [(1, BEFORE, 1), (2, DAY, 2), (3, DAY, -3)])
    lake.run_step(copying(write), date="2013-02-07")
    meeting_at(first, second)
    results = {}

    def run(name):
        if name == "second" and changed:
            lake.write("raw.rows", DDL, [(4, DAY, 4)])
        results[name] = executed(lake, write, "2013-02-08", name)

    threads = [threading.Thread(target=run, args=(name,), name=name) for name in ("first", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    published = [each for each in results.values() if each.outcome is Outcome.PUBLISHED]
    others = [each for each in results.values() if each.outcome is not Outcome.PUBLISHED]
    assert published
    assert all(each.status in {Status.NO_OP, Status.WARN} or each.exit_code == 75 for each in others), others
    kept = [] if isinstance(write, ReplaceTable) else [(1, BEFORE, 1)]
    rows = lake.rows("clean.rows")
    either = [sorted([*kept, (2, DAY, 2), *more]) for more in ([], [(4, DAY, 4)] if changed else [])]
    assert sorted(rows) in either
    assert len(rows) - len(kept) in {each.rows.published for each in published}
    if isinstance(write, Append):
        assert len(published) == 1
