"""Intervals that are no partitions: replaced by a condition, under the promise of partitions; and wide intervals."""

from datetime import UTC, date, datetime, timedelta

import pytest
from attrs import evolve

from etl import ReplaceInterval, ReplacePartitions, Source, Target, expect, step
from etl.model.interval import Interval
from etl.model.result import Status
from etl.storage import delta

DDL = "id INT, day DATE, area STRING"
DAYS = [date(2013, 2, 7), date(2013, 2, 8), date(2013, 2, 9)]
BY_DAY = ReplaceInterval("day")


def publishing(write=BY_DAY, *expectations, shown="*", **target):
    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", DDL, write, **target),
        expectations=expectations,
    )
    def published(rows):
        return rows.selectExpr(shown) if shown == "*" else rows.selectExpr("id", f"{shown} AS day", "area")

    return published


@pytest.fixture
def raw(lake):
    lake.write("raw.rows", DDL, [(n, day, "ab"[n % 2]) for n, day in enumerate(DAYS)])
    return lake


def made(lake, spark, tail):
    spark.sql(f"CREATE TABLE delta.`{lake.dataset('clean.rows').uri}` ({DDL}) USING delta {tail}")


@pytest.mark.parametrize(
    ("tail", "partition_by"),
    [("", ()), ("", ("area",)), ("CLUSTER BY (area, day)", ()), ("PARTITIONED BY (area)", ())],
    ids=["plain", "declared partitions", "clustered", "partitions of others"],
)
def test_a_day_is_replaced_and_the_others_stay(raw, spark, tail, partition_by):
    if tail:
        made(raw, spark, tail)
    replacing = publishing(partition_by=partition_by)
    for day in DAYS:
        assert raw.run_step(replacing, date=str(day)).status is Status.PASS
    before, version = raw.rows("clean.rows"), raw.version("clean.rows")
    assert raw.run_step(replacing).status is Status.NO_OP
    assert raw.version("clean.rows") == version
    raw.write("raw.rows", DDL, [(0, DAYS[0], "a"), (7, DAYS[1], "a"), (8, DAYS[1], "b")], mode="overwrite")

    again = raw.run_step(replacing)

    assert (again.status, again.rows.published) == (Status.PASS, 2)
    assert raw.rows("clean.rows") == sorted([before[0], (7, DAYS[1], "a"), (8, DAYS[1], "b"), before[2]], key=repr)
    assert not any(name.startswith("day=") for name in raw.data_files("clean.rows"))
    if tail.startswith("CLUSTER"):
        detail = spark.sql(f"DESCRIBE DETAIL delta.`{raw.dataset('clean.rows').uri}`").first()
        assert detail["clusteringColumns"] == ["area", "day"]


def test_a_day_is_replaced_in_a_file_that_holds_other_days_and_rows_without_one(raw, spark):
    made(raw, spark, "")
    everything = [(n, day, "a") for n, day in enumerate([*DAYS, None])]
    raw.write("clean.rows", DDL, everything)

    result = raw.run_step(publishing())

    assert (result.status, result.rows.published) == (Status.PASS, 1)
    assert {row[0] for row in raw.rows("clean.rows")} == {0, 1, 2, 3}
    assert (1, DAYS[1], "b") in raw.rows("clean.rows")


def test_a_row_of_another_day_is_refused_and_nothing_is_published(raw):
    raw.run_step(publishing())
    version = raw.version("clean.rows")

    result = raw.run_step(publishing(shown="day + INTERVAL 1 DAY"))

    assert result.status is Status.ERROR
    assert "outside the interval 2013-02-08" in result.error.message
    assert raw.version("clean.rows") == version


def test_of_two_runs_of_a_day_at_once_one_publishes(raw, monkeypatch):
    raw.run_step(publishing(), date="2013-02-07")
    replacing, stage, left = publishing(), delta.stage, [1]

    def meddled(session, publish):
        staged = stage(session, publish)
        if left:
            left.pop()
            raw.run_step(replacing)
        return staged

    monkeypatch.setattr(delta, "stage", meddled)

    assert raw.run_step(replacing).status is Status.NO_OP
    assert [row[0] for row in raw.rows("clean.rows")] == [0, 1]


WIDE = [DAYS[0] + timedelta(days=n % 30) for n in range(240)]


def wide(lake, declared):
    lake.spark.createDataFrame([(n, day, "a") for n, day in enumerate(WIDE)], DDL).repartition(6).write.format(
        "delta"
    ).save(lake.dataset("raw.rows").uri)
    start = datetime(2013, 2, 7, tzinfo=UTC)
    plan = evolve(lake.plan(declared), intervals=(Interval(start, start + timedelta(days=30)),))
    return lake.carry_out(plan).steps[0]


@pytest.mark.parametrize("aside", [False, True], ids=["all", "some set aside"])
def test_thirty_days_at_once_make_a_file_for_each_day_however_many_tasks_write_them(lake, aside):
    high = [expect.column_values_to_be_between("id", 30, on_failure="quarantine")] if aside else []

    result = wide(lake, publishing(ReplacePartitions("day"), *high))

    assert result.rows.published == (210 if aside else 240)
    files = [row[0] for row in lake.table("clean.rows").selectExpr("input_file_name()").distinct().collect()]
    assert len(files) == 30


def test_a_file_whose_rows_are_deleted_by_a_vector_is_counted_and_dropped_as_the_tables_own(raw, spark):
    made(raw, spark, "TBLPROPERTIES (delta.enableDeletionVectors = true)")
    raw.write("clean.rows", DDL, [(n, day, "a") for n, day in enumerate(DAYS)])
    before = raw.data_files("clean.rows")

    refused = raw.run_step(publishing(BY_DAY, expect.column_values_to_be_between("id", 5)))
    after_that = raw.data_files("clean.rows")
    published = raw.run_step(publishing())

    assert (refused.status, after_that) == (Status.FAIL, before)
    assert (published.status, published.rows.published) == (Status.PASS, 1)
    assert raw.rows("clean.rows") == [(0, DAYS[0], "a"), (1, DAYS[1], "b"), (2, DAYS[2], "a")]
