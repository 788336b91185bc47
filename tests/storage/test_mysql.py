"""Tables of a real MariaDB: read without loss, at one moment; published exactly once."""

import threading
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from attrs import evolve

from etl import Append, Merge, ReplaceInterval, ReplacePartitions, ReplaceTable, Source, Target, step
from etl.errors import EtlError, InputError, PlatformError, UnreachableError
from etl.model.connection import Connection
from etl.model.interval import Unit, containing, parse_instant
from etl.model.result import Status
from etl.model.schema import parse_schema
from etl.storage import jdbc
from etl.storage.reading import Scope
from etl.testing.conformance import publishing, reading, schema
from tests.postgres_server import PASSWORD, VARIABLE

pytestmark = [pytest.mark.spark, pytest.mark.once]
DDL = "id INT, day DATE, amount DECIMAL(10,2)"
COLUMNS = "id int PRIMARY KEY, day date, amount decimal(10,2)"
DAY = {"column": "day", "interval": containing(parse_instant("2013-02-08"), Unit.DAY)}


@pytest.fixture
def mysql(mysql_server, monkeypatch):
    """The server with an empty database ``shop``, and its password where its connection says that it lies."""
    monkeypatch.setenv(VARIABLE, PASSWORD)
    mysql_server.sql("DROP DATABASE shop; CREATE DATABASE shop CHARACTER SET utf8mb4")
    return mysql_server


@pytest.fixture
def table(lake, mysql):
    """``table("raw.orders", "id int")`` makes a table and its dataset; without columns only the dataset."""

    def make(name, columns="", ddl=None, **more):
        if columns:
            mysql.sql(f"CREATE TABLE {name.partition('.')[2]} ({columns})")
        declared = {"schema": parse_schema(ddl)} if ddl else {}
        said = {"format": "jdbc", "connection": mysql.connection, "table": name.partition(".")[2]}
        return lake.dataset(name, **said, **declared, **more)

    return make


@pytest.fixture
def orders(lake, table):
    """``orders()`` makes the table ``orders`` of three columns, and lets ``clean.orders`` be a table ``cleaned``."""

    def make(columns=COLUMNS):
        table("raw.orders", columns, ddl=DDL)
        table("clean.orders")
        lake.declared["clean.orders"] = evolve(lake.dataset("clean.orders"), table="shop.cleaned")

    return make


def literal(text):
    return "NULL" if text is None else "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def read(spark, dataset, **scope):
    reading = jdbc.read(spark, dataset, Scope(**scope))
    rows = sorted(map(tuple, reading.frame.collect()), key=repr)
    reading.recheck()
    return rows, reading


@pytest.mark.parametrize("case", reading("jdbc"), ids=str)
def test_a_table_is_read_as_the_kit_asks(lake, mysql, table, case):
    dataset = evolve(table("raw.given"), schema=schema())
    lake.declared["raw.given"] = dataset

    def land(rows):
        values = ", ".join(f"({i}, '{d}', {literal(v)})" for i, d, v in rows)
        mysql.sql("DROP TABLE IF EXISTS given; CREATE TABLE given (id int, day date, v text)")
        if values:
            mysql.sql(f"INSERT INTO given VALUES {values}")

    case(lake, dataset, land)


def bounded(case):
    """One way of writing is enough for each CI."""
    return pytest.param(case, marks=() if str(case).startswith("ReplaceInterval") else pytest.mark.slow)


@pytest.mark.parametrize("case", [bounded(case) for case in publishing("jdbc")], ids=str)
def test_a_table_is_published_as_the_kit_asks(lake, table, case):
    case(lake, evolve(table("clean.rows"), schema=schema()))


TYPES = {
    "tinyint(1)": ("2", "tinyint", 2),
    "tinyint unsigned": ("200", "smallint", 200),
    "mediumint": ("-8388608", "int", -8388608),
    "int unsigned": ("4294967295", "bigint", 4294967295),
    "bigint": ("-9223372036854775808", "bigint", -9223372036854775808),
    "bigint unsigned": ("18446744073709551615", "decimal(20,0)", Decimal(18446744073709551615)),
    "float": ("16777216", "float", 16777216.0),
    "double": ("0.1", "double", 0.1),
    "decimal(38,10)": ("12.5", "decimal(38,10)", Decimal("12.5")),
    "decimal(65,30)": ("1.000000000000000000000000000001", "string", "1.000000000000000000000000000001"),
    "bit(5)": ("b'101'", "bigint", 5),
    "year": ("2020", "int", 2020),
    "date": ("'1000-03-15'", "date", date(1000, 3, 15)),
    "datetime(6)": ("'2013-03-31 02:30:00.123456'", "timestamp_ntz", datetime(2013, 3, 31, 2, 30, 0, 123456)),  # noqa: DTZ001 a wall clock's
    "timestamp(6) NULL": ("'2013-02-08 06:00:00.5'", "timestamp", None),
    "time(3)": ("'-100:00:00.5'", "string", "-100:00:00.500"),
    "char(5)": ("'ab'", "string", "ab"),
    "varchar(20) CHARACTER SET latin1": ("'ü '", "string", "ü "),
    "longtext": ("'\U0001f6b0'", "string", "\U0001f6b0"),
    "enum('a','b')": ("'b'", "string", "b"),
    "set('x','y')": ("'x,y'", "string", "x,y"),
    "json": ("""'{"a": [1, null]}'""", "string", '{"a": [1, null]}'),
    "blob": ("x'00ff'", "binary", bytearray(b"\x00\xff")),
    "binary(3)": ("x'01'", "binary", bytearray(b"\x01\x00\x00")),
    "point": ("point(1, 2)", "string", "POINT(1 2)"),
    "uuid": ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "string", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
}


def test_every_type_is_read_as_one_that_holds_it(spark, mysql, table):
    names = {f"c{number}": kind for number, kind in enumerate(TYPES)}
    dataset = table("raw.kinds", ", ".join(f"{name} {kind}" for name, kind in names.items()))
    mysql.sql(f"INSERT INTO kinds VALUES ({', '.join(value for value, *_ in TYPES.values())})")
    mysql.sql("INSERT INTO kinds () VALUES ()")

    reading = jdbc.read(spark, dataset, Scope())
    rows = reading.frame.orderBy("c0").collect()

    assert {names[name]: kind for name, kind in reading.frame.dtypes} == {kind: said[1] for kind, said in TYPES.items()}
    found = rows[1].asDict()
    wrong = {names[name]: value for name, value in found.items() if value != TYPES[names[name]][2]}
    assert list(wrong) == ["timestamp(6) NULL"]
    (at,) = reading.frame.selectExpr(f"unix_micros({reading.frame.columns[14]}) AS at").where("at > 0").collect()
    # The server's own zone is two hours before UTC's, and the client's session had it.
    assert at[0] == int(datetime(2013, 2, 8, 4, 0, 0, 500000, tzinfo=UTC).timestamp() * 1_000_000)
    assert all(value is None for value in rows[0])


def test_a_date_of_zeros_ends_the_run_or_is_null_where_that_is_said(spark, mysql, table):
    dataset = table("raw.orders", "id int, day date, at datetime, moment timestamp NULL")
    mysql.sql("SET sql_mode = ''; INSERT INTO orders VALUES (1, '0000-00-00', '2013-00-10', '0000-00-00')")

    with pytest.raises(Exception, match=r"\[ZERO_DATE\] \w+ holds a date of zeros"):
        read(spark, dataset)

    rows, _ = read(spark, evolve(dataset, options={"zero_dates": "null"}))
    assert rows == [(1, None, None, None)]


def test_a_truth_value_is_0_or_1_or_the_run_ends(spark, mysql, table):
    dataset = table("raw.flags", "id int, paid boolean, sent bit(1)", ddl="id INT, paid BOOLEAN, sent BOOLEAN")
    mysql.sql("INSERT INTO flags VALUES (1, true, b'0'), (2, NULL, NULL)")
    assert read(spark, dataset)[0] == [(1, True, False), (2, None, None)]

    mysql.sql("INSERT INTO flags VALUES (3, 2, b'1')")

    with pytest.raises(Exception, match="paid = 2 is neither 0 nor 1"):
        read(spark, dataset)


def test_what_a_transformation_asks_is_answered_as_spark_does_not_as_a_collation(spark, mysql, table):
    dataset = table("raw.names", "name varchar(10) COLLATE utf8mb4_general_ci")
    mysql.sql("INSERT INTO names VALUES ('a'), ('A'), ('a '), ('B')")

    frame = jdbc.read(spark, dataset, Scope()).frame

    assert [row[0] for row in frame.where("name = 'a'").collect()] == ["a"]
    assert sorted(row[0] for row in frame.where("name > 'B'").collect()) == ["a", "a "]


def test_a_large_table_is_read_in_parts_that_follow_its_rows(spark, mysql, table):
    dataset = table("raw.orders", "id bigint unsigned PRIMARY KEY, v text", options={"partitions": "4"})
    mysql.sql("INSERT INTO orders SELECT seq, 'x' FROM seq_1_to_2000")
    mysql.sql("INSERT INTO orders SELECT 18446744073709551615 - seq, 'y' FROM seq_1_to_100")

    reading = jdbc.read(spark, dataset, Scope())
    sizes = reading.frame.rdd.glom().map(len).collect()
    reading.recheck()

    assert (len(sizes), sum(sizes)) == (4, 2100)
    assert max(sizes) <= min(sizes) + 4


def test_rows_with_no_key_and_many_of_one_key_are_read_once(spark, mysql, table):
    dataset = table("raw.orders", "id int, v int, KEY (id)", options={"partitions": "3"})
    mysql.sql("INSERT INTO orders SELECT 7, seq FROM seq_1_to_20; INSERT INTO orders VALUES (NULL, 0), (NULL, 21)")

    rows, _ = read(spark, dataset)

    assert sorted(row[1] for row in rows) == list(range(22))


def test_one_reader_sees_one_moment_and_of_several_a_change_is_told(spark, mysql, table):
    alone = table("raw.orders", "id bigint PRIMARY KEY, v text")
    mysql.sql("INSERT INTO orders SELECT seq, 'old' FROM seq_1_to_300")
    readings = [jdbc.read(spark, evolve(alone, options={"partitions": n}), Scope()) for n in ("1", "3")]

    mysql.sql("UPDATE orders SET v = 'new' WHERE id = 7")

    readings[0].recheck()
    with pytest.raises(InputError, match="changed while several readers read them"):
        readings[1].recheck()


def test_the_identity_changes_with_the_rows_of_the_interval_alone(spark, mysql, table):
    dataset = table("raw.orders", "id int, day date, v varchar(10), w varchar(10)")
    mysql.sql("INSERT INTO orders VALUES (1, '2013-02-08', 'a', NULL), (2, '2013-02-09', 'b', NULL)")
    first = read(spark, dataset, **DAY)[1].identity

    mysql.sql("INSERT INTO orders VALUES (3, '2013-02-09', 'c', NULL)")
    other = read(spark, dataset, **DAY)[1].identity
    mysql.sql("UPDATE orders SET v = 'A' WHERE id = 1")
    letter = read(spark, dataset, **DAY)[1].identity
    mysql.sql("UPDATE orders SET v = NULL, w = 'A' WHERE id = 1")
    moved = read(spark, dataset, **DAY)[1].identity

    assert first == other
    assert len({str(each) for each in (first, letter, moved)}) == 3


def copying(write, ddl="id INT NOT NULL, day DATE, amount DECIMAL(10,2)"):
    @step(sources={"rows": Source("raw.orders", interval_column="day")}, target=Target("clean.orders", ddl, write))
    def copied(rows):
        return rows

    return copied


@pytest.mark.parametrize(
    "write", [ReplacePartitions("day"), ReplaceInterval("day"), Append(), ReplaceTable()], ids=repr
)
def test_from_mysql_to_mysql_the_rows_are_there_once(lake, mysql, orders, write):
    orders()
    mysql.sql("INSERT INTO orders VALUES (1, '2013-02-08', 1.5), (2, '2013-02-08', NULL), (3, '2013-02-09', 3)")

    first = lake.run_step(copying(write))
    again = lake.run_step(copying(write))

    assert (first.status, again.status) == (Status.PASS, Status.NO_OP), first.error
    assert mysql.sql("SELECT id, amount FROM cleaned ORDER BY 1") == ["1\t1.50", "2\tNULL"]
    assert mysql.sql("SHOW TABLES LIKE 'headrace_%'") == ["headrace_publishes"]


KINDS = (
    "a TINYINT, b SMALLINT, c INT, d BIGINT, e FLOAT, f DOUBLE, g BOOLEAN, h DATE, i STRING, j BINARY, k TIMESTAMP, "
    "l TIMESTAMP_NTZ, m DECIMAL(38,10)"
)


def test_what_is_published_is_read_again_as_it_was(lake, spark, mysql, table):
    lake.write("raw.rows", KINDS, [])
    given = spark.sql(
        "SELECT CAST(-1 AS TINYINT) a, CAST(2 AS SMALLINT) b, 3 c, 4L d, CAST(0.1 AS FLOAT) e, 0.1D f, true g, "
        "DATE '1000-01-01' h, '\U0001f6b0 \\\\ '' ' i, X'00FF' j, TIMESTAMP '2013-03-31 01:30:00.123456Z' k, "
        "TIMESTAMP_NTZ '2013-03-31 02:30:00.123456' l, "
        "CAST('1234567890123456789012345678.0123456789' AS DECIMAL(38,10)) m"
    )
    target = table("clean.rows")

    @step(sources={"rows": Source("raw.rows")}, target=Target("clean.rows", KINDS, ReplaceTable()))
    def kept(rows):
        return rows.unionByName(given)

    result = lake.run_step(kept)

    assert result.status is Status.PASS, result.error
    found = jdbc.read(spark, evolve(target, schema=parse_schema(KINDS)), Scope()).frame
    assert found.exceptAll(given).count() == 0
    assert found.count() == 1


def merging(write, ddl="name STRING NOT NULL, day DATE, amount DECIMAL(10,2)"):
    @step(sources={"rows": Source("raw.names", interval_column="day")}, target=Target("clean.names", ddl, write))
    def merged(rows):
        return rows

    return merged


MERGES = {
    "by key": (Merge("name"), ["A\t2.00", "a\t9.00", "a \t3.00", "b\t5.00"]),
    "insert only": (Merge("name", insert_only=True), ["A\t2.00", "a\t1.00", "a \t3.00", "b\t5.00"]),
    "the greatest": (Merge("name", sequence_by="amount"), ["A\t2.00", "a\t9.00", "a \t3.00", "b\t5.00"]),
    "deleting": (Merge("name", apply_as_deletes="amount > 8"), ["A\t2.00", "a \t3.00", "b\t5.00"]),
}


@pytest.mark.parametrize("there", [False, True], ids=["a table made here", "one that was there"])
@pytest.mark.parametrize(("write", "rows"), MERGES.values(), ids=MERGES)
def test_a_merge_tells_texts_apart_by_their_bytes(lake, mysql, table, write, rows, there):
    table(
        "raw.names",
        "name varchar(10), day date, amount decimal(10,2)",
        ddl="name STRING, day DATE, amount DECIMAL(10,2)",
    )
    table("clean.names")
    lake.declared["clean.names"] = evolve(lake.dataset("clean.names"), table="cleaned")
    if there:
        mysql.sql(
            "CREATE TABLE cleaned (name varchar(10) CHARACTER SET latin1, day date, amount decimal(10,2), KEY (name))"
        )
    mysql.sql("INSERT INTO names VALUES ('a', '2013-02-08', 1), ('A', '2013-02-08', 2), ('a ', '2013-02-08', 3)")
    first = lake.run_step(merging(write))
    assert first.status is Status.PASS, first.error
    mysql.sql("INSERT INTO names VALUES ('a', '2013-02-09', 9), ('b', '2013-02-09', 5)")

    second = lake.run_step(merging(write), date="2013-02-09")
    again = lake.run_step(merging(write), date="2013-02-09")

    assert (second.status, again.status) == (Status.PASS, Status.NO_OP), second.error
    assert mysql.sql("SELECT name, amount FROM cleaned ORDER BY CAST(name AS BINARY)") == rows


def test_an_instant_that_is_a_key_stays_when_its_row_is_updated(lake, mysql, table):
    table("clean.readings")
    ddl = "at TIMESTAMP NOT NULL, v INT"

    @step(sources={"rows": Source("raw.rows")}, target=Target("clean.readings", ddl, Merge("at")))
    def merged(rows):
        return rows

    for value in (1, 2):
        lake.write(
            "raw.rows", ddl.replace(" NOT NULL", ""), [(datetime(2013, 2, 8, tzinfo=UTC), value)], mode="overwrite"
        )
        result = lake.run_step(merged)
        assert result.status is Status.PASS, result.error

    assert mysql.sql("SELECT CONVERT_TZ(at, @@time_zone, '+00:00'), v FROM readings") == [
        "2013-02-08 00:00:00.000000\t2"
    ]


def test_a_key_that_may_be_null_is_one_key_and_one_twice_is_refused(lake, mysql, orders):
    orders("id int, day date, amount decimal(10,2)")
    mysql.sql("INSERT INTO orders VALUES (NULL, '2013-02-08', 5)")
    step_ = copying(Merge("id"), DDL)
    assert lake.run_step(step_).status is Status.PASS
    mysql.sql("INSERT INTO orders VALUES (NULL, '2013-02-09', 6)")
    assert lake.run_step(step_, date="2013-02-09").status is Status.PASS
    mysql.sql("INSERT INTO orders VALUES (7, '2013-02-10', 3), (7, '2013-02-10', 4)")

    result = lake.run_step(step_, date="2013-02-10")

    assert (result.status, result.exit_code) == (Status.FAIL, 3)
    assert mysql.sql("SELECT id, amount FROM cleaned") == ["NULL\t6.00"]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("(id int PRIMARY KEY, day date, amount decimal(10,2))", "Duplicate entry '1'"),
        ("(id int, day varchar(4), amount decimal(10,2))", "day: varchar(4) does not hold every DATE"),
        ("(id smallint, day date, must int NOT NULL)", "amount: the table has no such column"),
        ("(id int, day date, amount decimal(10,2)) ENGINE = MyISAM", "knows no transactions"),
    ],
    ids=["a key twice", "another type", "no column", "no transactions"],
)
def test_what_the_table_refuses_leaves_it_as_it_was(lake, mysql, orders, columns, said):
    orders("id int, day date, amount decimal(10,2)")
    mysql.sql(f"CREATE TABLE cleaned {columns}")
    mysql.sql("INSERT INTO orders VALUES (1, '2013-02-08', 1), (1, '2013-02-08', 2)")

    result = lake.run_step(copying(ReplaceInterval("day")))

    assert result.exit_code in {1, 4}
    assert said in result.error.message
    assert mysql.sql("SELECT count(*) FROM cleaned") == ["0"]


def test_a_text_that_is_too_long_is_refused_never_cut(lake, mysql, table):
    lake.write("raw.rows", "v STRING", [("12345",)])
    table("clean.texts", "v varchar(4)")

    @step(sources={"rows": Source("raw.rows")}, target=Target("clean.texts", "v STRING", ReplaceTable()))
    def kept(rows):
        return rows

    result = lake.run_step(kept)

    assert (result.error.type, result.exit_code) == ("PublishError", 1)
    assert "Data too long for column 'v'" in result.error.message
    assert mysql.sql("SELECT count(*) FROM texts") == ["0"]


KILLING = """
DELIMITER //
BEGIN NOT ATOMIC
  DECLARE ended INT DEFAULT 0;
  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END;
  FOR turn IN (SELECT seq FROM seq_1_to_200) DO
    FOR other IN (SELECT id FROM information_schema.processlist WHERE id <> connection_id() AND user = 'headrace') DO
      EXECUTE IMMEDIATE concat('KILL ', other.id);
      SET ended = ended + 1;
    END FOR;
    DO sleep(0.02);
  END FOR;
  SELECT ended;
END //
"""


def test_a_connection_that_dies_with_its_commit_leaves_all_or_nothing_and_a_run_that_knows(lake, mysql, orders):
    orders()
    mysql.sql("INSERT INTO orders VALUES (1, '2013-02-08', 1)")
    assert lake.run_step(copying(Append())).status is Status.PASS
    mysql.sql("INSERT INTO orders VALUES (2, '2013-02-09', 2)")
    # Every connection is ended again and again while runs are at it.
    killed, results = [], []
    thread = threading.Thread(target=lambda: killed.extend(mysql.sql(KILLING)))
    thread.start()
    while thread.is_alive():
        results.append(lake.run_step(copying(Append()), date="2013-02-09"))
    thread.join()
    last = lake.run_step(copying(Append()), date="2013-02-09")

    assert int(killed[0]) > 0
    assert all(each.exit_code in {0, 5, 75} for each in results), [each.error for each in results]
    assert last.exit_code == 0, last.error
    assert mysql.sql("SELECT id FROM cleaned ORDER BY 1") == ["1", "2"]


def test_a_server_that_is_killed_is_a_failure_that_passes(lake, mysql, orders):
    orders()
    mysql.sql("INSERT INTO orders SELECT seq, '2013-02-08', seq FROM seq_1_to_50")

    @step(
        sources={"rows": Source("raw.orders", interval_column="day")},
        target=Target("clean.orders", "id INT NOT NULL, day DATE, amount DECIMAL(10,2)", Append()),
    )
    def interrupted(rows):
        mysql.stop()
        return rows

    try:
        result = lake.run_step(interrupted)
    finally:
        mysql.start()
    after = lake.run_step(copying(Append()))

    assert (result.status, result.exit_code) == (Status.ERROR, 75), result.error
    assert after.status is Status.PASS, after.error
    assert mysql.sql("SELECT count(*) FROM cleaned") == ["50"]


def test_wrong_credentials_and_silence_are_told_apart_and_no_secret_is_shown(spark, mysql, table, monkeypatch):
    dataset = table("raw.orders", "id int")
    monkeypatch.setenv(VARIABLE, "wrong, and a secret")
    with pytest.raises(PlatformError, match="Access denied") as caught:
        read(spark, dataset)
    assert "wrong, and a secret" not in str(caught.value)

    away = evolve(mysql.connection, url="jdbc:mysql://127.0.0.1:1/shop")
    with pytest.raises(UnreachableError):
        read(spark, evolve(dataset, connection=away))


@pytest.mark.parametrize("url", ["jdbc:mysql://127.0.0.1:/shop", "jdbc:mysql:shop", "jdbc:postgresql:shop:1:2"])
def test_an_address_that_no_driver_understands_is_told(spark, table, url):
    dataset = evolve(table("raw.orders"), table="orders")

    with pytest.raises(EtlError) as caught:
        read(spark, evolve(dataset, connection=Connection(url=url)))

    assert caught.value.exit_code in {5, 75}
    assert url in caught.value.message


def test_only_what_is_above_the_watermark_is_read_and_what_is_late_again(lake, mysql, table):
    table("raw.orders", "id int PRIMARY KEY, at datetime(6), amount int", ddl="id INT, at TIMESTAMP_NTZ, amount INT")
    table("clean.orders")
    lake.declared["clean.orders"] = evolve(lake.dataset("clean.orders"), table="cleaned")
    ddl = "id INT NOT NULL, at TIMESTAMP_NTZ, amount INT"

    declared = lake.dataset("raw.orders")
    lake.declared["raw.orders"] = evolve(declared, options={"partitions": "2"})

    @step(
        sources={"rows": Source("raw.orders", incremental=True, watermark_column="at")},
        target=Target("clean.orders", ddl, Append()),
    )
    def taken(rows):
        return rows

    mysql.sql("INSERT INTO orders VALUES (1, '2013-02-08 10:00:00.000001', 1), (2, NULL, 2)")
    first = lake.run_step(taken)
    mysql.sql("INSERT INTO orders VALUES (3, '2013-02-08 10:00:00.000002', 3), (4, '2013-02-08 10:00:01', 4)")
    second = lake.run_step(taken)
    third = lake.run_step(taken)

    assert [each.status for each in (first, second, third)] == [Status.PASS, Status.PASS, Status.NO_OP], first.error
    assert mysql.sql("SELECT id FROM cleaned ORDER BY 1") == ["1", "3", "4"]
