"""The shared transformations: what they keep, what they call what they drop."""

import pytest
from pyspark.sql import functions as F

from etl.errors import DefinitionError
from etl.model.accounting import collecting
from etl.transforms import deduplicate, flatten, latest_by, local_to_utc, where

NEW_YORK = "America/New_York"


def test_where_keeps_only_rows_whose_condition_is_true(table, assert_table):
    frame = table("id INT, price INT", [(1, 5), (2, -5), (3, None)])

    assert_table(where(frame, "has a price", F.col("price") > 0), [(1, 5)])


def test_where_takes_a_condition_as_sql(table, assert_table):
    assert_table(where(table("id INT", [(1,), (2,)]), "first", "id = 1"), [(1,)])


def test_where_reports_the_rule_it_dropped_rows_by(table):
    with collecting(lambda frame: (frame, frame.count())) as collected:
        where(table("id INT", [(1,), (2,), (3,)]), "not the third", "id < 3").collect()

    (drop,) = collected.drops
    assert (drop.kind, drop.name, drop.before - drop.after) == ("filtered", "not the third", 1)


def test_deduplicate_keeps_the_same_row_in_whatever_order_rows_come(table, assert_table):
    rows = [(1, "b"), (1, "a"), (2, "c")]

    assert_table(deduplicate(table("id INT, name STRING", rows), "id"), [(1, "a"), (2, "c")])
    assert_table(deduplicate(table("id INT, name STRING", rows[::-1]), "id"), [(1, "a"), (2, "c")])


def test_deduplicate_treats_null_keys_as_equal(table, assert_table):
    frame = table("id INT, name STRING", [(None, "a"), (None, "b")])

    assert_table(deduplicate(frame, ["id"]), [(None, "a")])


def test_deduplicate_takes_columns_that_have_no_order(table):
    frame = table("id INT, tags MAP<STRING, INT>", [(1, {"a": 1}), (1, {"a": 2})])

    assert deduplicate(frame, "id").count() == 1


def test_deduplicate_reports_how_many_rows_of_which_key_it_dropped(table):
    with collecting(lambda frame: (frame, frame.count())) as collected:
        deduplicate(table("id INT, day INT, n INT", [(1, 1, 1), (1, 1, 2), (1, 2, 3)]), ["id", "day"])

    (drop,) = collected.drops
    assert (drop.kind, drop.name, drop.before, drop.after) == ("deduplicated", "id, day", 3, 2)


def test_latest_by_keeps_the_greatest_row_of_each_key(table, assert_table):
    frame = table("id INT, version INT, name STRING", [(1, 1, "old"), (1, 2, "new"), (2, 7, "only")])

    assert_table(latest_by(frame, "id", "version"), [(1, 2, "new"), (2, 7, "only")])


def test_latest_by_takes_a_null_version_for_the_oldest(table, assert_table):
    frame = table("id INT, version INT", [(1, None), (1, -1)])

    assert_table(latest_by(frame, "id", "version"), [(1, -1)])


def test_latest_by_breaks_ties_by_the_remaining_columns(table, assert_table):
    frame = table("id INT, version INT, name STRING", [(1, 1, "a"), (1, 1, "b")])

    assert_table(latest_by(frame, "id", "version"), [(1, 1, "b")])


@pytest.mark.parametrize("transform", [deduplicate, lambda frame, key: latest_by(frame, "id", key)])
def test_a_misspelt_column_is_refused_with_the_one_that_was_meant(table, transform):
    with pytest.raises(DefinitionError, match="did you mean 'version'"):
        transform(table("id INT, version INT", []), "versoin")


def test_a_key_of_no_columns_is_refused(table):
    with pytest.raises(DefinitionError):
        deduplicate(table("id INT", []), [])


def test_flatten_names_fields_at_any_depth_after_their_path(table, assert_table):
    frame = table("id INT, a STRUCT<b: INT, c: STRUCT<d: INT>>", [(1, (2, (3,))), (4, None)])

    flat = flatten(frame)

    assert flat.columns == ["id", "a_b", "a_c_d"]
    assert_table(flat, [(1, 2, 3), (4, None, None)])


def test_flatten_keeps_columns_whose_names_hold_a_dot(table):
    assert flatten(table("`a.b` INT, s STRUCT<`c.d`: INT>", [(1, (2,))])).columns == ["a.b", "s_c.d"]


def test_flatten_refuses_two_columns_of_one_name(table):
    with pytest.raises(DefinitionError, match="a_b"):
        flatten(table("A_B INT, a STRUCT<b: INT>", []))


@pytest.mark.parametrize(
    ("day", "hhmm", "utc"),
    [
        ("2013-02-08", 5, "2013-02-08 05:05:00"),
        ("2013-02-08", 1715, "2013-02-08 22:15:00"),
        ("2013-07-01", 1715, "2013-07-01 21:15:00"),
        ("2013-02-08", 2359, "2013-02-09 04:59:00"),
        ("2013-02-08", 0, "2013-02-08 05:00:00"),
        ("2013-02-08", 2400, "2013-02-09 05:00:00"),
        ("2013-03-10", 230, "2013-03-10 07:30:00"),  # skipped by the clocks: 03:30 daylight time
        ("2013-11-03", 130, "2013-11-03 05:30:00"),  # comes twice: the first, daylight time
        ("2013-02-08", 1275, None),
        ("2013-02-08", 2401, None),
        ("2013-02-08", -1, None),
        ("2013-02-08", None, None),
        (None, 1715, None),
    ],
)
def test_local_to_utc_reads_a_new_york_clock(table, assert_table, day, hhmm, utc):
    frame = table("day STRING, hhmm INT", [(day, hhmm)])

    instant = local_to_utc(F.to_date("day"), F.col("hhmm"), NEW_YORK)

    assert_table(frame.select(instant.cast("string")), [(utc,)])


def test_local_to_utc_does_not_depend_on_the_sessions_time_zone(spark, table):
    seconds = local_to_utc(F.to_date("day"), F.col("hhmm"), NEW_YORK).cast("long")
    frame = table("day STRING, hhmm INT", [("2013-02-08", 1715)])
    before = spark.conf.get("spark.sql.session.timeZone")
    spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    try:
        (row,) = frame.select(seconds).collect()
    finally:
        spark.conf.set("spark.sql.session.timeZone", before)

    assert row[0] == 1_360_361_700  # 2013-02-08T22:15Z
