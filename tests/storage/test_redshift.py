"""Tables of Redshift: what UNLOAD and COPY pass through is right, and one transaction publishes once."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from attrs import evolve

from etl import Append, Merge, ReplaceInterval, Source, Target, sql_script_step, step
from etl.model.result import Status
from etl.model.schema import parse_schema
from etl.storage import redshift
from etl.storage.reading import Scope
from etl.testing.conformance import publishing, reading, schema
from tests import redshift_server
from tests.postgres_server import PASSWORD, VARIABLE

pytestmark = [pytest.mark.spark, pytest.mark.once]
DDL = "id INT, day DATE, amount DECIMAL(10,2)"


@pytest.fixture
def warehouse(postgres_server, spark, s3_root, monkeypatch):
    """A workgroup with an empty schema ``public``."""
    monkeypatch.setenv(VARIABLE, PASSWORD)
    postgres_server.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    with redshift_server.serving(postgres_server, spark, f"{s3_root}/staging") as server:
        yield server


@pytest.fixture
def table(lake, warehouse):
    """``table("raw.orders", "id int")`` makes a table and its dataset; without columns only the dataset."""

    def make(name, columns="", ddl=None, **more):
        if columns:
            warehouse.postgres.sql(f"CREATE TABLE {name.partition('.')[2]} ({columns})")
        declared = {"schema": parse_schema(ddl)} if ddl else {}
        said = {"format": "redshift", "connection": warehouse.connection, "table": f"public.{name.partition('.')[2]}"}
        return lake.dataset(name, **said, **declared, **more)

    return make


def literal(text):
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


@pytest.mark.parametrize("case", reading("redshift"), ids=str)
def test_a_table_is_read_as_the_kit_asks(lake, warehouse, table, case):
    dataset = evolve(table("raw.given"), schema=schema())
    lake.declared["raw.given"] = dataset

    def land(rows):
        values = ", ".join(f"({i}, '{d}', {literal(v)})" for i, d, v in rows)
        warehouse.postgres.sql("DROP TABLE IF EXISTS given; CREATE TABLE given (id int, day date, v text)")
        if values:
            warehouse.postgres.sql(f"INSERT INTO given VALUES {values}")

    case(lake, dataset, land)


def bounded(case):
    """One way of writing is enough for each CI."""
    return pytest.param(case, marks=() if str(case).startswith("ReplaceInterval") else pytest.mark.slow)


@pytest.mark.parametrize("case", [bounded(case) for case in publishing("redshift")], ids=str)
def test_a_table_is_published_as_the_kit_asks(lake, table, case):
    case(lake, evolve(table("clean.rows"), schema=schema()))


KINDS = {
    "smallint": ("-32768", "smallint", -32768),
    "bigint": ("9223372036854775807", "bigint", 9223372036854775807),
    "double precision": ("1e300", "double", 1e300),
    "numeric(38,18)": ("12345678901234567890.123456789012345678", "decimal(38,18)", None),
    "boolean": ("true", "boolean", True),
    "varchar(10)": ("'a b '", "string", "a b "),
    "jsonb": ("""'{"a": [1, null]}'""", "string", '{"a": [1, null]}'),
    "date": ("'2013-02-08'", "date", date(2013, 2, 8)),
    "timestamptz": ("'2013-02-08 06:00:00.123456+02'", "timestamp", None),
    "timestamp": ("'2013-03-31 02:30:00.123456'", "timestamp_ntz", datetime(2013, 3, 31, 2, 30, 0, 123456)),  # noqa: DTZ001 a wall clock's
    "time": ("'02:30:00.5'", "string", "02:30:00.5"),
}


def test_every_type_is_read_as_one_that_holds_it_and_null_as_null(spark, warehouse, table):
    dataset = table("raw.kinds", ", ".join(f"c{number} {kind}" for number, kind in enumerate(KINDS)))
    warehouse.postgres.sql(f"INSERT INTO kinds VALUES ({', '.join(text for text, _, _ in KINDS.values())})")
    warehouse.postgres.sql("INSERT INTO kinds (c0) VALUES (NULL)")

    frame = redshift.read(spark, dataset, Scope()).frame
    nothing, row = sorted(frame.collect(), key=lambda found: found[0] is not None)

    assert [kind for _, kind in frame.dtypes] == [kind for _, kind, _ in KINDS.values()]
    wanted = [value for _, _, value in KINDS.values()]
    assert [found for found, value in zip(row, wanted, strict=True) if value is not None] == [
        value for value in wanted if value is not None
    ]
    assert str(row["c3"]) == "12345678901234567890.123456789012345678"
    assert frame.where("c8 = TIMESTAMP'2013-02-08 04:00:00.123456'").count() == 1
    assert set(nothing) == {None}


@pytest.fixture
def orders(lake, warehouse, table):
    """Orders in a Delta table, and the step that publishes them to Redshift; ``publish(rows, write)`` runs it."""
    table("marts.orders")

    def publish(rows, write, **options):
        lake.write("raw.orders", DDL, rows, mode="overwrite")

        @step(
            sources={"orders": Source("raw.orders", interval_column="day")}, target=Target("marts.orders", DDL, write)
        )
        def copied(orders):
            return orders

        return lake.run_step(copied, **options)

    return publish


def there(warehouse):
    return warehouse.postgres.sql("SELECT * FROM orders ORDER BY id")


def row(number, amount, day="2013-02-08"):
    return (number, date.fromisoformat(day), None if amount is None else Decimal(amount))


def test_a_merge_updates_what_differs_nulls_too_and_tells_how_much_it_did(warehouse, orders):
    orders([row(1, "1.00"), row(2, "2.00"), row(3, None), row(4, None)], Merge("id"))

    result = orders([row(1, "1.00"), row(2, None), row(3, "3.00"), row(4, None), row(5, "5.00")], Merge("id"))

    assert there(warehouse) == [
        "1|2013-02-08|1.00", "2|2013-02-08|", "3|2013-02-08|3.00", "4|2013-02-08|", "5|2013-02-08|5.00",
    ]  # fmt: skip
    assert {"updated": 2, "inserted": 1}.items() <= dict(result.metrics).items()


def test_a_merge_in_sequence_keeps_the_latest_deletes_and_never_goes_back(lake, warehouse, table):
    table("marts.orders")
    write = Merge("id", sequence_by="at", apply_as_deletes="amount = 0")

    @step(
        sources={"orders": Source("raw.orders")},
        target=Target("marts.orders", "id INT, at TIMESTAMP, amount INT", write),
    )
    def copied(orders):
        return orders

    def publish(*rows):
        made = [(number, datetime(2013, 2, 8, hour, tzinfo=UTC), amount) for number, hour, amount in rows]
        lake.write("raw.orders", "id INT, at TIMESTAMP, amount INT", made, mode="overwrite")
        return lake.run_step(copied)

    publish((1, 5, 10), (1, 7, 30), (1, 6, 20), (2, 5, 10), (None, 5, 1))
    result = publish((1, 6, 99), (2, 6, 0), (3, 5, 0), (None, 6, 2))

    assert result.status is Status.PASS, result.error
    assert there(warehouse) == ["1|2013-02-08 07:00:00+00|30", "|2013-02-08 06:00:00+00|2"]
    assert {"deleted": 1, "updated": 1, "inserted": 0}.items() <= dict(result.metrics).items()


def test_who_published_meanwhile_is_told_by_the_guard_and_nothing_of_the_second_is_left(warehouse, orders):
    orders([row(1, "1.00")], ReplaceInterval("day"))
    log = "INSERT INTO headrace_publishes SELECT target, 1, mark, applied, 'another', at FROM headrace_publishes"

    warehouse.before = ("LOCK TABLE", lambda: warehouse.postgres.sql(log))
    result = orders([row(2, "2.00")], ReplaceInterval("day"))

    assert (result.status, result.error.type) == (Status.ERROR, "ConflictError")
    assert there(warehouse) == ["1|2013-02-08|1.00"]
    assert warehouse.postgres.sql("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'headrace_%'") == ["1"]


def test_a_commit_whose_answer_is_lost_is_found_in_the_log(warehouse, orders):
    warehouse.lost_of = "LOCK TABLE"
    result = orders([row(1, "1.00")], Append())

    assert result.status is Status.PASS
    assert there(warehouse) == ["1|2013-02-08|1.00"]


def asking(sql, **more):
    return sql_script_step("ops.refreshed", connection="warehouse", sql=sql, **more)


def test_a_script_is_carried_out_in_one_transaction_or_not_at_all(lake, warehouse):
    lake.connections["warehouse"] = warehouse.connection
    warehouse.postgres.sql("CREATE TABLE t (id int PRIMARY KEY)")

    good = lake.run_step(asking("INSERT INTO t VALUES ({start:%d}); DELETE FROM t WHERE id > 100;"))
    bad = lake.run_step(asking("INSERT INTO t VALUES (1); INSERT INTO t VALUES (1)"), date="2013-02-09")

    assert (good.status, bad.error.type) == (Status.PASS, "ScriptError"), good.error
    assert "t_pkey" in bad.error.message
    assert warehouse.postgres.sql("SELECT id FROM t") == ["8"]


def test_statements_that_no_transaction_may_hold_are_carried_out_one_by_one(lake, warehouse):
    lake.connections["warehouse"] = warehouse.connection
    warehouse.postgres.sql("CREATE TABLE t (id int PRIMARY KEY)")

    result = lake.run_step(asking("INSERT INTO t VALUES (1); INSERT INTO t VALUES (1)", transaction=False))

    assert (result.error.type, warehouse.postgres.sql("SELECT id FROM t")) == ("ScriptError", ["1"])


def test_nothing_is_left_in_the_staging_folder_of_a_publish(warehouse, orders, s3_bucket):
    orders([row(1, "1.00")], ReplaceInterval("day"))

    assert not [key for key in s3_bucket.keys("staging/") if key.endswith(".parquet")]


def test_a_table_that_cannot_take_the_columns_is_refused_before_anything_is_written(warehouse, orders):
    warehouse.postgres.sql("CREATE TABLE orders (id smallint, day date, code int NOT NULL)")

    result = orders([row(1, "1.00")], Append())

    assert result.error.exit_code == 4
    for said in ("id: smallint does not hold every INT", "amount: the table has no such column", "code: takes no null"):
        assert said in result.error.message
