"""Declared columns meet the columns of a Delta table: added, widened, or refused before anything is written."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from etl import Append, Merge, ReplacePartitions, ReplaceTable, Source, Target, step
from etl.engine.validate import changes, validate
from etl.model.interval import Unit
from etl.model.result import Outcome, Status
from etl.model.schema import parse_schema

DAY, NEXT = date(2013, 2, 8), date(2013, 2, 9)
DELETING = Merge("id", apply_as_deletes="id < 0")
KEEPING = [Append(), ReplacePartitions("day"), Merge("id"), DELETING]
EVERY = [*KEEPING, ReplaceTable()]
HERE = "id INT, day DATE, v TINYINT, s STRUCT<p: INT>, a ARRAY<STRUCT<p: INT>>, m MAP<STRING, STRUCT<p: INT>>"
GROWN = (
    "b INT, a ARRAY<STRUCT<q: INT, p: INT>>, day DATE, m MAP<STRING, STRUCT<p: INT, q: INT>>, "
    "s STRUCT<q: INT, p: INT>, v INT, id INT"
)
ALLOWED = "TBLPROPERTIES ('delta.enableTypeWidening' = 'true')"


def types(lake):
    return {field.name: field.dataType.simpleString() for field in lake.table("clean.rows").schema}


@pytest.mark.parametrize("aside", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["plain", "quarantining"])
@pytest.mark.parametrize("write", EVERY, ids=repr)
def test_columns_and_fields_are_added_and_integers_widened_by_every_kind_of_write(
    lake, write, aside, publish, on_table
):
    on_table(f"CREATE TABLE {{table}} ({HERE}) USING delta {ALLOWED if isinstance(write, Merge) else ''}")
    publish(HERE, write, [(1, DAY, 1, (1,), [(1,)], {"k": (1,)})])
    late = DAY if isinstance(write, ReplaceTable) else NEXT
    new = (7, [(8, 9)], late, {"k": (3, 4)}, (5, 6), 70000, 2)

    result = publish(GROWN, write, [new], day=late, aside=aside)

    assert (result.status, result.rows.published) == (Status.PASS, 1), result.error
    for said in ("b int is added", "s.q int is added", "a[].q int is added", "m.value.q int is added"):
        assert said in result.message
    assert "v is widened from tinyint to int" in result.message
    rows = lake.table("clean.rows").selectExpr("id", "v", "b", "s.p", "s.q", "a[0].p", "a[0].q", "m['k'].p", "m['k'].q")
    old = [(1, 1, None, 1, None, 1, None, 1, None)]
    grown = (2, 70000, 7, 6, 5, 9, 8, 3, 4)
    assert sorted(map(tuple, rows.collect())) == [*([] if isinstance(write, ReplaceTable) else old), grown]


def test_a_merge_puts_new_fields_and_widened_values_into_the_rows_that_are_there(lake, publish, on_table, elsewhere):
    for write in (Merge("id"), DELETING):
        old = "id INT, day DATE, v SMALLINT, s STRUCT<p: INT>"
        on_table(f"CREATE TABLE {{table}} ({old}) USING delta {ALLOWED}")
        publish(old, write, [(1, DAY, 1, (1,)), (2, DAY, 2, (2,))])

        ddl = "id INT, day DATE, v INT, s STRUCT<q: INT, p: INT>, b INT"
        publish(ddl, write, [(1, NEXT, 70000, (5, 1), 9), (3, NEXT, 3, (6, 3), 9)], day=NEXT)

        rows = lake.table("clean.rows").selectExpr("id", "v", "s.p", "s.q", "b").collect()
        assert sorted(map(tuple, rows)) == [(1, 70000, 1, 5, 9), (2, 2, 2, None, None), (3, 3, 3, 6, 9)]
        elsewhere()


# The comparison is the same for all: in each CI the kind that only adds files, all of them with the slow tests.
@pytest.mark.parametrize("write", [KEEPING[0], *(pytest.param(each, marks=pytest.mark.slow) for each in KEEPING[1:])])
@pytest.mark.parametrize(
    ("declared", "value", "said"),
    [
        ("n DECIMAL(10,1), x INT", (Decimal("1.2"), 1), "n is decimal(10,2), declared decimal(10,1)"),
        ("n DECIMAL(12,4), x INT", (Decimal("1.2345"), 1), "n is decimal(10,2), declared decimal(12,4)"),
        ("n DECIMAL(10,2), x BIGINT", (Decimal("1.25"), 1 << 40), "x is int, declared bigint"),
        ("n DECIMAL(10,2), x SMALLINT", (Decimal("1.25"), 1), "x is int, declared smallint"),
        ("n DECIMAL(10,2)", (Decimal("1.25"),), "x (int) is in the table, and not declared"),
        ("n DECIMAL(10,2), X INT", (Decimal("1.25"), 1), "x is declared as X"),
        ("n DECIMAL(10,2), x INT, z INT NOT NULL", (Decimal("1.25"), 1, 1), "z is new and declared NOT NULL"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_would_change_or_lose_a_value_is_refused_and_nothing_is_written(
    lake, write, declared, value, said, publish
):
    publish("id INT, day DATE, n DECIMAL(10,2), x INT", write, [(1, DAY, Decimal("1.25"), 1)])
    before = lake.version("clean.rows"), lake.data_files("clean.rows"), lake.rows("clean.rows")

    result = publish(f"id INT, day DATE, {declared}", write, [(1, NEXT, *value)], day=NEXT)

    assert (result.error.type, result.exit_code) == ("AnalysisError", 4)
    assert said in result.error.message
    assert "move the table away" in result.error.remedy
    assert (lake.version("clean.rows"), lake.data_files("clean.rows"), lake.rows("clean.rows")) == before


def test_a_replaced_table_is_refused_what_readers_would_lose_and_widened_by_its_rewriting(lake, publish):
    write = ReplaceTable()
    publish("id INT, day DATE, v INT, w STRING", write, [(1, DAY, 1, "a")])

    assert publish("id INT, day DATE, v INT", write, [(1, DAY, 1)]).exit_code == 4
    assert publish("id INT, day DATE, v SMALLINT, w STRING", write, [(1, DAY, 1, "a")]).exit_code == 4
    result = publish(
        "id BIGINT, day TIMESTAMP, v DECIMAL(12,2), w STRING",
        write,
        [(1 << 40, datetime(2013, 2, 8, 5, tzinfo=UTC), Decimal("1.25"), "b")],
    )

    assert (result.status, result.outcome) == (Status.PASS, Outcome.PUBLISHED)
    assert "v is widened from int to decimal(12,2): every file is written anew" in result.message
    assert types(lake) == {"id": "bigint", "day": "timestamp", "v": "decimal(12,2)", "w": "string"}
    rows = lake.table("clean.rows").selectExpr("id", "CAST(day AS STRING)", "v").collect()
    assert list(map(tuple, rows)) == [(1 << 40, "2013-02-08 05:00:00", Decimal("1.25"))]


MAPPED = "TBLPROPERTIES ('delta.columnMapping.mode' = 'id', 'delta.enableTypeWidening' = 'true')"


@pytest.mark.parametrize("clause", ["", "CLUSTER BY (day)", MAPPED], ids=["plain", "clustered", "mapped"])
def test_widening_by_rewriting_keeps_what_others_put_on_the_table(lake, spark, publish, on_table, clause):
    on_table(f"CREATE TABLE {{table}} (id INT NOT NULL, day DATE, v INT COMMENT 'cents') USING delta {clause}")
    on_table("ALTER TABLE {table} ADD CONSTRAINT positive CHECK (id > 0)")
    on_table("INSERT INTO {table} VALUES (9, DATE'2013-02-08', 9)")

    result = publish("id INT, day DATE, v BIGINT, b INT", ReplaceTable(), [(1, DAY, 1 << 40, 2)])

    assert result.status is Status.PASS
    assert lake.rows("clean.rows") == [(1, DAY, 1 << 40, 2)]
    fields = lake.table("clean.rows").schema
    assert (fields["id"].nullable, fields["v"].metadata.get("comment")) == (False, "cents")
    clustered = spark.sql(f"DESCRIBE DETAIL delta.`{lake.dataset('clean.rows').uri}`").first()["clusteringColumns"]
    assert clustered == (["day"] if clause.startswith("CLUSTER") else [])
    assert publish("id INT, day DATE, v BIGINT, b INT", ReplaceTable(), [(-1, DAY, 1, 2)]).exit_code == 1


def test_a_replaced_table_may_get_other_partitions(lake, spark, publish):
    ddl = "id INT, day DATE, city STRING"
    publish(ddl, ReplaceTable(), [(1, DAY, "Bonn")], partition_by=("city",))

    result = publish(ddl, ReplaceTable(), [(2, DAY, "Bonn")], partition_by=("day",))

    assert "partitioned by day from now on, not by city" in result.message
    name = f"delta.`{lake.dataset('clean.rows').uri}`"
    assert spark.sql(f"DESCRIBE DETAIL {name}").first()["partitionColumns"] == ["day"]
    assert lake.rows("clean.rows") == [(2, DAY, "Bonn")]


def test_an_hour_gets_a_new_column_while_its_file_holds_other_hours(lake, publish, on_table):
    write, hourly = ReplacePartitions("at"), {"unit": Unit.HOUR, "column": "at"}
    rows = [(n, datetime(2013, 2, 8, n, tzinfo=UTC), 1) for n in (5, 6)]
    for hour in ("05", "06"):
        publish("id INT, at TIMESTAMP, v SMALLINT", write, rows, day=f"2013-02-08T{hour}", **hourly)
    on_table("OPTIMIZE {table}")

    new = (7, rows[0][1], 70000, 3)
    result = publish("id INT, at TIMESTAMP, v INT, b INT", write, [new], day="2013-02-08T05", **hourly)

    assert (result.status, result.rows.published) == (Status.PASS, 1)
    found = lake.table("clean.rows").select("id", "v", "b").collect()
    assert sorted(map(tuple, found)) == [(6, 1, None), (7, 70000, 3)]


def test_a_day_is_replaced_in_a_table_of_others_that_is_not_partitioned_by_it(lake, publish, on_table):
    ddl, write = "id INT, day DATE, v INT", ReplacePartitions("day")
    on_table(f"CREATE TABLE {{table}} ({ddl}) USING delta")
    for day, rows in ((DAY, [(1, DAY, 1)]), (NEXT, [(2, NEXT, 2), (3, NEXT, 3)])):
        publish(ddl, write, rows, day=day)
    on_table("OPTIMIZE {table}")

    for aside in (False, True):
        result = publish(ddl, write, [(4, DAY, 4)], aside=aside)
        assert (result.status, result.rows.published) == (Status.PASS, 1), result.error

    assert lake.rows("clean.rows") == [(2, NEXT, 2), (3, NEXT, 3), (4, DAY, 4)]


@pytest.mark.parametrize("write", [Append(), ReplaceTable()], ids=repr)
def test_a_partition_column_is_widened_too(lake, publish, write):
    publish("id INT, day DATE, v TINYINT", write, [(1, DAY, 1)], partition_by=("v",))
    late, wide = (DAY, "BIGINT") if isinstance(write, ReplaceTable) else (NEXT, "INT")

    result = publish(f"id INT, day DATE, v {wide}", write, [(2, late, 70000)], day=late, partition_by=("v",))

    assert result.status is Status.PASS, result.error
    assert lake.rows("clean.rows")[-1] == (2, late, 70000)


def test_a_microsecond_in_a_map_is_a_change(lake, publish):
    ddl, at = "id INT, day DATE, m MAP<STRING, TIMESTAMP>", datetime(2013, 2, 8, 1, 2, 3, 4, tzinfo=UTC)
    publish(ddl, Merge("id"), [(1, DAY, {"a": at})])

    publish(ddl, Merge("id"), [(1, DAY, {"a": at.replace(microsecond=5)})])

    assert lake.table("clean.rows").selectExpr("CAST(m['a'] AS STRING)").first()[0] == "2013-02-08 01:02:03.000005"


def test_what_a_merge_puts_into_a_row_is_what_was_audited(lake, publish):
    ddl, nan = "id INT, day DATE, x DOUBLE, y FLOAT", float("nan")
    publish(ddl, Merge("id"), [(1, DAY, 0.0, 1.5), (2, DAY, nan, None), (3, DAY, None, 0.0)])

    publish(ddl, Merge("id"), [(1, DAY, -0.0, 1.5), (2, DAY, nan, 2.0), (3, DAY, 0.0, nan)])

    rows = lake.table("clean.rows").orderBy("id").collect()
    assert [(str(row.x), str(row.y)) for row in rows] == [("-0.0", "1.5"), ("nan", "2.0"), ("0.0", "nan")]


@pytest.mark.parametrize("value", ["", "__HIVE_DEFAULT_PARTITION__"])
def test_a_text_that_no_folder_can_be_named_after_is_refused(lake, value, publish):
    ddl = "id INT, day DATE, city STRING"
    publish(ddl, Append(), [(1, DAY, "Bonn")], partition_by=("city",))

    result = publish(ddl, Append(), [(2, NEXT, value)], day=NEXT, partition_by=("city",))

    assert (result.error.type, result.exit_code) == ("RefusedPartitionError", 1)
    assert lake.rows("clean.rows") == [(1, DAY, "Bonn")]


def test_bytes_that_no_folder_can_be_named_after_are_refused_by_a_table_that_others_partitioned_so(
    lake, publish, on_table
):
    ddl = "id INT, day DATE, code BINARY"
    on_table(f"CREATE TABLE {{table}} ({ddl}) USING delta PARTITIONED BY (code)")

    for code in (b"", b"\xc3\x28"):
        result = publish(ddl, Append(), [(1, DAY, code)])
        assert (result.error.type, result.exit_code) == ("RefusedPartitionError", 1)
    publish(ddl, Append(), [(1, DAY, b"A/B")])

    assert bytes(lake.rows("clean.rows")[0][2]) == b"A/B"


def test_validate_says_in_words_what_a_publish_makes_of_the_columns_and_writes_nothing(lake, spark, publish):
    publish("id INT, day DATE, v SMALLINT", Append(), [(1, DAY, 1)])
    lake.write("raw.rows", "id INT, day DATE, v INT, b INT", [(1, NEXT, 70000, 2)])

    def plan(ddl, write):
        lake.declared.pop("clean.rows", None)
        source = Source("raw.rows", interval_column="day")
        names = [column.name for column in parse_schema(ddl)]

        @step(sources={"rows": source}, target=Target("clean.rows", ddl, write, partition_by=("v",)))
        def published(rows):
            return rows.select(*names)

        return lake.plan(published)

    wider = "id INT, day DATE, v INT, b INT"
    assert changes(plan(wider, Append()), spark) == (
        "clean.rows: v is widened from smallint to int",
        "clean.rows: b int is added",
        "clean.rows: the table stays partitioned by no column: declared is v",
    )
    assert validate(plan(wider, Append()), spark) == ()
    (error,) = validate(plan(wider, Merge("id")), spark)
    assert (error.exit_code, "delta.enableTypeWidening" in error.remedy) == (4, True)
    assert lake.version("clean.rows") == 0
