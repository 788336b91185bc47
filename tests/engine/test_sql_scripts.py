"""Statements for a database as a step: all of them or none, at least once an interval, and a row that says so."""

import threading
import time

import pytest
from attrs import evolve

from etl import ReplaceTable, Source, Target, sql_script_step, step
from etl.engine.statements import split
from etl.engine.stop import Stop
from etl.errors import DefinitionError, ScriptError
from etl.model.result import Status
from tests.postgres_server import PASSWORD, VARIABLE

once = pytest.mark.once


BODIES = (
    "-- a; b\nINSERT INTO t VALUES ('a;\\', $$c;d$$); /* none; /* nested; */ */ ;\n"
    "CREATE FUNCTION f() RETURNS int AS $b$ BEGIN RETURN 1; END; $b$ LANGUAGE plpgsql; SELECT E'a\\';' -- end;"
)
PARTED = {
    "postgres": (
        BODIES,
        [
            "INSERT INTO t VALUES ('a;\\', $$c;d$$)",
            "CREATE FUNCTION f() RETURNS int AS $b$ BEGIN RETURN 1; END; $b$ LANGUAGE plpgsql",
            "SELECT E'a\\';'",
        ],
    ),
    "mysql": (
        "INSERT INTO t VALUES ('a\\\\'';b', \"c;\\\"d\", `x;y`); # hi; there\nSELECT 1",
        ["INSERT INTO t VALUES ('a\\\\'';b', \"c;\\\"d\", `x;y`)", "SELECT 1"],
    ),
    "redshift": (
        "UNLOAD ('select ''a;b''') TO 's3://x';; VACUUM sales;",
        ["UNLOAD ('select ''a;b''') TO 's3://x'", "VACUUM sales"],
    ),
}


@pytest.mark.parametrize(("dialect", "text", "found"), [(key, *said) for key, said in PARTED.items()], ids=PARTED)
def test_statements_are_parted_where_the_database_ends_them(dialect, text, found):
    assert split(text, dialect) == found
    assert split(" ; -- nothing\n", dialect) == []


def test_a_quote_that_does_not_end_is_told():
    with pytest.raises(ScriptError, match="cannot be told apart"):
        split("SELECT 'a", "postgres")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, "needs file or sql, one of them"),
        ({"sql": "SELECT 1", "file": "x.sql"}, "needs file or sql, one of them"),
        ({"file": "no.sql"}, "file='no.sql' cannot be read"),
        ({"sql": "SELECT {here}"}, "{here} is not known in statements"),
        ({"sql": "SELECT '{start:%Y}'", "write": ReplaceTable()}, "it publishes that it has run"),
    ],
)
def test_what_cannot_be_carried_out_is_told_where_it_is_declared(said, told):
    with pytest.raises(DefinitionError) as caught:
        sql_script_step("ops.refreshed", connection="shop", **said)

    assert told in caught.value.message
    assert caught.value.place.file == __file__


@pytest.fixture
def postgres(postgres_server, lake, monkeypatch):
    """The server with a table ``t``, as the lake's connection ``shop``."""
    monkeypatch.setenv(VARIABLE, PASSWORD)
    postgres_server.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE t (id int PRIMARY KEY, v text)")
    lake.connections["shop"] = postgres_server.connection
    return postgres_server


def asking(sql, **more):
    return sql_script_step("ops.refreshed", connection="shop", sql=sql, **more)


SCRIPT = "INSERT INTO t VALUES ({start:%d}, '{job}'); UPDATE t SET v = v || '!' WHERE id = {start:%d};"


@once
@pytest.mark.spark
def test_statements_are_carried_out_once_an_interval_and_say_so(lake, postgres):
    first = lake.run_step(asking(SCRIPT))
    again = lake.run_step(asking(SCRIPT))
    other = lake.run_step(asking(SCRIPT), date="2013-02-09")

    assert [each.status for each in (first, again, other)] == [Status.PASS, Status.NO_OP, Status.PASS], first.error
    assert postgres.sql("SELECT * FROM t ORDER BY 1") == ["8|test!", "9|test!"]
    told = {(row.interval, row.said) for row in lake.table("ops.refreshed").collect()}
    assert told == {("2013-02-08", "2 statements, 2 rows changed"), ("2013-02-09", "2 statements, 2 rows changed")}


@once
@pytest.mark.spark
def test_a_statement_that_is_refused_is_named_and_nothing_is_left_of_those_before_it(lake, postgres):
    result = lake.run_step(asking("INSERT INTO t VALUES (1, 'a');\nINSERT INTO t VALUES (1, 'b')"))

    assert (result.error.type, result.exit_code) == ("ScriptError", 1)
    assert "statement 2 of 2, \"INSERT INTO t VALUES (1, 'b')\"" in result.error.message
    assert "t_pkey" in result.error.message
    assert postgres.sql("SELECT count(*) FROM t") == ["0"]


@once
@pytest.mark.spark
def test_without_a_transaction_each_statement_takes_effect_by_itself(lake, postgres):
    result = lake.run_step(asking("INSERT INTO t VALUES (1, 'a'); VACUUM t; SELECT 1 / 0", transaction=False))

    assert "statement 3 of 3" in result.error.message
    assert postgres.sql("SELECT count(*) FROM t") == ["1"]


@once
@pytest.mark.spark
def test_a_parameter_cannot_leave_its_quotes(lake, postgres):
    planned = lake.plan(asking("INSERT INTO t VALUES (1, '{param.name}')"))
    result = lake.carry_out(evolve(planned, params={"name": "x'); DROP TABLE t; --"}))

    assert result.exit_code == 0, result.steps[0].error
    assert postgres.sql("SELECT v FROM t") == ["x'); DROP TABLE t; --"]


@once
@pytest.mark.spark
def test_statements_that_take_too_long_are_ended(lake, postgres):
    result = lake.run_step(asking("INSERT INTO t VALUES (1, 'a'); SELECT pg_sleep(60)", timeout="1 second"))

    assert (result.error.type, result.exit_code) == ("ScriptError", 1)
    assert "took longer than 0:00:01" in result.error.message
    assert postgres.sql(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()"
    ) == ["0"]
    assert postgres.sql("SELECT count(*) FROM t") == ["0"]


@once
@pytest.mark.spark
def test_a_run_that_is_told_to_stop_ends_what_is_at_work(lake, postgres):
    stop = Stop()

    def tell():
        while postgres.sql("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'") == ["0"]:
            time.sleep(0.05)
        stop.request(130)

    thread = threading.Thread(target=tell)
    thread.start()
    result = lake.run(asking("SELECT pg_sleep(60)"), stop=stop)
    thread.join()

    assert (result.steps[0].status, result.exit_code) == (Status.CANCELLED, 130)


@once
@pytest.mark.spark
def test_statements_come_after_what_they_wait_for_and_before_what_reads_them(lake, postgres):
    lake.write("raw.rows", "id INT", [(1,)])

    @step(sources={"rows": Source("raw.rows")}, target=Target("clean.rows", "id INT", ReplaceTable()))
    def clean(rows):
        return rows

    after = asking("INSERT INTO t VALUES (1, 'a')", sources={"rows": Source("clean.rows")})

    @step(sources={"done": Source("ops.refreshed")}, target=Target("marts.rows", "said STRING", ReplaceTable()))
    def last(done):
        return done.select("said")

    result = lake.run(last, after, clean)

    assert result.exit_code == 0, [each.error for each in result.steps]
    assert lake.rows("marts.rows") == [("1 statement, 1 row changed",)]


@once
@pytest.mark.spark
def test_mysql_is_asked_too_and_a_backslash_is_a_letter(lake, mysql_server, monkeypatch):
    monkeypatch.setenv(VARIABLE, PASSWORD)
    mysql_server.sql("DROP DATABASE shop; CREATE DATABASE shop; CREATE TABLE shop.t (v text)")
    lake.connections["shop"] = mysql_server.connection
    planned = lake.plan(asking("INSERT INTO t VALUES ('{param.name}'); INSERT INTO t SELECT concat(v, '!') FROM t;"))

    result = lake.carry_out(evolve(planned, params={"name": "a\\'; --"}))

    assert result.exit_code == 0, result.steps[0].error
    assert mysql_server.sql("SELECT hex(v) FROM t") == [b"a\\'; --".hex().upper(), b"a\\'; --!".hex().upper()]
