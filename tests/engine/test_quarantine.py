"""The rows set aside belong to the publish that readers see, whatever happens in between."""

from datetime import date

import pytest
from pyspark.sql.functions import udf

from etl import Append, Merge, ReplacePartitions, ReplaceTable, Source, Target, expect, step
from etl.engine import quarantine
from etl.model.result import Outcome, Status

DAY, NEXT = date(2013, 2, 8), date(2013, 2, 9)
DDL = "id INT, day DATE, v INT"
POSITIVE = expect.column_values_to_be_between("v", 0, on_failure="quarantine")


def quarantining(write=None, schema=DDL, transform=lambda rows: rows):
    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", schema, write or ReplacePartitions("day")),
        expectations=[POSITIVE],
    )
    def positive(rows):
        return transform(rows)

    return positive


def aside(lake, *columns):
    if lake.version("quarantine.clean_rows") is None:
        return []
    rows = lake.table("quarantine.clean_rows").select(*(columns or ("id", "_interval"))).collect()
    return sorted(tuple(row) for row in rows)


KINDS = [ReplaceTable(), ReplacePartitions("day"), Append(), Merge("id")]


@pytest.mark.parametrize("write", KINDS, ids=repr)
@pytest.mark.parametrize("there", [False, True], ids=["first", "later"])
def test_the_rows_set_aside_are_written_in_the_one_pass_over_the_source(lake, spark, write, there):
    lake.write("raw.rows", DDL, [(n, DAY, n % 10 - 1) for n in range(100)])
    seen = spark.sparkContext.accumulator(0)

    @udf("int")
    def looked_at(value):
        seen.add(1)
        return value

    if there:
        lake.run_step(quarantining(write), date="2013-02-07")
    result = lake.run_step(quarantining(write, transform=lambda rows: rows.withColumn("id", looked_at("id"))))

    assert (result.rows.published, result.rows.quarantined) == (90, 10)
    assert len(lake.rows("clean.rows")) == 90
    assert aside(lake) == [(n, "2013-02-08") for n in range(0, 100, 10)]
    assert seen.value == 100
    assert not any("false" in name for name in lake.data_files("clean.rows"))


def test_a_table_that_wants_to_see_each_row_gets_the_rows_and_they_are_computed_again_for_the_quarantine(lake, spark):
    lake.write("raw.rows", DDL, [(1, NEXT, 1), (2, DAY, 1), (3, DAY, -1)])
    lake.run_step(quarantining(), date="2013-02-09")
    uri = lake.dataset("clean.rows").uri
    spark.sql(f"ALTER TABLE delta.`{uri}` ADD CONSTRAINT positive CHECK (v >= 0)")

    result = lake.run_step(quarantining())

    assert (result.outcome, result.rows.quarantined) == (Outcome.PUBLISHED, 1)
    assert lake.rows("clean.rows") == [(1, NEXT, 1), (2, DAY, 1)]
    assert aside(lake) == [(3, "2013-02-08")]


def test_rows_set_aside_stay_those_of_the_publish_that_readers_see_when_the_next_one_fails(lake, monkeypatch):
    lake.write("raw.rows", DDL, [(1, DAY, 1), (2, DAY, -1)])
    lake.run_step(quarantining())
    lake.write("raw.rows", DDL, [(3, DAY, 3), (4, DAY, -4)], mode="overwrite")
    from etl.errors import PublishError
    from etl.storage import delta_write

    def refused(**_):
        raise PublishError("refused")

    with monkeypatch.context() as patch:
        patch.setattr(delta_write, "settled", lambda *_: refused())
        result = lake.run_step(quarantining())

    assert result.outcome is Outcome.UNCHANGED
    assert lake.rows("clean.rows") == [(1, DAY, 1)]
    assert aside(lake) == [(2, "2013-02-08")]


@pytest.mark.parametrize("write", [ReplacePartitions("day"), Merge("id"), Append()], ids=repr)
def test_a_run_that_died_between_the_two_commits_is_made_whole_by_the_next(lake, monkeypatch, write):
    lake.write("raw.rows", DDL, [(1, DAY, 1), (2, DAY, -1)])

    def died(*_):
        raise RuntimeError("died")

    with monkeypatch.context() as patch:
        patch.setattr(quarantine.Quarantine, "commit", died)
        first = lake.run_step(quarantining(write))
    assert lake.rows("clean.rows") == ([] if isinstance(write, Append) else [(1, DAY, 1)])
    again = lake.run_step(quarantining(write))

    assert first.status is Status.ERROR
    assert first.outcome is (Outcome.UNCHANGED if isinstance(write, Append) else Outcome.PUBLISHED)
    assert (first.rows.published, first.rows.quarantined) == (0 if isinstance(write, Append) else 1, 0)
    assert again.outcome is Outcome.PUBLISHED
    assert lake.rows("clean.rows") == [(1, DAY, 1)]
    assert aside(lake) == [(2, "2013-02-08")]
    assert lake.run_step(quarantining(write)).status is Status.NO_OP


def test_a_column_whose_type_has_changed_is_text_in_the_quarantine_from_then_on(lake):
    lake.write("raw.rows", DDL, [(1, DAY, -1), (2, NEXT, -2)])
    lake.run_step(quarantining(Append()))
    wide = "id INT, day DATE, v STRING"

    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("other.rows", wide, Append()),
        expectations=[expect.column_values_to_not_match_regex("v", "-", on_failure="quarantine")],
    )
    def texts(rows):
        return rows.selectExpr("id", "day", "CAST(v AS STRING) AS v")

    lake.declared["quarantine.other_rows"] = lake.dataset("quarantine.clean_rows")
    lake.run_step(texts, date="2013-02-09")

    assert aside(lake, "id", "v", "_interval") == [(1, "-1", "2013-02-08"), (2, "-2", "2013-02-09")]


def test_a_replaced_table_has_the_quarantine_of_its_last_run_only(lake):
    lake.write("raw.rows", DDL, [(1, DAY, -1), (2, NEXT, -2)])
    lake.run_step(quarantining(ReplaceTable()))

    lake.run_step(quarantining(ReplaceTable()), date="2013-02-09")

    assert aside(lake) == [(2, "2013-02-09")]
