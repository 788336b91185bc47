"""What a publish does to a Delta table that others have a say in too."""

from datetime import UTC, date, datetime

import pytest
from delta.tables import DeltaTable

from etl import Append, ReplacePartitions, ReplaceTable, Source, Target, step
from etl.model.interval import Unit
from etl.model.result import Outcome, Status

DAY = date(2013, 2, 8)
DDL = "id INT, day DATE, v INT"


def publishing(write, schema=DDL, column="day", **target):
    @step(
        sources={"rows": Source("raw.rows", interval_column=column)},
        target=Target("clean.rows", schema, write, **target),
    )
    def published(rows):
        return rows

    return published


def table(lake, spark):
    return f"delta.`{lake.dataset('clean.rows').uri}`", DeltaTable.forPath(spark, lake.dataset("clean.rows").uri)


def test_replacing_a_table_keeps_what_others_have_put_on_it(lake, spark):
    name = f"delta.`{lake.dataset('clean.rows').uri}`"
    spark.sql(f"CREATE TABLE {name} (id INT NOT NULL, day DATE, v INT COMMENT 'cents') USING delta")
    spark.sql(f"ALTER TABLE {name} ADD CONSTRAINT positive CHECK (v > 0)")
    lake.write("raw.rows", DDL, [(2, DAY, 20)])

    result = lake.run_step(publishing(ReplaceTable()))

    assert result.status is Status.PASS
    fields = {field.name: field for field in lake.table("clean.rows").schema}
    assert fields["v"].metadata.get("comment") == "cents"
    assert fields["id"].nullable is False
    lake.write("raw.rows", DDL, [(3, DAY, -1)])
    assert lake.run_step(publishing(ReplaceTable())).status is Status.ERROR


def test_clustering_of_others_stays(lake, spark):
    name = f"delta.`{lake.dataset('clean.rows').uri}`"
    spark.sql(f"CREATE TABLE {name} (id INT, day DATE, v INT) USING delta CLUSTER BY (id)")
    lake.write("raw.rows", DDL, [(1, DAY, 10)])

    lake.run_step(publishing(ReplaceTable()))

    assert spark.sql(f"DESCRIBE DETAIL {name}").first()["clusteringColumns"] == ["id"]
    assert lake.rows("clean.rows") == [(1, DAY, 10)]


def test_an_appended_interval_that_a_restore_took_away_is_appended_again(lake, spark):
    lake.write("raw.rows", DDL, [(1, DAY, 10)])
    lake.run_step(publishing(Append()), date="2013-02-07")
    lake.run_step(publishing(Append()))
    table(lake, spark)[1].restoreToVersion(0)

    again = lake.run_step(publishing(Append()))

    assert again.outcome is Outcome.PUBLISHED
    assert lake.rows("clean.rows") == [(1, DAY, 10)]
    assert lake.run_step(publishing(Append())).status is Status.NO_OP


def test_a_restore_to_a_version_that_has_the_interval_leaves_it_appended(lake, spark):
    lake.write("raw.rows", DDL, [(1, DAY, 10)])
    lake.run_step(publishing(Append()))
    lake.run_step(publishing(Append()), date="2013-02-09")
    table(lake, spark)[1].restoreToVersion(0)

    assert lake.run_step(publishing(Append())).status is Status.NO_OP
    assert lake.run_step(publishing(Append()), date="2013-02-09").outcome is Outcome.PUBLISHED


def test_a_table_that_forgets_transactions_takes_no_append(lake, spark):
    lake.write("raw.rows", DDL, [(1, DAY, 10)])
    lake.run_step(publishing(Append()))
    spark.sql(
        f"ALTER TABLE {table(lake, spark)[0]} SET TBLPROPERTIES "
        "('delta.setTransactionRetentionDuration' = 'interval 1 days')"
    )

    result = lake.run_step(publishing(Append()), date="2013-02-09")

    assert result.exit_code == 4
    assert "delta.setTransactionRetentionDuration" in result.error.message


def hourly():
    return publishing(ReplacePartitions("at"), "id INT, at TIMESTAMP", "at")


def test_an_hour_is_replaced_without_a_folder_for_every_instant(lake):
    rows = [
        (1, datetime(2013, 2, 8, 5, 0, 1, tzinfo=UTC)),
        (2, datetime(2013, 2, 8, 5, 59, tzinfo=UTC)),
        (3, datetime(2013, 2, 8, 6, tzinfo=UTC)),
    ]
    lake.write("raw.rows", "id INT, at TIMESTAMP", rows)
    for hour in ("05", "06"):
        lake.carry_out(lake.plan(hourly(), date=f"2013-02-08T{hour}", unit=Unit.HOUR))
    assert not any("/" in name for name in lake.data_files("clean.rows"))
    lake.write("raw.rows", "id INT, at TIMESTAMP", [(4, rows[1][1]), rows[2]], mode="overwrite")

    result = lake.carry_out(lake.plan(hourly(), date="2013-02-08T05", unit=Unit.HOUR)).steps[0]

    assert (result.status, result.rows.published) == (Status.PASS, 1)
    assert [row[0] for row in lake.rows("clean.rows")] == [3, 4]


def test_an_hour_is_replaced_where_its_file_holds_other_hours_too(lake, spark):
    rows = [(n, datetime(2013, 2, 8, n, tzinfo=UTC)) for n in (5, 6)]
    lake.write("raw.rows", "id INT, at TIMESTAMP", rows)
    for hour in ("05", "06"):
        lake.carry_out(lake.plan(hourly(), date=f"2013-02-08T{hour}", unit=Unit.HOUR))
    table(lake, spark)[1].optimize().executeCompaction()

    result = lake.carry_out(lake.plan(hourly(), date="2013-02-08T05", unit=Unit.HOUR), force=True).steps[0]

    assert (result.status, result.rows.published) == (Status.PASS, 1)
    assert [row[0] for row in lake.rows("clean.rows")] == [5, 6]


@pytest.mark.parametrize("write", [ReplaceTable(), Append()], ids=repr)
def test_a_step_may_bring_a_column_the_table_lacks(lake, write):
    lake.write("raw.rows", DDL, [(1, DAY, 10)])
    lake.run_step(publishing(write))

    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", DDL + ", note STRING", write),
    )
    def noted(rows):
        return rows.selectExpr("*", "'new' AS note")

    result = lake.run_step(noted, date="2013-02-08" if isinstance(write, ReplaceTable) else "2013-02-09")

    assert result.status is Status.PASS
    assert "note" in lake.table("clean.rows").columns
