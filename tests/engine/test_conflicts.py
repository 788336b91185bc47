"""Two writers of one table: exactly one outcome is published, and the other says so."""

from datetime import date

import pytest

from etl import Append, Merge, ReplacePartitions, Source, Target, step
from etl.engine import lifecycle
from etl.model.result import Outcome, Status
from etl.storage import delta

DAY = date(2013, 2, 8)
DDL = "id INT, day DATE"


def copying(write):
    @step(sources={"rows": Source("raw.rows", interval_column="day")}, target=Target("clean.rows", DDL, write))
    def copied(rows):
        return rows

    return copied


@pytest.fixture
def meddle(monkeypatch):
    """Let something happen between stage and publish, once."""

    def between(action):
        publish, left = delta.publish, [action]

        def meddled(session, staged):
            if left:
                left.pop()()
            return publish(session, staged)

        monkeypatch.setattr(delta, "publish", meddled)

    return between


def test_a_copy_of_the_run_that_was_faster_is_recognised_and_nothing_is_added_twice(lake, meddle):
    lake.write("raw.rows", DDL, [(1, DAY)])
    appending = copying(Append())
    lake.run_step(copying(Append()), date="2013-02-07")
    meddle(lambda: lake.run_step(appending))

    result = lake.run_step(appending)

    assert result.status is Status.PASS
    assert lake.rows("clean.rows") == [(1, DAY)]


def test_a_run_of_the_same_interval_with_other_inputs_makes_this_one_conflict(lake, meddle):
    lake.write("raw.rows", DDL, [(1, DAY)])
    appending = copying(Append())
    lake.run_step(appending, date="2013-02-07")

    def other():
        lake.write("raw.rows", DDL, [(2, DAY)])
        lake.run_step(appending)

    meddle(other)
    result = lake.run_step(appending)

    assert (result.status, result.error.exit_code, result.error.retryable) == (Status.ERROR, 75, True)
    assert lake.rows("clean.rows") == [(1, DAY), (2, DAY)]


def test_a_writer_of_the_same_partition_makes_this_one_conflict(lake, meddle):
    lake.write("raw.rows", DDL, [(1, DAY)])
    replacing = copying(ReplacePartitions("day"))
    lake.run_step(replacing)
    lake.write("raw.rows", DDL, [(2, DAY)])
    meddle(lambda: lake.write("clean.rows", DDL, [(9, DAY)]))

    result = lake.run_step(replacing)

    assert result.error.exit_code == 75
    assert lake.rows("clean.rows") == [(1, DAY), (9, DAY)]


def test_a_retry_reads_again_and_publishes(lake, meddle):
    from attrs import evolve

    lake.write("raw.rows", DDL, [(1, DAY)])
    replacing = copying(ReplacePartitions("day"))
    lake.run_step(replacing)
    lake.write("raw.rows", DDL, [(2, DAY)])
    meddle(lambda: lake.write("clean.rows", DDL, [(9, DAY)]))
    plan = lake.plan(replacing)

    result = lake.carry_out(evolve(plan, steps=(evolve(plan.steps[0], retries=1),))).steps[0]

    assert (result.attempts, result.outcome) == (2, Outcome.PUBLISHED)
    assert lake.rows("clean.rows") == [(1, DAY), (2, DAY)]


def test_a_commit_whose_answer_is_lost_is_found_in_the_table(lake, monkeypatch):
    commit = delta._commit

    def answer_lost(handle):
        commit(handle)
        raise ConnectionError("the answer was lost")

    lake.write("raw.rows", DDL, [(1, DAY)])
    monkeypatch.setattr(delta, "_commit", answer_lost)

    result = lake.run_step(copying(ReplacePartitions("day")))

    assert (result.status, result.outcome, result.version_after) == (Status.PASS, Outcome.PUBLISHED, 0)


def test_a_commit_that_cannot_be_resolved_is_unknown_and_exits_7(lake, monkeypatch):
    lake.write("raw.rows", DDL, [(1, DAY)])
    replacing = copying(ReplacePartitions("day"))

    def dead(*_):
        monkeypatch.setattr(delta, "state", dead)
        raise ConnectionError("no network")

    monkeypatch.setattr(delta, "_commit", dead)
    result = lake.run_step(replacing)

    assert (result.outcome, result.exit_code) == (Outcome.UNKNOWN, 7)


def test_the_gate_refuses_a_merge_that_grows_by_more_than_its_batch(lake, monkeypatch):
    lake.write("raw.rows", DDL, [(1, DAY)])
    merging = copying(Merge("id"))
    lake.run_step(merging)
    lake.write("raw.rows", DDL, [(2, DAY), (3, DAY)], mode="overwrite")
    publish = delta.delta_merge.publish

    def half_the_batch(session, staged):
        return publish(session, lifecycle.evolve(staged, rows=1))

    monkeypatch.setattr(delta.delta_merge, "publish", half_the_batch)
    result = lake.run_step(merging)

    assert result.error.type == "PublishError"
    assert lake.rows("clean.rows") == [(1, DAY)]
    assert not any(name.startswith("_staged") for name in lake.data_files("clean.rows"))
