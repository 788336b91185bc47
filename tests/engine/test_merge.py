"""Merges out of order, over changed tables, and of keys that are nobody's."""

from datetime import date

import pytest
from attrs import evolve
from delta.tables import DeltaTable

from etl import Merge, ReplaceTable, Source, Target, expect, step
from etl.errors import OutOfOrderError
from etl.model.result import Outcome, Status

DAY, NEXT = date(2013, 2, 8), date(2013, 2, 9)
DDL = "id INT, day DATE, v INT"
CHANGES = ("inserted", "updated", "deleted")


def merging(schema=DDL, keys="id", **rule):
    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", schema, Merge(keys, **rule)),
    )
    def merge(rows):
        return rows

    return merge


def test_an_older_interval_run_again_says_that_its_values_stand_now(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10), (1, NEXT, 11)])
    lake.run_step(merging())
    lake.run_step(merging(), date="2013-02-09")

    again = lake.run_step(merging(), force=True)

    assert (again.status, again.outcome) == (Status.WARN, Outcome.PUBLISHED)
    assert "merged after 2013-02-09" in again.message
    assert lake.rows("clean.rows") == [(1, DAY, 10)]


def test_in_sequence_an_older_interval_run_again_changes_nothing(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10), (1, NEXT, 11)])
    ordered = merging(sequence_by="v")
    lake.run_step(ordered)
    lake.run_step(ordered, date="2013-02-09")

    again = lake.run_step(ordered, force=True)

    assert again.status is Status.PASS
    assert lake.rows("clean.rows") == [(1, NEXT, 11)]


def test_an_older_interval_would_bring_a_deleted_key_back_and_is_refused(lake):
    deleting = merging(sequence_by="day", apply_as_deletes="v < 0")
    lake.write("raw.rows", DDL, [(1, DAY, 10), (2, DAY, 20), (1, NEXT, -1)])
    lake.run_step(deleting)
    lake.run_step(deleting, date="2013-02-09")
    lake.write("raw.rows", DDL, [(3, DAY, 30)])

    refused = lake.run_step(deleting)

    assert (refused.error.type, refused.exit_code) == (OutOfOrderError.__name__, 1)
    assert "2013-02-09" in refused.error.message
    assert lake.rows("clean.rows") == [(2, DAY, 20)]
    assert lake.run_step(deleting, force=True).outcome is Outcome.PUBLISHED


def test_two_rows_whose_keys_are_all_null_are_one_key_twice(lake):
    lake.write("raw.rows", DDL, [(None, DAY, 1), (None, DAY, 2)])

    result = lake.run_step(merging())

    assert (result.status, result.exit_code) == (Status.FAIL, 3)
    assert lake.version("clean.rows") is None


def test_a_merge_may_bring_a_column_the_table_lacks(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10)])
    lake.run_step(merging("id INT, day DATE, v INT"))
    wider = "id INT, day DATE, v INT, note STRING"

    @step(sources={"rows": Source("raw.rows", interval_column="day")}, target=Target("clean.rows", wider, Merge("id")))
    def noted(rows):
        return rows.selectExpr("*", "'new' AS note")

    result = lake.run_step(noted)

    assert result.outcome is Outcome.PUBLISHED
    assert lake.rows("clean.rows") == [(1, DAY, 10, "new")]


def test_a_merge_into_a_narrower_column_is_refused_by_name(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10)])
    lake.run_step(merging())

    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", "id INT, day DATE, v BIGINT", Merge("id")),
    )
    def wider(rows):
        return rows.selectExpr("id", "day", "CAST(v AS BIGINT) * 10000000000 AS v")

    result = lake.run_step(wider)

    assert (result.error.type, result.exit_code) == ("AnalysisError", 4)
    assert "v is int, declared bigint" in result.error.message
    assert lake.rows("clean.rows") == [(1, DAY, 10)]


def test_a_map_is_compared_by_what_it_holds(lake):
    ddl = "id INT, day DATE, m MAP<STRING, INT>"
    lake.write("raw.rows", ddl, [(1, DAY, {"a": 1}), (2, DAY, {"b": None})])
    lake.run_step(merging(ddl))
    lake.write("raw.rows", ddl, [(1, NEXT, {"a": 1}), (2, NEXT, {})])

    result = lake.run_step(merging(ddl), date="2013-02-09")

    assert result.outcome is Outcome.PUBLISHED
    assert {row[0]: row[2] for row in lake.rows("clean.rows")} == {1: {"a": 1}, 2: {}}


@pytest.mark.parametrize("rows", [[(1, DAY, 10)], []], ids=["some", "none"])
def test_rows_of_a_batch_are_counted_in_its_files(lake, rows, monkeypatch):
    from etl.storage import parquet_footers

    lake.write("raw.rows", DDL, [(9, DAY, 1)])
    lake.run_step(merging())
    lake.write("raw.rows", DDL, rows, mode="overwrite")
    count = parquet_footers.rows
    monkeypatch.setattr(parquet_footers, "rows", lambda *given: count(*given) + 1)

    result = lake.run_step(merging())

    assert result.error.type == "ConservationError"
    assert lake.rows("clean.rows") == [(9, DAY, 1)]


def test_a_merge_into_files_without_statistics_is_not_vetoed(lake, spark):
    lake.write("raw.rows", DDL, [(1, DAY, 10), (2, DAY, 20)])
    uri = lake.dataset("clean.rows").uri
    spark.conf.set("spark.databricks.delta.stats.collect", "false")
    try:
        lake.write("clean.rows", DDL, [(1, DAY, 1), (2, DAY, 2)])
    finally:
        spark.conf.unset("spark.databricks.delta.stats.collect")

    result = lake.run_step(merging())

    assert result.outcome is Outcome.PUBLISHED
    assert DeltaTable.forPath(spark, uri).toDF().count() == 2


def reading(dataset="clean.rows"):
    @step(sources={"rows": Source(dataset)}, target=Target("marts.rows", DDL, ReplaceTable()))
    def read(rows):
        return rows

    return read


def test_a_merge_of_equal_rows_publishes_nothing_and_makes_no_reader_run_again(lake):
    rows = [(1, DAY, 10), (2, DAY, None), (None, DAY, 3)]
    lake.write("raw.rows", DDL, rows)
    lake.run(merging(), reading())
    version, files = lake.version("clean.rows"), lake.data_files("clean.rows")
    lake.write("raw.rows", DDL, rows, mode="overwrite")  # another version of the source, the same rows

    merged, read = lake.run(merging(), reading()).steps

    assert (merged.status, merged.outcome) == (Status.PASS, Outcome.UNCHANGED)
    assert (merged.rows.staged, merged.rows.published) == (3, 0)
    assert {key: merged.metrics[key] for key in CHANGES} == {"inserted": 0, "updated": 0, "deleted": 0}
    assert (merged.version_before, merged.version_after) == (version, version)
    assert lake.data_files("clean.rows") == files
    assert read.status is Status.NO_OP
    assert lake.run_step(merging()).status is Status.NO_OP


def test_a_forced_merge_of_equal_rows_leaves_the_table_as_it_is(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10)])
    lake.run(merging(), reading())
    version = lake.version("clean.rows")

    again = lake.run_step(merging(), force=True)

    assert (again.outcome, lake.version("clean.rows")) == (Outcome.UNCHANGED, version)
    assert lake.run_step(reading()).status is Status.NO_OP


def test_a_merge_tells_what_it_inserted_updated_and_deleted(lake):
    deleting = merging(apply_as_deletes="v < 0")
    lake.write("raw.rows", DDL, [(1, DAY, 10), (2, DAY, 20), (3, DAY, 30), (1, NEXT, 11), (2, NEXT, -1), (4, NEXT, 40)])

    first = lake.run_step(deleting)
    second = lake.run(deleting, reading(), date="2013-02-09").steps

    assert {key: first.metrics[key] for key in CHANGES} == {"inserted": 3, "updated": 0, "deleted": 0}
    assert {key: second[0].metrics[key] for key in CHANGES} == {"inserted": 1, "updated": 1, "deleted": 1}
    assert second[1].outcome is Outcome.PUBLISHED
    assert lake.rows("marts.rows") == [(1, NEXT, 11), (3, DAY, 30), (4, NEXT, 40)]


def test_a_merge_of_equal_rows_that_brings_a_column_is_published(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10)])
    lake.run_step(merging())
    wider = "id INT, day DATE, v INT, note STRING"

    @step(sources={"rows": Source("raw.rows", interval_column="day")}, target=Target("clean.rows", wider, Merge("id")))
    def with_note(rows):
        return rows.selectExpr("id", "day", "v", "CAST(NULL AS STRING) AS note")

    assert lake.run_step(with_note).outcome is Outcome.PUBLISHED
    assert lake.rows("clean.rows") == [(1, DAY, 10, None)]


def test_a_merge_of_no_rows_is_done_once(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10)])
    lake.run_step(merging())

    empty = lake.run_step(merging(), date="2013-02-09")

    assert (empty.outcome, empty.rows.published) == (Outcome.UNCHANGED, 0)
    assert lake.run_step(merging(), date="2013-02-09").status is Status.NO_OP
    assert lake.rows("clean.rows") == [(1, DAY, 10)]


def test_rows_set_aside_from_a_merge_of_equal_rows_are_kept(lake):
    lake.write("raw.rows", DDL, [(1, DAY, 10), (2, DAY, -5)])
    guarded = merging()
    guarded = evolve(guarded, expectations=(expect.column_values_to_be_between("v", 0, on_failure="quarantine"),))
    lake.run_step(guarded)
    lake.write("raw.rows", DDL, [(3, DAY, -7)])

    again = lake.run_step(guarded)

    assert (again.rows.quarantined, again.rows.published, again.version_after) == (2, 0, again.version_before)
    assert [row[0] for row in lake.rows("quarantine.clean_rows")] == [2, 3]
    assert lake.run_step(guarded).status is Status.NO_OP
