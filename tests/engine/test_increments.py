"""Steps that read only what their target has not consumed: each row once, whatever dies, and a backlog in batches."""

import gzip

import pytest

from etl import Append, Merge, ReplaceTable, Source, Target, expect, step
from etl.engine.outlook import outlook
from etl.errors import DefinitionError
from etl.model.faults import check_faults
from etl.model.result import Outcome, Status
from etl.model.schema import parse_schema
from etl.model.why import State
from etl.storage import delta

DDL = "id INT, word STRING"


def consuming(write=None, **declared):
    @step(
        sources={"rows": Source("raw.rows", incremental=True)},
        target=Target("clean.rows", DDL, write or Append()),
        **declared,
    )
    def consumed(rows):
        return rows

    return consumed


def deliver(lake, name, *rows):
    lake.file("raw.rows", f"{name}.csv", "id,word\n" + "".join(f"{n},{word}\n" for n, word in rows))


@pytest.fixture
def raw(lake):
    lake.dataset("raw.rows", format="csv", schema=parse_schema(DDL))
    deliver(lake, "a", (1, "one"), (2, "two"))
    return lake


def bounded(lake, **bounds):
    del lake.declared["raw.rows"]
    lake.dataset("raw.rows", format="csv", schema=parse_schema(DDL), **bounds)


def ids(lake):
    return [row[0] for row in lake.rows("clean.rows")]


def test_each_file_is_read_once_and_nothing_new_is_a_no_op(raw):
    first = raw.run_step(consuming())
    nothing = raw.run_step(consuming(), date=None)
    deliver(raw, "b", (3, "three"))
    second = raw.run_step(consuming())

    assert [first.status, nothing.status, second.status] == [Status.PASS, Status.NO_OP, Status.PASS]
    assert ids(raw) == [1, 2, 3]
    assert (nothing.message, nothing.spark_jobs) == ("nothing new in raw.rows", 0)
    assert second.reason == "stale: raw.rows: 1 new file"
    assert second.rows.read == {"rows": 1}


@pytest.mark.once
def test_a_backlog_is_worked_off_in_batches_that_are_published_one_by_one(raw):
    bounded(raw, max_files=1)
    deliver(raw, "b", (3, "three"))
    deliver(raw, "c", (4, "four"))

    result = raw.run_step(consuming())

    assert (result.status, result.metrics["batches"]) == (Status.PASS, 3)
    assert (result.rows.published, result.version_before, result.version_after) == (4, None, 2)
    assert ids(raw) == [1, 2, 3, 4]


@pytest.mark.once
def test_a_batch_has_so_many_bytes_and_at_least_one_file(raw):
    bounded(raw, max_bytes=1)
    deliver(raw, "b", (3, "three"))

    assert raw.run_step(consuming()).metrics["batches"] == 2


@pytest.mark.once
def test_a_batch_that_fails_leaves_those_before_it_and_the_next_run_goes_on_behind_them(raw):
    bounded(raw, max_files=1)
    deliver(raw, "b", (-3, "three"))
    careful = consuming(expectations=[expect.column_values_to_be_between("id", min_value=0)])

    failed = raw.run_step(careful)
    kept = ids(raw)
    deliver(raw, "b", (3, "three"))
    mended = raw.run_step(careful)

    assert (failed.status, failed.outcome) == (Status.FAIL, Outcome.PUBLISHED)
    assert failed.message.startswith("1 batch published and kept, then: gate: ")
    assert (kept, ids(raw)) == ([1, 2], [1, 2, 3])
    assert mended.metrics.get("batches") is None


@pytest.mark.once
def test_other_code_makes_no_other_rows_of_what_is_consumed(raw):
    raw.run_step(consuming())

    @step(sources={"rows": Source("raw.rows", incremental=True)}, target=Target("clean.rows", DDL, Append()))
    def shouting(rows):
        return rows.selectExpr("id", "upper(word) AS word")

    nothing = raw.run_step(shouting)
    deliver(raw, "b", (3, "three"))
    raw.run_step(shouting)

    assert nothing.status is Status.NO_OP
    assert raw.rows("clean.rows") == [(1, "one"), (2, "two"), (3, "THREE")]


@pytest.mark.once
def test_a_file_that_is_written_anew_is_merged_again_and_never_appended_again(raw):
    raw.run_step(consuming())
    deliver(raw, "a", (1, "uno"))

    refused = raw.run_step(consuming())

    assert refused.exit_code == 9
    assert "a.csv was consumed before, and is another file now" in refused.error.message
    assert raw.rows("clean.rows") == [(1, "one"), (2, "two")]


def test_merged_files_may_be_written_anew(raw):
    merging = consuming(Merge(keys=("id",)))
    raw.run_step(merging)
    deliver(raw, "a", (1, "uno"))
    raw.run_step(merging)
    same = raw.run_step(merging)

    assert raw.rows("clean.rows") == [(1, "uno"), (2, "two")]
    assert same.status is Status.NO_OP


@pytest.mark.once
def test_a_batch_that_changes_no_row_is_consumed_all_the_same(raw):
    merging = consuming(Merge(keys=("id",)))
    raw.run_step(merging)
    deliver(raw, "b", (1, "one"))

    unchanged = raw.run_step(merging)

    assert (unchanged.status, unchanged.outcome) == (Status.PASS, Outcome.UNCHANGED)
    assert raw.run_step(merging).status is Status.NO_OP


@pytest.mark.once
def test_an_answer_that_is_lost_appends_no_file_twice(raw, monkeypatch):
    raw.run_step(consuming())
    deliver(raw, "b", (3, "three"))
    stage = delta.stage

    def dying(session, publish):
        from attrs import evolve

        staged = stage(session, publish)

        def commit(applied):
            staged.commit(applied)
            raise RuntimeError("the answer is lost")

        return evolve(staged, commit=commit)

    monkeypatch.setattr(delta, "stage", dying)
    lost = raw.run_step(consuming())
    monkeypatch.undo()
    again = raw.run_step(consuming())

    assert (lost.status, again.status) == (Status.ERROR, Status.NO_OP)
    assert ids(raw) == [1, 2, 3]


def test_rows_of_a_batch_that_break_an_expectation_stay_beside_those_of_others(raw):
    careful = consuming(expectations=[expect.column_values_to_be_between("id", min_value=2, on_failure="quarantine")])
    raw.run_step(careful)
    deliver(raw, "b", (0, "none"), (3, "three"))
    raw.run_step(careful)

    aside = {(id_, batch) for id_, *_, batch in raw.rows("quarantine.clean_rows")}
    assert aside == {(1, "batch 1"), (0, "batch 2")}
    assert ids(raw) == [2, 3]


def test_a_restored_table_consumes_again_what_was_taken_back(raw):
    raw.run_step(consuming())
    deliver(raw, "b", (3, "three"))
    raw.run_step(consuming())
    raw.spark.sql(f"RESTORE TABLE delta.`{raw.dataset('clean.rows').uri}` TO VERSION AS OF 0")

    raw.run_step(consuming())

    assert ids(raw) == [1, 2, 3]


@pytest.mark.once
def test_a_target_from_before_the_step_was_incremental_is_not_filled_twice(raw):
    @step(sources={"rows": Source("raw.rows")}, target=Target("clean.rows", DDL, Merge(keys=("id",))))
    def whole(rows):
        return rows

    raw.run_step(whole)
    refused = raw.run_step(consuming())

    assert refused.exit_code == 4
    assert "it was published before the step was incremental" in refused.error.message
    assert ids(raw) == [1, 2]


@pytest.mark.once
def test_what_firehose_delivers_is_read_as_it_comes(lake):
    lake.dataset("raw.rows", format="json", schema=parse_schema(DDL))
    for hour, rows in (("2013/02/08/05", (1, 2)), ("2013/02/08/06", (3,))):
        text = "".join(f'{{"id": {n}, "word": "w{n}"}}' for n in rows)  # one behind the other, no line between
        lake.file("raw.rows", f"{hour}/clicks-1-2013-02-08-{hour[-2:]}-00-00-0a1b.gz", gzip.compress(text.encode()))
        lake.run_step(consuming())

    assert lake.run_step(consuming()).status is Status.NO_OP
    assert ids(lake) == [1, 2, 3]


@pytest.mark.once
def test_a_plan_says_what_is_new(raw):
    raw.run_step(consuming())
    deliver(raw, "b", (3, "three"))

    (seen,) = outlook(raw.plan(consuming()), raw.spark)

    assert (seen.why.state, seen.why.reason) == (State.STALE, "raw.rows: 1 new file")


@pytest.mark.once
@pytest.mark.parametrize(
    ("source", "write", "said"),
    [
        (Source("raw.rows", incremental=True), ReplaceTable(), "ReplaceTable would take away what was consumed before"),
        (
            Source("raw.rows", incremental=True, interval_column="day"),
            Append(),
            "is read by interval (day) beside 'rows', which is read by what was consumed",
        ),
    ],
)
def test_what_an_incremental_step_cannot_be_is_told_before_it_runs(source, write, said):
    @step(sources={"rows": source}, target=Target("clean.rows", DDL, write))
    def odd(rows):
        return rows

    with pytest.raises(DefinitionError) as told:
        check_faults(odd)

    assert said in told.value.message
