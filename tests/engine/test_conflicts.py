"""Two writers of one table: exactly one outcome is published, and the other says so."""

from datetime import date
from types import SimpleNamespace

import pytest
from attrs import evolve

from etl import Append, Merge, ReplacePartitions, ReplaceTable, Source, Target, step
from etl.model.result import Outcome, Status
from etl.storage import delta, delta_history, delta_merge, delta_write

DAY = date(2013, 2, 8)
DDL = "id INT, day DATE"


def copying(write):
    @step(sources={"rows": Source("raw.rows", interval_column="day")}, target=Target("clean.rows", DDL, write))
    def copied(rows):
        return rows

    return copied


@pytest.fixture
def meddle(monkeypatch):
    """Let something happen once: between stage and publish, or ``before`` the rows are staged."""

    def between(action, *, before=False):
        stage, left = delta.stage, [action]

        def happen():
            if left:
                left.pop()()

        def meddled(session, publish):
            if before:
                happen()
            staged = stage(session, publish)

            def commit(applied):
                happen()
                return staged.commit(applied)

            return evolve(staged, commit=commit)

        monkeypatch.setattr(delta, "stage", meddled)

    return between


def test_a_copy_of_the_run_that_was_faster_is_recognised_and_nothing_is_added_twice(lake, meddle):
    lake.write("raw.rows", DDL, [(1, DAY)])
    appending = copying(Append())
    lake.run_step(copying(Append()), date="2013-02-07")
    meddle(lambda: lake.run_step(appending))

    result = lake.run_step(appending)

    assert (result.status, result.outcome) == (Status.NO_OP, Outcome.UNCHANGED)
    assert lake.rows("clean.rows") == [(1, DAY)]


@pytest.mark.parametrize("write", [Append(), ReplacePartitions("day"), ReplaceTable(), Merge("id")], ids=repr)
def test_a_run_that_published_between_the_look_and_the_stage_is_noticed(lake, meddle, write):
    lake.write("raw.rows", DDL, [(1, DAY)])
    lake.run_step(copying(write), date="2013-02-07")
    lake.write("raw.rows", DDL, [(2, DAY)])
    meddle(lambda: lake.run_step(copying(write)), before=True)

    result = lake.run_step(copying(write))

    assert (result.status, result.outcome) == (Status.NO_OP, Outcome.UNCHANGED)
    assert lake.rows("clean.rows") == [(1, DAY), (2, DAY)]


@pytest.mark.parametrize("before", [True, False], ids=["before the stage", "before the commit"])
@pytest.mark.parametrize("seed", range(2))
def test_a_merge_that_another_run_overtook_with_other_inputs_is_never_told_as_published(lake, meddle, before, seed):
    lake.write("raw.rows", DDL, [(seed, DAY)])
    merging = copying(Merge("id"))
    lake.run_step(merging, date="2013-02-07")

    def other():
        lake.write("raw.rows", DDL, [(100 + seed, DAY)])
        assert lake.run_step(merging).outcome is Outcome.PUBLISHED

    meddle(other, before=before)
    result = lake.run_step(merging)

    assert (result.status, result.outcome, result.exit_code) == (Status.ERROR, Outcome.UNCHANGED, 75)
    assert set(lake.rows("clean.rows")) == {(100 + seed, DAY), (seed, DAY)}


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
    published = delta_write.Published

    def answer_lost(**_):
        monkeypatch.setattr(delta_write, "Published", published)
        raise ConnectionError("the answer was lost")

    lake.write("raw.rows", DDL, [(1, DAY)])
    monkeypatch.setattr(delta_write, "Published", answer_lost)

    result = lake.run_step(copying(ReplacePartitions("day")))

    assert (result.status, result.outcome, result.version_after) == (Status.PASS, Outcome.PUBLISHED, 0)


def test_a_commit_that_cannot_be_resolved_is_unknown_and_exits_7(lake, monkeypatch):
    lake.write("raw.rows", DDL, [(1, DAY)])
    replacing = copying(ReplacePartitions("day"))

    def no_network(*_, **__):
        raise ConnectionError("no network")

    monkeypatch.setattr(delta_write, "Published", no_network)
    monkeypatch.setattr(delta_history, "own", no_network)
    result = lake.run_step(replacing)

    assert (result.outcome, result.exit_code) == (Outcome.UNKNOWN, 7)
    assert lake.rows("clean.rows") == [(1, DAY)]


def test_a_merge_into_a_table_that_has_a_key_twice_is_refused_by_the_gate(lake):
    lake.write("raw.rows", DDL, [(1, DAY)])
    merging = copying(Merge("id", apply_as_deletes="id < 0"))
    lake.run_step(merging)
    lake.write("clean.rows", DDL, [(-2, DAY), (-2, DAY), (-2, DAY)])
    lake.write("raw.rows", DDL, [(-2, DAY)], mode="overwrite")

    result = lake.run_step(merging)

    assert result.error.type == "PublishError"
    assert lake.rows("clean.rows") == [(-2, DAY), (-2, DAY), (-2, DAY), (1, DAY)]
    assert not any(name.startswith("_staged") for name in lake.data_files("clean.rows"))


def test_a_merge_that_passed_no_gate_is_no_publish(lake, monkeypatch):
    lake.write("raw.rows", DDL, [(1, DAY)])
    merging = copying(Merge("id"))
    lake.run_step(merging)
    lake.write("raw.rows", DDL, [(2, DAY)])
    # What Delta does when it has seen a greater number under the mark: nothing, and without a word.
    monkeypatch.setattr(delta_merge, "_merge", lambda *_: SimpleNamespace(execute=lambda: None))

    result = lake.run_step(merging)

    assert (result.outcome, result.exit_code) == (Outcome.UNCHANGED, 75)
    assert lake.rows("clean.rows") == [(1, DAY)]
