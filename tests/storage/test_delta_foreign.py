"""What others have put on a Delta table is kept to, and named where a publish meets it."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from delta.tables import DeltaTable, IdentityGenerator

from etl import Append, Merge, ReplacePartitions, ReplaceTable, Source, Target, step
from etl.model.interval import Unit
from etl.model.result import Status

DAY, NEXT, LAST = date(2013, 2, 8), date(2013, 2, 9), date(2013, 2, 10)
DDL = "id INT, day DATE, v INT, t STRING"
EVERY = [Append(), ReplacePartitions("day"), Merge("id"), Merge("id", apply_as_deletes="t = 'D'"), ReplaceTable()]
# A quarantine writes in one pass where files can be adopted, and in two where they cannot: merges.
BOTH = [*((write, False) for write in EVERY), (Append(), True), (Merge("id"), True)]
# In each CI the kinds that go three different ways; all of them with the slow tests.
SHORT = {Append(), Merge("id", apply_as_deletes="t = 'D'")}


def bounded(case):
    write = case[0] if isinstance(case, tuple) else case
    marks = () if write in SHORT or case == (Merge("id"), True) else pytest.mark.slow
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=marks)


@pytest.mark.parametrize(("write", "aside"), list(map(bounded, BOTH)), ids=repr)
def test_a_row_that_breaks_a_rule_of_the_table_is_refused_by_the_rules_name(lake, write, aside, publish, on_table):
    on_table("CREATE TABLE {table} (id INT, day DATE, v INT NOT NULL, t VARCHAR(3)) USING delta")
    on_table("ALTER TABLE {table} ADD CONSTRAINT positive CHECK (id > 0)")
    rules = {
        "CHECK constraint positive": (-1, DAY, 1, "a"),
        "NOT NULL constraint violated for column: v": (1, DAY, None, "a"),
        "exceeds char/varchar type length": (1, DAY, 1, "abcd"),
    }
    for rule, row in rules.items():
        result = publish(DDL, write, [row], aside=aside)

        assert (result.error.type, result.exit_code) == ("PublishError", 1)
        assert rule in result.error.message
        assert "ALTER TABLE" in result.error.remedy
        assert (lake.version("clean.rows"), lake.rows("clean.rows")) == (1, [])
    assert publish(DDL, write, [(1, DAY, 1, "abc")], aside=aside).status is Status.PASS
    assert lake.rows("clean.rows") == [(1, DAY, 1, "abc")]


@pytest.mark.parametrize(("write", "aside"), list(map(bounded, BOTH)), ids=repr)
def test_columns_that_the_table_fills_are_filled(lake, write, aside, spark, publish, on_table):
    table = DeltaTable.create(spark).location(lake.dataset("clean.rows").uri)
    for name, kind in (("id", "INT"), ("day", "DATE"), ("v", "INT"), ("t", "STRING")):
        table = table.addColumn(name, kind)
    table = table.addColumn("doubled", "INT", generatedAlwaysAs="v * 2")
    table.addColumn("n", "BIGINT", generatedAlwaysAs=IdentityGenerator()).execute()
    on_table("ALTER TABLE {table} SET TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')")
    on_table("ALTER TABLE {table} ADD COLUMN d INT")
    on_table("ALTER TABLE {table} ALTER COLUMN d SET DEFAULT 7")

    for n, day in ((1, DAY), (2, NEXT)):
        result = publish(DDL, write, [(n, day, n, "a")], day=day, aside=aside)
        assert result.status is Status.PASS, result.error

    rows = sorted(map(tuple, lake.table("clean.rows").select("id", "doubled", "d").collect()))
    assert rows == ([] if isinstance(write, ReplaceTable) else [(1, 2, 7)]) + [(2, 4, 7)]
    assert all(row.n is not None for row in lake.table("clean.rows").collect())


@pytest.mark.parametrize("write", list(map(bounded, EVERY)), ids=repr)
def test_a_wrong_value_for_a_generated_column_is_refused(lake, write, spark, publish):
    table = DeltaTable.create(spark).location(lake.dataset("clean.rows").uri)
    for name, kind in (("id", "INT"), ("day", "DATE"), ("v", "INT"), ("t", "STRING")):
        table = table.addColumn(name, kind)
    table.addColumn("doubled", "INT", generatedAlwaysAs="v * 2").execute()
    ddl = f"{DDL}, doubled INT"

    result = publish(ddl, write, [(1, DAY, 1, "a", 3)])

    assert (result.error.type, result.exit_code) == ("PublishError", 1)
    assert "doubled" in result.error.message
    assert publish(ddl, write, [(1, DAY, 1, "a", 2)]).status is Status.PASS


PROPERTIES = {
    "deletion vectors": "'delta.enableDeletionVectors' = 'true'",
    "change data feed": "'delta.enableChangeDataFeed' = 'true'",
    "row tracking": "'delta.enableRowTracking' = 'true'",
    "mapped by name": "'delta.columnMapping.mode' = 'name'",
    "mapped by id": "'delta.columnMapping.mode' = 'id'",
    "no statistics": "'delta.dataSkippingNumIndexedCols' = '0'",
}


# Each takes half a minute: in each CI the one that changes how files are replaced, and the one that renames columns.
KEPT = {"deletion vectors", "mapped by name"}
FEATURES = [
    pytest.param(value, id=name, marks=() if name in KEPT else pytest.mark.slow) for name, value in PROPERTIES.items()
]


@pytest.mark.parametrize("properties", FEATURES)
def test_features_of_the_table_change_no_row(lake, publish, on_table, elsewhere, properties):
    old, new = f"{DDL}, s STRUCT<p: INT, q: INT>", "id INT NOT NULL, s STRUCT<q: INT, p: INT>, " + DDL[8:] + ", b INT"
    for write in (Append(), ReplacePartitions("day"), Merge("id"), ReplaceTable()):
        on_table(f"CREATE TABLE {{table}} ({DDL}) USING delta TBLPROPERTIES ({properties})")

        first = publish(old, write, [(1, DAY, 1, "a", (1, 2)), (2, DAY, 1, "a", (1, 2))])
        again = [(2, (4, 3), NEXT, 5, "b", 6), (3, (4, 3), NEXT, 5, "b", 6)]
        second = publish(new, write, again, day=NEXT, aside=True)
        failed = publish(new, write, [(None, (4, 3), LAST, 6, "c", 6)], day=LAST)

        assert (first.rows.published, second.rows.published, second.status) == (2, 2, Status.PASS)
        assert (failed.status, failed.exit_code) == (Status.FAIL, 3)
        rows = lake.table("clean.rows").selectExpr("id", "v", "s.p", "s.q", "b").collect()
        kept = {"Merge": [(1, 1, 1, 2, None)], "ReplaceTable": []}
        before = kept.get(type(write).__name__, [(1, 1, 1, 2, None), (2, 1, 1, 2, None)])
        assert sorted(map(tuple, rows), key=repr) == sorted([*before, (2, 5, 3, 4, 6), (3, 5, 3, 4, 6)], key=repr)
        elsewhere()


def test_an_hour_is_replaced_in_a_table_with_column_mapping(lake, publish, on_table):
    mapped = "TBLPROPERTIES ('delta.columnMapping.mode' = 'name')"
    on_table(f"CREATE TABLE {{table}} (id INT, at TIMESTAMP) USING delta {mapped}")
    rows = [(n, datetime(2013, 2, 8, n, tzinfo=UTC)) for n in (5, 6)]
    hourly = {"unit": Unit.HOUR, "column": "at"}
    for hour in ("05", "06"):
        publish("id INT, at TIMESTAMP", ReplacePartitions("at"), rows, day=f"2013-02-08T{hour}", **hourly)
    on_table("OPTIMIZE {table}")

    new = [(7, rows[0][1])]
    result = publish("id INT, at TIMESTAMP", ReplacePartitions("at"), new, day="2013-02-08T05", **hourly)

    assert (result.status, result.rows.published) == (Status.PASS, 1)
    assert [row[0] for row in lake.rows("clean.rows")] == [6, 7]


def test_a_table_that_takes_appended_rows_only_is_named(publish, on_table):
    on_table(f"CREATE TABLE {{table}} ({DDL}) USING delta TBLPROPERTIES ('delta.appendOnly' = 'true')")

    for write in EVERY[1:]:
        result = publish(DDL, write, [(1, DAY, 1, "a")])
        assert (result.error.type, result.exit_code) == ("AnalysisError", 4)
        assert "delta.appendOnly" in result.error.message
    assert publish(DDL, Append(), [(1, DAY, 1, "a")]).status is Status.PASS


WRITING = {"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["tomorrow"]}
READING = WRITING | {"minReaderVersion": 3, "readerFeatures": ["tomorrow"]}


@pytest.mark.parametrize(
    ("name", "protocol"),
    [("clean.rows", WRITING), ("clean.rows", READING), ("raw.other", READING)],
    ids=["to be written", "to be replaced", "to be read"],
)
def test_a_table_of_a_newer_delta_is_no_defect(lake, spark, name, protocol):
    lake.write(name, DDL, [(1, DAY, 1, "a")])
    log = Path(lake.dataset(name).uri, "_delta_log", "00000000000000000001.json")
    log.write_text(json.dumps({"protocol": protocol}))
    spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()
    lake.write("raw.rows", DDL, [(1, DAY, 1, "a")])
    for write in (Merge("id"), ReplaceTable()):

        @step(
            sources={"rows": Source("raw.rows" if name == "clean.rows" else name)},
            target=Target("clean.rows", DDL, write),
        )
        def published(rows):
            return rows

        result = lake.run_step(published)

        assert (result.error.type, result.exit_code) == ("PlatformError", 5)
        assert "tomorrow" in result.error.message
        assert lake.version(name) == 1


def test_texts_that_readers_would_find_padded_are_refused(publish, on_table):
    on_table("CREATE TABLE {table} (id INT, day DATE, v INT, t CHAR(3)) USING delta")

    for write in EVERY:
        result = publish(DDL, write, [(1, DAY, 1, "a")])
        assert "padded" in result.error.message
    on_table("ALTER TABLE {table} ALTER COLUMN t TYPE STRING")
    assert publish(DDL, Append(), [(1, DAY, 1, "a")]).status is Status.PASS
