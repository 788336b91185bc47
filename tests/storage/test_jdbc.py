"""Tables of a real PostgreSQL: read without loss, of one snapshot; published exactly once."""

import threading
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from attrs import evolve
from pyspark.sql import functions as F

from etl import Append, Merge, ReplaceInterval, ReplacePartitions, ReplaceTable, Source, Target, step
from etl.errors import InputError, PlatformError, UnreachableError
from etl.model.interval import Unit, containing, parse_instant
from etl.model.result import Status
from etl.model.schema import parse_schema
from etl.storage import jdbc, postgresql
from etl.storage.database import connected
from etl.storage.reading import Scope
from etl.testing.conformance import publishing, reading, schema
from tests.postgres_server import PASSWORD, VARIABLE

pytestmark = [pytest.mark.spark, pytest.mark.once]
DDL = "id INT, day DATE, amount DECIMAL(10,2)"
COLUMNS = "id int PRIMARY KEY, day date, amount numeric(10,2)"


@pytest.fixture
def postgres(postgres_server, monkeypatch):
    """The server with an empty schema ``public``, and its password where its connection says that it lies."""
    monkeypatch.setenv(VARIABLE, PASSWORD)
    postgres_server.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return postgres_server


@pytest.fixture
def table(lake, postgres):
    """``table("raw.orders", "id int")`` makes a table and its dataset; without columns only the dataset."""

    def make(name, columns="", ddl=None, **more):
        if columns:
            postgres.sql(f"CREATE TABLE {name.partition('.')[2]} ({columns})")
        declared = {"schema": parse_schema(ddl)} if ddl else {}
        said = {"format": "jdbc", "connection": postgres.connection, "table": f"public.{name.partition('.')[2]}"}
        return lake.dataset(name, **said, **declared, **more)

    return make


def literal(text):
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


@pytest.fixture
def orders(lake, table):
    """``orders()`` makes the table ``orders`` of three columns, and lets ``clean.orders`` be a table ``cleaned``."""

    def make(columns=COLUMNS):
        table("raw.orders", columns, ddl=DDL)
        table("clean.orders")
        lake.declared["clean.orders"] = evolve(lake.dataset("clean.orders"), table="public.cleaned")

    return make


def read(spark, dataset, **scope):
    reading = jdbc.read(spark, dataset, Scope(**scope))
    try:
        return sorted(map(tuple, reading.frame.collect()), key=repr), reading
    finally:
        reading.recheck()


@pytest.mark.parametrize("case", reading("jdbc"), ids=str)
def test_a_table_is_read_as_the_kit_asks(lake, postgres, table, case):
    dataset = evolve(table("raw.given"), schema=schema())
    lake.declared["raw.given"] = dataset

    def land(rows):
        values = ", ".join(f"({i}, '{d}', {literal(v)})" for i, d, v in rows)
        postgres.sql("DROP TABLE IF EXISTS given; CREATE TABLE given (id int, day date, v text)")
        if values:
            postgres.sql(f"INSERT INTO given VALUES {values}")  # noqa: S608

    case(lake, dataset, land)


def bounded(case):
    """One way of writing is enough for each CI."""
    return pytest.param(case, marks=() if str(case).startswith("ReplaceInterval") else pytest.mark.slow)


@pytest.mark.parametrize("case", [bounded(case) for case in publishing("jdbc")], ids=str)
def test_a_table_is_published_as_the_kit_asks(lake, table, case):
    case(lake, evolve(table("clean.rows"), schema=schema()))


TYPES = {
    "smallint": ("-32768", "smallint", -32768),
    "bigint": ("9223372036854775807", "bigint", 9223372036854775807),
    "real": ("1.5", "float", 1.5),
    "double precision": ("1e300", "double", 1e300),
    "numeric(38,18)": ("12345678901234567890.123456789012345678", "decimal(38,18)", None),
    "numeric": ("0.1000000000000000000000000000000000000000001", "string", None),
    "money": ("1234.56", "decimal(19,2)", Decimal("1234.56")),
    "boolean": ("true", "boolean", True),
    "varchar(10)": ("'a b '", "string", "a b "),
    "char(4)": ("'a'", "string", "a   "),
    "uuid": ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "string", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    "jsonb": ("""'{"a": [1, null]}'""", "string", '{"a": [1, null]}'),
    "inet": ("'10.0.0.1'", "string", "10.0.0.1/32"),
    "interval": ("'1 day 02:00'", "string", "1 day 02:00:00"),
    "bytea": (r"'\x00ff'", "binary", bytearray(b"\x00\xff")),
    "date": ("'0044-03-15'", "date", date(44, 3, 15)),
    "timestamptz": ("'2013-02-08 06:00:00.123456+02'", "timestamp", None),
    "timestamp": ("'2013-03-31 02:30:00.123456'", "timestamp_ntz", datetime(2013, 3, 31, 2, 30, 0, 123456)),  # noqa: DTZ001 a wall clock's
    "int[]": ("'{1,null,3}'", "array<int>", [1, None, 3]),
}


def test_every_type_is_read_as_one_that_holds_it(spark, postgres, table):
    postgres.sql("CREATE TYPE mood AS ENUM ('sad', 'ok')")
    types = {**TYPES, "mood": ("'ok'", "string", "ok")}
    names = {f"c{number}": kind for number, kind in enumerate(types)}
    dataset = table("raw.kinds", ", ".join(f"{name} {kind}" for name, kind in names.items()))
    postgres.sql(f"INSERT INTO kinds VALUES ({', '.join(value for value, *_ in types.values())})")  # noqa: S608
    postgres.sql("INSERT INTO kinds DEFAULT VALUES")

    reading = jdbc.read(spark, dataset, Scope())
    rows = reading.frame.orderBy("c0").collect()
    reading.recheck()

    assert {names[name]: kind for name, kind in reading.frame.dtypes} == {kind: said[1] for kind, said in types.items()}
    found = rows[1].asDict()
    wrong = {
        kind: found[name]
        for name, kind in names.items()
        if types[kind][2] is not None and found[name] != types[kind][2]
    }
    assert wrong == {}
    assert found[next(n for n, k in names.items() if k == "numeric")] == TYPES["numeric"][0]
    assert str(found[next(n for n, k in names.items() if k == "numeric(38,18)")]) == TYPES["numeric(38,18)"][0]
    at = reading.frame.selectExpr(f"unix_micros({next(n for n, k in names.items() if k == 'timestamptz')}) AS at")
    assert str(at.schema["at"].dataType) == "LongType()"
    assert all(value is None for value in rows[0])


def test_a_number_without_bounds_is_exactly_of_the_declared_digits_or_none(spark, postgres, table):
    dataset = table("raw.prices", "id int, price numeric", ddl="id INT, price DECIMAL(10,2)")
    postgres.sql("INSERT INTO prices VALUES (1, 12.5), (2, 12.500), (3, NULL), (4, -0.01)")
    rows, _ = read(spark, dataset)
    assert rows == [(1, Decimal("12.50")), (2, Decimal("12.50")), (3, None), (4, Decimal("-0.01"))]

    postgres.sql("INSERT INTO prices VALUES (5, 12.555)")

    with pytest.raises(Exception, match=r"price = 12\.555 is no decimal\(10,2\)"):
        read(spark, dataset)


def test_columns_that_are_not_as_declared_are_told_before_a_row_is_read(spark, table):
    dataset = table("raw.orders", "id bigint, day date", ddl="id INT, day DATE, v STRING")

    with pytest.raises(InputError, match="'v'") as caught:
        read(spark, dataset)

    assert caught.value.exit_code == 9


def test_what_a_transformation_asks_is_answered_as_spark_does_not_as_a_collation(spark, postgres, table):
    dataset = table("raw.names", "name text, code char(3)")
    postgres.sql("INSERT INTO names VALUES ('a', 'x'), ('B', 'y')")

    reading = jdbc.read(spark, dataset, Scope())
    asked = ("name > 'B'", "code = 'x'", "code = 'x  '")
    found = [[row.name for row in reading.frame.where(each).collect()] for each in asked]
    query = reading.frame._jdf.queryExecution().toString()
    reading.recheck()

    assert found == [["a"], [], ["a"]]
    # The tests' server knows no other collation; one that holds a and A for equal would answer so too.
    assert '"name"::text COLLATE "C" AS "name"' in query


def test_a_large_table_is_read_in_parts_that_follow_its_rows(spark, postgres, table):
    dataset = table("raw.orders", "id bigint PRIMARY KEY, v text", options={"partitions": "4"})
    postgres.sql("INSERT INTO orders SELECT n, 'x' FROM generate_series(1, 2000) n")
    postgres.sql("INSERT INTO orders SELECT n * 1000000, 'y' FROM generate_series(1, 100) n")
    postgres.sql("ANALYZE orders")

    reading = jdbc.read(spark, dataset, Scope())
    sizes = reading.frame.rdd.glom().map(len).collect()
    reading.recheck()

    assert (len(sizes), sum(sizes)) == (4, 2100)
    assert max(sizes) < 2 * min(sizes)


def test_rows_with_no_key_are_read_too(spark, postgres, table):
    dataset = table("raw.orders", "id bigint UNIQUE, v text", options={"partitions": "3"})
    postgres.sql(
        "INSERT INTO orders SELECT n, 'x' FROM generate_series(1, 30) n; INSERT INTO orders VALUES (NULL, 'n')"
    )

    rows, _ = read(spark, dataset)

    assert len(rows) == 31


def test_all_parts_see_one_snapshot_whatever_is_written_meanwhile(spark, postgres, table):
    dataset = table("raw.orders", "id bigint PRIMARY KEY, v text", options={"partitions": "3"})
    postgres.sql("INSERT INTO orders SELECT n, 'old' FROM generate_series(1, 300) n")
    reading = jdbc.read(spark, dataset, Scope())

    postgres.sql(
        "UPDATE orders SET v = 'new'; DELETE FROM orders WHERE id > 200; INSERT INTO orders VALUES (301, 'new')"
    )
    rows = reading.frame.collect()
    reading.recheck()

    assert len(rows) == 300
    assert {row.v for row in rows} == {"old"}


def test_only_the_rows_of_the_interval_leave_the_database(spark, postgres, table):
    dataset = table("raw.orders", "id int, at timestamptz")
    postgres.sql(
        "INSERT INTO orders VALUES (1, '2013-02-08 00:00+00'), (2, '2013-02-09 00:00+00'), (3, '2013-02-07 23:59+00')"
    )
    interval = containing(parse_instant("2013-02-08"), Unit.DAY)

    rows, found = read(spark, dataset, column="at", interval=interval)

    assert [row[0] for row in rows] == [1]
    assert "WHERE" in found.frame._jdf.queryExecution().optimizedPlan().toString()


def test_the_identity_changes_with_the_rows_of_the_interval_alone(spark, postgres, table):
    dataset = table("raw.orders", "id int, day date")
    postgres.sql("INSERT INTO orders VALUES (1, '2013-02-08'), (2, '2013-02-09')")
    scope = {"column": "day", "interval": containing(parse_instant("2013-02-08"), Unit.DAY)}
    first = read(spark, dataset, **scope)[1].identity

    postgres.sql("INSERT INTO orders VALUES (3, '2013-02-09')")
    other = read(spark, dataset, **scope)[1].identity
    postgres.sql("UPDATE orders SET id = 4 WHERE id = 1")
    changed = read(spark, dataset, **scope)[1].identity

    assert first == other != changed


def copying(write, source="raw.orders", target="clean.orders"):
    @step(
        sources={"rows": Source(source, interval_column="day")},
        target=Target(target, "id INT NOT NULL, day DATE, amount DECIMAL(10,2)", write),
    )
    def copied(rows):
        return rows

    return copied


def merging(write, ddl="id INT, day DATE, amount DECIMAL(10,2)"):
    @step(sources={"rows": Source("raw.orders", interval_column="day")}, target=Target("clean.orders", ddl, write))
    def merged(rows):
        return rows.drop("day").withColumn("day", F.lit(None).cast("date")).select("id", "day", "amount")

    return merged


MERGES = {
    "by key": (Merge("id"), ["1|9.00", "2|2.00", "|5.00"]),
    "insert only": (Merge("id", insert_only=True), ["1|1.00", "2|2.00", "|0.00"]),
    "the greatest": (Merge("id", sequence_by="amount"), ["1|9.00", "2|2.00", "|5.00"]),
    "deleting": (Merge("id", apply_as_deletes="amount > 8"), ["2|2.00", "|5.00"]),
}


@pytest.mark.parametrize(("write", "rows"), MERGES.values(), ids=MERGES)
def test_a_merge_puts_rows_over_those_of_their_keys_and_null_equals_null(lake, postgres, orders, write, rows):
    orders("id int, day date, amount numeric(10,2)")
    postgres.sql("INSERT INTO orders VALUES (1, '2013-02-08', 1), (2, '2013-02-08', 2), (NULL, '2013-02-08', 0)")
    first = lake.run_step(merging(write))
    assert first.status is Status.PASS, first.error
    postgres.sql("INSERT INTO orders VALUES (1, '2013-02-09', 9), (NULL, '2013-02-09', 5)")

    second = lake.run_step(merging(write), date="2013-02-09")
    again = lake.run_step(merging(write), date="2013-02-09")

    assert (second.status, again.status) == (Status.PASS, Status.NO_OP), second.error
    assert postgres.sql("SELECT id, amount FROM cleaned ORDER BY 1") == rows


def test_an_older_row_changes_nothing_where_a_column_orders_them(lake, postgres, orders):
    orders("id int, day date, amount numeric(10,2)")
    postgres.sql("INSERT INTO orders VALUES (1, '2013-02-08', 5), (1, '2013-02-09', 3), (1, '2013-02-09', 4)")
    for day in ("2013-02-08", "2013-02-09"):
        assert lake.run_step(merging(Merge("id", sequence_by="amount")), date=day).status in {Status.PASS, Status.WARN}

    assert postgres.sql("SELECT id, amount FROM cleaned") == ["1|5.00"]


def test_a_key_that_is_there_twice_is_refused_by_its_value(lake, postgres, orders):
    orders("id int, day date, amount numeric(10,2)")
    postgres.sql("INSERT INTO orders VALUES (1, '2013-02-08', 5)")
    assert lake.run_step(merging(Merge("id"))).status is Status.PASS
    postgres.sql("INSERT INTO orders VALUES (7, '2013-02-09', 3), (7, '2013-02-09', 4)")

    result = lake.run_step(merging(Merge("id")), date="2013-02-09")

    assert (result.status, result.exit_code) == (Status.FAIL, 3)
    assert postgres.sql("SELECT id, amount FROM cleaned") == ["1|5.00"]


@pytest.mark.parametrize(
    "write", [ReplacePartitions("day"), ReplaceInterval("day"), Append(), ReplaceTable()], ids=repr
)
def test_from_postgres_to_postgres_the_rows_are_there_once(lake, postgres, table, write):
    table("raw.orders", COLUMNS, ddl=DDL)
    table("clean.orders")
    postgres.sql("INSERT INTO orders VALUES (1, '2013-02-08', 1.5), (2, '2013-02-08', NULL), (3, '2013-02-09', 3)")
    lake.declared["clean.orders"] = evolve(lake.dataset("clean.orders"), table="public.cleaned")

    first = lake.run_step(copying(write))
    again = lake.run_step(copying(write))

    assert (first.status, again.status) == (Status.PASS, Status.NO_OP), first.error
    assert postgres.sql("SELECT id, amount FROM cleaned ORDER BY 1") == ["1|1.50", "2|"]
    assert postgres.sql("SELECT count(*) FROM pg_class WHERE relname LIKE 'headrace_%' AND relkind = 'r'") == ["1"]


def test_an_interval_is_replaced_and_the_others_stay(lake, postgres, orders):
    orders()
    postgres.sql("INSERT INTO orders VALUES (1, '2013-02-08', 1), (3, '2013-02-09', 3)")
    for day in ("2013-02-08", "2013-02-09"):
        assert lake.run_step(copying(ReplaceInterval("day")), date=day).status is Status.PASS
    postgres.sql("UPDATE orders SET amount = 9 WHERE id = 1")

    lake.run_step(copying(ReplaceInterval("day")))

    assert postgres.sql("SELECT id, amount FROM cleaned ORDER BY 1") == ["1|9.00", "3|3.00"]


def test_a_table_that_is_there_keeps_its_columns_keys_and_defaults(lake, postgres, orders):
    orders()
    postgres.sql("CREATE TABLE cleaned (id bigint PRIMARY KEY, amount numeric(12,2), day date, by text DEFAULT 'etl')")
    postgres.sql("INSERT INTO orders VALUES (1, '2013-02-08', 1)")

    result = lake.run_step(copying(ReplaceInterval("day")))

    assert result.status is Status.PASS, result.error
    assert postgres.sql("SELECT id, amount, by FROM cleaned") == ["1|1.00|etl"]


def test_what_the_table_refuses_leaves_it_as_it_was(lake, postgres, orders):
    orders("id int, day date, amount numeric(10,2)")
    postgres.sql("CREATE TABLE cleaned (id int PRIMARY KEY, day date, amount numeric(10,2))")
    postgres.sql("INSERT INTO cleaned VALUES (7, '2013-02-08', 7)")
    postgres.sql("INSERT INTO orders VALUES (1, '2013-02-08', 1), (1, '2013-02-08', 2)")

    result = lake.run_step(copying(ReplaceInterval("day")))

    assert (result.error.type, result.exit_code) == ("PublishError", 1)
    assert "cleaned_pkey" in result.error.message
    assert postgres.sql("SELECT id FROM cleaned") == ["7"]
    assert postgres.sql("SELECT count(*) FROM pg_class WHERE relname LIKE 'headrace_%' AND relkind = 'r'") == ["0"]


def test_a_table_that_cannot_take_the_columns_is_told_before_anything_is_written(lake, postgres, orders):
    orders()
    postgres.sql("CREATE TABLE cleaned (id smallint, day date, must text NOT NULL)")
    postgres.sql("INSERT INTO orders VALUES (1, '2013-02-08', 1)")

    result = lake.run_step(copying(ReplaceInterval("day")))

    assert result.exit_code == 4
    for said in ("id: smallint does not hold every INT", "amount: the table has no such column", "must: takes no null"):
        assert said in result.error.message


def test_a_connection_that_dies_with_its_commit_leaves_all_or_nothing_and_a_run_that_knows(lake, postgres, orders):
    orders()
    postgres.sql("INSERT INTO orders VALUES (1, '2013-02-08', 1)")
    assert lake.run_step(copying(Append())).status is Status.PASS
    postgres.sql("INSERT INTO orders VALUES (2, '2013-02-09', 2)")
    # Every connection is ended again and again while the run is at it.
    ends, killed = threading.Event(), []

    def killing():
        while not ends.wait(0.05):
            killed.extend(
                postgres.sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
                )
            )

    thread = threading.Thread(target=killing)
    thread.start()
    try:
        results = [lake.run_step(copying(Append()), date="2013-02-09") for _ in range(12)]
    finally:
        ends.set()
        thread.join()
    last = lake.run_step(copying(Append()), date="2013-02-09")

    assert killed
    assert all(each.exit_code in {0, 5, 75} for each in results), [each.error for each in results]
    assert last.exit_code == 0, last.error
    assert postgres.sql("SELECT id FROM cleaned ORDER BY 1") == ["1", "2"]


def test_a_server_that_is_restarted_is_a_failure_that_passes(lake, postgres, orders):
    orders()
    postgres.sql("INSERT INTO orders SELECT n, '2013-02-08', n FROM generate_series(1, 50) n")

    @step(
        sources={"rows": Source("raw.orders", interval_column="day")},
        target=Target("clean.orders", "id INT NOT NULL, day DATE, amount DECIMAL(10,2)", Append()),
    )
    def interrupted(rows):
        postgres.restart()
        return rows

    result = lake.run_step(interrupted)
    after = lake.run_step(copying(Append()))

    assert (result.status, result.exit_code) == (Status.ERROR, 75), result.error
    assert after.status is Status.PASS, after.error
    assert postgres.sql("SELECT count(*) FROM cleaned") == ["50"]


def test_wrong_credentials_and_silence_are_told_apart_and_no_secret_is_shown(spark, postgres, table, monkeypatch):
    dataset = table("raw.orders", "id int")
    monkeypatch.setenv(VARIABLE, "wrong, and a secret")
    with pytest.raises(PlatformError, match="authentication failed") as caught:
        read(spark, dataset)
    assert "wrong, and a secret" not in str(caught.value)

    away = evolve(postgres.connection, url="jdbc:postgresql://127.0.0.1:1/postgres")
    with pytest.raises(UnreachableError):
        read(spark, evolve(dataset, connection=away))


def test_no_password_is_in_a_plan_or_a_result(lake, postgres, orders):
    orders()
    postgres.sql("INSERT INTO orders VALUES (1, '2013-02-08', 1)")
    plan = lake.plan(copying(Append()))

    result = lake.carry_out(plan)
    found = jdbc.read(lake.spark, lake.dataset("raw.orders"), Scope())
    explained = found.frame._jdf.queryExecution().toString()
    found.recheck()

    told = [str(plan.to_json()), str(result.to_json()), str([event.to_json() for event in lake.events]), explained]
    assert [text for text in told if PASSWORD in text] == []


def test_a_time_of_the_database_is_the_same_instant_in_spark_and_back(lake, postgres, table, spark):
    dataset = table("raw.times", "id int, at timestamptz, local timestamp")
    postgres.sql("INSERT INTO times VALUES (1, '2013-02-08 06:00:00.123456+02', '2013-03-31 02:30:00')")

    reading = jdbc.read(spark, dataset, Scope())
    (row,) = reading.frame.selectExpr("unix_micros(at) AS at", "CAST(local AS STRING) AS local").collect()
    reading.recheck()

    wanted = datetime(2013, 2, 8, 4, 0, 0, 123456, tzinfo=UTC)
    assert (row.at, row.local) == (int(wanted.timestamp() * 1_000_000), "2013-03-31 02:30:00")


def test_bounds_come_from_the_databases_own_histogram(spark, postgres, table):
    table("raw.orders", "id bigint PRIMARY KEY")
    postgres.sql("INSERT INTO orders SELECT n * n FROM generate_series(1, 1000) n; ANALYZE orders")
    with connected(spark, postgres.connection) as database:
        found = postgresql.ranges(database, "public.orders", 2, 1)

    assert len(found) == 2
    bound = int(found[1].rpartition(" ")[2])
    assert 450**2 < bound < 550**2
