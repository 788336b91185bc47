"""A run says why a step runs or not, and notices what others did to its target."""

import shutil
from pathlib import Path

import pytest
from delta.tables import DeltaTable

from etl import Append, Merge, ReplacePartitions, ReplaceTable, Source, Target, step
from etl.engine.outlook import outlook
from etl.model.result import Status
from etl.model.schema import parse_schema
from etl.model.why import State
from etl.testing import Lake

DDL = "id INT, note STRING, day DATE"
OF_DAY = {"rows": Source("raw.rows", interval_column="day")}


def kept(write=None, **more):
    @step(sources=OF_DAY, target=Target("clean.rows", DDL, write or ReplacePartitions("day")), **more)
    def clean_rows(rows):
        return rows

    return clean_rows


@step(
    sources={"rows": Source("clean.rows", interval_column="day")},
    target=Target("marts.rows", DDL, ReplacePartitions("day")),
)
def marts_rows(rows):
    return rows


@pytest.fixture
def raw(lake):
    """Two days of CSV."""
    lake.dataset("raw.rows", format="csv", schema=parse_schema(DDL), partitioned_by=("day",))
    deliver(lake, "08", "1,a", "2,b")
    deliver(lake, "09", "3,c")
    return lake


def deliver(lake, day, *rows, name="a.csv") -> Path:
    return lake.file("raw.rows", f"day=2013-02-{day}/{name}", "\n".join(["id,note", *rows, ""]))


def test_a_run_says_why_a_step_ran_and_why_not(raw):
    made = kept()

    first, second = raw.run(made), raw.run(made)

    assert first.steps[0].reason == "new"
    assert second.steps[0].status is Status.NO_OP
    assert second.steps[0].reason == f"up to date (run {first.run_id})"


def test_a_stale_step_names_its_files(raw):
    made = kept()
    first = raw.run(made)
    deliver(raw, "08", "1,a", "2,changed")
    deliver(raw, "08", "4,d", name="b.csv")

    assert raw.run_step(made).reason == f"stale: raw.rows: 1 file new, 1 changed since run {first.run_id}"
    assert raw.run_step(made, date="2013-02-09").reason == "new"


def test_files_that_came_again_with_the_same_bytes_are_no_change(raw):
    made = kept()
    raw.run(made)
    deliver(raw, "08", "1,a", "2,b")

    assert raw.run_step(made).status is Status.NO_OP


def test_a_lake_that_has_moved_publishes_nothing_again(raw, tmp_path):
    steps = kept(), marts_rows
    raw.run(*steps)
    shutil.copytree(raw.root, tmp_path / "moved")
    moved = Lake(raw.spark, tmp_path / "moved")
    moved.dataset("raw.rows", format="csv", schema=parse_schema(DDL), partitioned_by=("day",))

    assert [each.status for each in moved.run(*steps).steps] == [Status.NO_OP, Status.NO_OP]


def test_a_stale_step_names_the_function_and_the_declaration_that_changed(raw):
    first = raw.run(kept())

    @step(sources=OF_DAY, target=Target("clean.rows", f"{DDL}, more INT", ReplacePartitions("day")))
    def clean_rows(rows):
        return rows.selectExpr("*", "1 AS more")

    reason = raw.run_step(clean_rows, force=True).reason

    assert reason.startswith("stale: ")
    assert "test_a_stale_step_names_the_function_and_the_declaration_that_changed" in reason
    assert reason.endswith(f"declared schema changed since run {first.run_id}")


@pytest.mark.parametrize("write", [ReplacePartitions("day"), ReplaceTable()], ids=lambda write: type(write).__name__)
@pytest.mark.parametrize("lost", ["a file", "the folder"])
def test_data_that_somebody_deleted_is_published_again(raw, write, lost):
    made = kept(write)
    raw.run(made)
    file = next((raw.root / "clean" / "rows").rglob("part-*.parquet"))
    if lost == "a file" or isinstance(write, ReplaceTable):
        file.unlink()
    else:
        shutil.rmtree(file.parent)

    again = raw.run_step(made)

    assert again.status is Status.PASS
    assert again.reason.startswith("stale: 1 data file of clean.rows")
    assert [row[0] for row in raw.rows("clean.rows")] == [1, 2]
    assert raw.run_step(made).status is Status.NO_OP


@pytest.mark.parametrize("write", [Merge("id"), Append()], ids=lambda write: type(write).__name__)
def test_deleted_data_that_cannot_be_made_again_is_an_error_and_no_success(raw, write):
    made = kept(write)
    raw.run(made)
    next((raw.root / "clean" / "rows").rglob("part-*.parquet")).unlink()

    again = raw.run_step(made)

    assert again.status is Status.ERROR
    assert "1 data file of clean.rows 2013-02-08 missing" in again.error.message


def test_a_reader_of_deleted_data_is_told_which_step_makes_it_again(raw):
    raw.run(kept())
    shutil.rmtree(raw.root / "clean" / "rows" / "day=2013-02-08")
    raw.dataset("clean.rows", schema=parse_schema(DDL), written_by="clean.rows", replaced_by="day")

    error = raw.run_step(marts_rows).error

    assert error.type == "InputError"
    assert error.message.startswith("dataset clean.rows: a data file that its log names is missing or cannot be read")
    assert "day=2013-02-08/part-" in error.message
    assert error.remedy == "publish it again: etl run clean.rows --force, for the interval it is of"


def test_a_change_by_another_writer_is_said_for_the_day_it_touched(raw):
    made = kept()
    for day in ("2013-02-08", "2013-02-09"):
        raw.run(made, date=day)
    DeltaTable.forPath(raw.spark, raw.dataset("clean.rows").uri).delete("id = 1")

    warned, other = raw.run_step(made), raw.run_step(made, date="2013-02-09")

    assert (warned.status, other.status) == (Status.WARN, Status.NO_OP)
    assert "clean.rows 2013-02-08 was changed by another writer (DELETE, version 2)" in warned.message
    assert "etl run clean.rows --date 2013-02-08 --force" in warned.message
    assert raw.run_step(made, force=True).status is Status.PASS
    assert raw.run_step(made).status is Status.NO_OP


def test_a_compaction_by_another_writer_is_no_change(raw):
    made = kept(ReplaceTable())
    deliver(raw, "08", "4,d", name="b.csv")
    raw.run(made)
    DeltaTable.forPath(raw.spark, raw.dataset("clean.rows").uri).optimize().executeCompaction()

    assert raw.run_step(made).status is Status.NO_OP


def test_the_outlook_says_what_a_run_would_find(raw):
    steps = kept(), marts_rows

    def states():
        return [each.why.state for each in outlook(raw.plan(*steps), raw.spark)]

    assert states() == [State.NEW, State.NEW]
    raw.run(*steps)
    assert states() == [State.UP_TO_DATE, State.UP_TO_DATE]
    deliver(raw, "08", "5,e")
    assert states() == [State.STALE, State.WAITS]
    shutil.rmtree(raw.root / "raw" / "rows" / "day=2013-02-08")
    assert states() == [State.BLOCKED, State.WAITS]


def of_rows(transformation, write=None):
    """A step on the same rows, with another function each time."""
    target = Target("clean.rows", DDL, write or ReplacePartitions("day"))
    return step(sources=OF_DAY, target=target)(transformation)


@pytest.mark.parametrize("write", [ReplacePartitions("day"), ReplaceTable()], ids=lambda write: type(write).__name__)
def test_readers_run_again_only_where_the_rows_are_others(raw, write):
    reads = {"rows": Source("clean.rows", interval_column="day" if isinstance(write, ReplacePartitions) else None)}
    reader = step(sources=reads, target=Target("marts.rows", DDL, ReplaceTable()))(lambda rows: rows)

    def ran(transformation):
        return [each.status for each in raw.run(of_rows(transformation, write), reader).steps]

    assert ran(lambda rows: rows) == [Status.PASS, Status.PASS]
    files = raw.data_files("clean.rows")
    assert ran(lambda rows: rows.where("id > 0")) == [Status.PASS, Status.NO_OP]
    assert raw.data_files("clean.rows") == files
    assert ran(lambda rows: rows.where("id > 0")) == [Status.NO_OP, Status.NO_OP]
    assert ran(lambda rows: rows.where("id > 1")) == [Status.PASS, Status.PASS]
    assert [row[0] for row in raw.rows("marts.rows")] == [2]


def test_files_that_are_lost_after_a_publish_of_the_same_rows_are_noticed(raw):
    raw.run(of_rows(lambda rows: rows))
    again = of_rows(lambda rows: rows.where("id > 0"))
    raw.run(again)
    shutil.rmtree(raw.root / "clean" / "rows" / "day=2013-02-08")

    assert raw.run_step(again).reason.startswith("stale: 1 data file of clean.rows 2013-02-08 missing")
    assert [row[0] for row in raw.rows("clean.rows")] == [1, 2]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"options": {"nullValue": "NA"}}, "options"),
        ({"schema": parse_schema("note STRING, id BIGINT, day DATE")}, "schema"),
        ({"on_corrupt": "quarantine"}, "on_corrupt"),
    ],
)
def test_what_the_catalogue_says_of_a_source_decides_whether_a_step_runs_again(lake, changed, said):
    target = Target("clean.notes", "note STRING", ReplaceTable())
    noted = step(sources={"rows": Source("raw.rows")}, target=target)(lambda rows: rows.select("note"))
    before = {"format": "csv", "schema": parse_schema(DDL), "partitioned_by": ("day",)}
    lake.dataset("raw.rows", **before)
    deliver(lake, "08", "1,NA")
    lake.run_step(noted)
    lake.dataset("raw.rows", **(before | changed))

    again = lake.run_step(noted)

    assert again.status is Status.PASS
    assert again.message == f"published again: raw.rows: {said} changed in conf/datasets.toml"


def test_another_partitioning_is_another_publish(raw):
    def noted(partition_by):
        target = Target("clean.rows", DDL, ReplaceTable(), partition_by=partition_by)
        return step(sources=OF_DAY, target=target)(lambda rows: rows)

    raw.run_step(noted(()))

    assert raw.run_step(noted(("note",))).reason.startswith("stale: declared partition_by changed")
    assert [name.partition("/")[0] for name in raw.data_files("clean.rows")].count("note=a") == 1
