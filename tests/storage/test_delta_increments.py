"""What is new in a Delta table: the rows of later versions, each once, or the changes that its feed tells."""

import pytest

from etl import Append, Merge, Source, Target, step
from etl.model.result import Status

DDL = "id INT, word STRING"


def copying(write=None, ddl=DDL):
    @step(sources={"rows": Source("raw.rows", incremental=True)}, target=Target("clean.rows", ddl, write or Append()))
    def copied(rows):
        return rows

    return copied


@pytest.fixture
def raw(lake):
    lake.write("raw.rows", DDL, [(1, "one")])
    lake.write("raw.rows", DDL, [(2, "two")])
    return lake


def alter(lake, statement):
    lake.spark.sql(statement.format(rows=f"delta.`{lake.dataset('raw.rows').uri}`"))


def test_the_whole_table_comes_first_and_then_what_later_versions_add(raw):
    first = raw.run_step(copying())
    nothing = raw.run_step(copying())
    raw.write("raw.rows", DDL, [(3, "three")])
    raw.write("raw.rows", DDL, [(4, "four")])
    second = raw.run_step(copying())

    assert [first.status, nothing.status, second.status] == [Status.PASS, Status.NO_OP, Status.PASS]
    assert second.reason == "stale: raw.rows: 2 new versions"
    assert [row[0] for row in raw.rows("clean.rows")] == [1, 2, 3, 4]


@pytest.mark.once
def test_versions_that_add_no_row_are_nothing_new(raw):
    raw.run_step(copying())
    alter(raw, "OPTIMIZE {rows}")
    alter(raw, "ALTER TABLE {rows} SET TBLPROPERTIES ('keeper' = 'shop')")

    assert raw.run_step(copying()).status is Status.NO_OP
    raw.write("raw.rows", DDL, [(3, "three")])
    raw.run_step(copying())
    assert [row[0] for row in raw.rows("clean.rows")] == [1, 2, 3]


def test_a_batch_has_whole_versions(raw):
    raw.run_step(copying())
    for n in (3, 4, 5):
        raw.write("raw.rows", DDL, [(n, "more")])
    del raw.declared["raw.rows"]
    raw.dataset("raw.rows", max_files=2)

    result = raw.run_step(copying())

    assert (result.metrics["batches"], result.rows.published) == (2, 3)
    assert [row[0] for row in raw.rows("clean.rows")] == [1, 2, 3, 4, 5]


@pytest.mark.once
@pytest.mark.parametrize(
    "statement", ["DELETE FROM {rows} WHERE id = 1", "UPDATE {rows} SET word = 'uno' WHERE id = 1"]
)
def test_a_version_that_takes_rows_away_is_refused_where_only_added_rows_are_read(raw, statement):
    raw.run_step(copying())
    alter(raw, statement)

    refused = raw.run_step(copying())

    assert refused.exit_code == 9
    assert "version 2" in refused.error.message
    assert "change_feed = true" in refused.error.remedy


@pytest.mark.once
def test_a_table_made_anew_is_not_taken_for_what_was_consumed(raw):
    import shutil

    raw.run_step(copying())
    shutil.rmtree(raw.dataset("raw.rows").uri)
    for n in (7, 8, 9):
        raw.write("raw.rows", DDL, [(n, "new")])

    refused = raw.run_step(copying())

    assert refused.exit_code == 9
    assert "was made anew" in refused.error.message


def test_a_change_feed_tells_what_was_inserted_updated_and_deleted(lake):
    uri = lake.dataset("raw.rows", change_feed=True).uri
    lake.spark.sql(
        f"CREATE TABLE delta.`{uri}` (id INT, word STRING) USING delta "
        "TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')"
    )
    lake.write("raw.rows", DDL, [(1, "one"), (2, "two")])

    @step(
        sources={"changes": Source("raw.rows", incremental=True)},
        target=Target(
            "clean.rows",
            "id INT NOT NULL, word STRING, version BIGINT, gone BOOLEAN",
            Merge(keys=("id",), sequence_by="version", apply_as_deletes="gone"),
        ),
    )
    def mirrored(changes):
        kept = changes.where("_change_type <> 'update_preimage'")
        return kept.selectExpr("id", "word", "_commit_version AS version", "_change_type = 'delete' AS gone")

    lake.run_step(mirrored)
    alter(lake, "UPDATE {rows} SET word = 'uno' WHERE id = 1")
    alter(lake, "DELETE FROM {rows} WHERE id = 2")
    lake.write("raw.rows", DDL, [(3, "three")])
    changed = lake.run_step(mirrored)
    alter(lake, "DELETE FROM {rows} WHERE id = 3")
    lake.run_step(mirrored)

    assert changed.status is Status.PASS
    assert [row[:2] for row in lake.rows("clean.rows")] == [(1, "uno")]
