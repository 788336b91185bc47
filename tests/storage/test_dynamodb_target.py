"""Tables of a real DynamoDB (AWS's DynamoDB local) as targets: each item by its key, however often it is written."""

from datetime import date

import pytest
from attrs import evolve

from etl import Merge, Source, Target, step
from etl.aws.answers import Service
from etl.aws.dynamodb import Table
from etl.aws.dynamodb_writes import Writing, write
from etl.errors import ProjectError, PublishError
from etl.model.result import Status
from etl.model.schema import parse_schema
from etl.model.text import TextRules
from etl.storage import dynamodb
from etl.storage.item_texts import item
from etl.storage.reading import Scope
from etl.testing.conformance import publishing, schema

pytestmark = pytest.mark.once
spark_test = pytest.mark.spark
DDL = "id INT, day DATE, v STRING"
DAY = date(2013, 2, 8)


@pytest.fixture
def server(dynamodb_server, monkeypatch):
    """The server without entries of publishes."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for table in dynamodb_server.client.list_tables()["TableNames"]:
        dynamodb_server.client.delete_table(TableName=table)
    return dynamodb_server


@pytest.fixture
def words(server):
    """A table ``words`` of the server, whose key is ``id``."""
    server.make("words", id="N")
    return Table("words", Service.of(server.connection))


def line(number, **values):
    inside = ", ".join(f'"{name}": {value}' for name, value in {"id": f'{{"N": "{number}"}}', **values}.items())
    return f"{{{inside}}}", False


def test_items_are_counted_as_what_they_became(server, words):
    first = write(words, Writing(("id",)), [line(1, v='{"S": "a"}'), line(2, v='{"S": "b"}')])
    second = write(
        words, Writing(("id",)), [line(1, v='{"S": "a"}'), line(2, v='{"NULL": true}'), line(3), (line(9)[0], True)]
    )

    assert first == {"inserted": 2}
    assert second == {"kept": 2, "updated": 1, "inserted": 1}
    assert server.items("words") == [{"id": {"N": "1"}, "v": {"S": "a"}}, {"id": {"N": "2"}}, {"id": {"N": "3"}}]


def test_attributes_that_are_not_written_stay(server, words):
    server.client.put_item(TableName="words", Item={"id": {"N": "1"}, "theirs": {"S": "x"}})

    write(words, Writing(("id",)), [line(1, v='{"L": [{"N": "1"}, {"M": {"b": {"B": "AP8="}}}]}')])

    inner = {"L": [{"N": "1"}, {"M": {"b": {"B": b"\x00\xff"}}}]}
    assert server.items("words") == [{"id": {"N": "1"}, "theirs": {"S": "x"}, "v": inner}]


@pytest.mark.parametrize(
    ("writing", "given", "left"),
    [
        (Writing(("id",), "at"), [line(1, at='{"N": "4"}')], "5"),
        (Writing(("id",), "at"), [line(1, at='{"N": "6"}')], "6"),
        (Writing(("id",), "at"), [line(1, at='{"NULL": true}')], "5"),
        (Writing(("id",), "at"), [(line(1, at='{"N": "4"}')[0], True)], "5"),
        (Writing(("id",), "at"), [(line(1, at='{"N": "6"}')[0], True)], None),
        (Writing(("id",), insert_only=True), [line(1, at='{"N": "6"}')], "5"),
    ],
    ids=["older", "newer", "of no time", "an older deletion", "a newer deletion", "insert only"],
)
def test_the_condition_is_judged_with_the_write(server, words, writing, given, left):
    write(words, Writing(("id",)), [line(1, at='{"N": "5"}')])

    write(words, writing, given)

    assert [each["at"]["N"] for each in server.items("words")] == ([left] if left else [])


def test_no_more_units_are_taken_than_a_writer_may(words):
    pauses = []

    write(words, Writing(("id",), units=2.0), [line(number) for number in range(4)], pause=pauses.append, clock=int)

    assert pauses == [0.5, 1.0, 1.5, 2.0]  # a unit each, two a second, on a clock that stands


def test_what_the_service_refuses_is_told_with_its_words(words):
    with pytest.raises(PublishError, match="Type mismatch for key") as caught:
        write(words, Writing(("id",)), [('{"id": {"S": "a"}}', False)])
    assert "{'id': {'S': 'a'}}" in str(caught.value)


KINDS = (
    "id INT, a BIGINT, b DECIMAL(38,10), c DOUBLE, d STRING, e BOOLEAN, f DATE, g TIMESTAMP, h TIMESTAMP_NTZ, "
    "i BINARY, j ARRAY<INT>, k MAP<STRING, DOUBLE>, l STRUCT<x: INT, y: ARRAY<STRING>>"
)
ROWS = """
SELECT 1 id, -9223372036854775808L a, CAST('1234567890123456789012345678.0123456789' AS DECIMAL(38,10)) b, 1e-100D c,
  'é "\\'\\n' d, true e, DATE '0044-03-15' f, TIMESTAMP '2013-03-31 01:30:00.5Z' g,
  TIMESTAMP_NTZ '2013-03-31 02:30:00.000001' h, X'00FF' i, array(1, NULL) j, map('a', 1.5D, 'b', NULL) k,
  named_struct('x', CAST(NULL AS INT), 'y', array('p')) l
UNION ALL SELECT 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
"""


@pytest.fixture
def table(lake, server, monkeypatch):
    """``table("clean.words", id="N")`` makes a table and its dataset."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setitem(lake.spark.sparkContext.environment, name, "test")  # of Python's workers

    def make(name, **keys):
        if keys:
            server.make(name.partition(".")[2], **keys)
        said = {"format": "dynamodb", "connection": server.connection, "table": name.partition(".")[2]}
        return lake.dataset(name, **said)

    return make


@spark_test
def test_every_type_is_read_again_as_it_was_written(lake, spark, table):
    lake.write("raw.rows", KINDS, [])
    given = spark.sql(ROWS)
    target = table("clean.words", id="N")

    @step(sources={"rows": Source("raw.rows")}, target=Target("clean.words", KINDS, Merge("id")))
    def kept(rows):
        return rows.unionByName(given)

    result = lake.run_step(kept)

    assert result.status is Status.PASS, result.error
    found = dynamodb.read(spark, evolve(target, schema=parse_schema(KINDS)), Scope()).frame
    assert found.select(*given.columns).orderBy("id").collect() == given.orderBy("id").collect()
    assert {name: result.metrics[name] for name in ("inserted", "updated", "deleted")} == {
        "inserted": 2,
        "updated": 0,
        "deleted": 0,
    }


@spark_test
@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        ("double('NaN')", "DOUBLE", "NaN is no number of DynamoDB"),
        ("timestamp '2013-02-08 00:00:00.5Z'", "TIMESTAMP", "is no whole number of s"),
    ],
)
def test_a_value_that_dynamodb_does_not_hold_ends_the_run(spark, value, kind, said):
    sql = item(parse_schema(f"v {kind}"), TextRules(timestamp_unit="s"))

    with pytest.raises(Exception, match=said):
        spark.sql(f"SELECT {value} AS v").selectExpr(sql).collect()


def test_a_type_that_dynamodb_has_not_is_told():
    with pytest.raises(ProjectError, match="DynamoDB has no type for MAP<INT, STRING>"):
        item(parse_schema("v MAP<INT, STRING>"), TextRules())


def bounded(case):
    """Some of the kit is enough for each CI."""
    kept = ("published rows", "again is", "of two runs")
    return pytest.param(case, marks=() if any(said in str(case) for said in kept) else pytest.mark.slow)


@spark_test
@pytest.mark.parametrize("case", [bounded(case) for case in publishing("dynamodb")], ids=str)
def test_a_table_is_published_as_the_kit_asks(lake, table, case):
    case(lake, evolve(table("clean.words", id="N"), schema=schema()))


def merging(write_as, ddl=DDL):
    @step(sources={"rows": Source("raw.rows", interval_column="day")}, target=Target("clean.words", ddl, write_as))
    def merged(rows):
        return rows

    return merged


@spark_test
@pytest.mark.parametrize(
    ("write_as", "keys", "said"),
    [
        (Merge("day"), {"id": "N"}, "merges by day (S); the key of table words is id (N)"),
        (Merge("id"), {"id": "S"}, "merges by id (N); the key of table words is id (S)"),
        (Merge("id"), {"id": "N", "v": "S"}, "the key of table words is id (N), v (S)"),
    ],
    ids=["another column", "another type", "a part of it"],
)
def test_a_merge_by_another_key_than_the_tables_is_refused(lake, table, write_as, keys, said):
    table("clean.words", **keys)
    lake.write("raw.rows", DDL, [(1, DAY, "a")])

    result = lake.run_step(merging(write_as))

    assert result.exit_code == 4
    assert said in result.error.message


@spark_test
def test_a_table_that_is_not_there_is_told(lake, table):
    table("clean.words")
    lake.write("raw.rows", DDL, [(1, DAY, "a")])

    result = lake.run_step(merging(Merge("id")))

    assert (result.error.type, "words" in result.error.message) == ("MissingDatasetError", True)


@spark_test
def test_a_key_that_is_there_twice_is_refused_before_an_item_is_written(lake, server, table):
    table("clean.words", id="N")
    lake.write("raw.rows", DDL, [(1, DAY, "a"), (7, DAY, "b"), (7, DAY, "c")])

    result = lake.run_step(merging(Merge("id")))

    assert (result.status, result.exit_code) == (Status.FAIL, 3)
    assert server.items("words") == []


@spark_test
def test_a_key_that_dynamodb_does_not_take_is_a_publish_that_fails(lake, server, table):
    table("clean.words", v="S")
    lake.write("raw.rows", DDL, [(1, DAY, "a"), (2, DAY, "")])

    result = lake.run_step(merging(Merge("v")))

    assert (result.error.type, result.exit_code) == ("PublishError", 1)
    assert "empty string" in result.error.message
    assert lake.run_step(merging(Merge("v"))).exit_code == 1


@spark_test
def test_of_several_rows_of_a_key_the_newest_is_written_and_deletions_delete(lake, server, table):
    table("clean.words", id="N")
    how = Merge("id", sequence_by="v", apply_as_deletes="v = 'gone'")
    lake.write("raw.rows", DDL, [(1, DAY, "a"), (1, DAY, "b"), (2, DAY, "a")])
    assert lake.run_step(merging(how)).status in {Status.PASS, Status.WARN}
    after = date(2013, 2, 9)
    lake.write("raw.rows", DDL, [(1, after, "a"), (2, after, "gone"), (3, after, "c")], mode="append")

    result = lake.run_step(merging(how), date=str(after))

    assert result.exit_code == 0, result.error
    assert [(each["id"]["N"], each["v"]["S"]) for each in server.items("words")] == [("1", "b"), ("3", "c")]
    assert (result.metrics["inserted"], result.metrics["deleted"]) == (1, 1)


@spark_test
def test_a_run_that_died_among_its_items_is_made_good_by_the_next(lake, server, table, monkeypatch):
    table("clean.words", id="N")
    lake.write("raw.rows", DDL, [(number, DAY, "a") for number in range(20)])

    def dying(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("etl.storage.dynamodb_target.dynamodb_log.enter", dying)
        with pytest.raises(KeyboardInterrupt):
            lake.run_step(merging(Merge("id")))
    assert len(server.items("words")) == 20

    after = lake.run_step(merging(Merge("id")))
    again = lake.run_step(merging(Merge("id")))

    assert (after.status, again.status) == (Status.PASS, Status.NO_OP), after.error
    assert after.metrics["inserted"] == after.metrics["updated"] == 0
    assert len(server.items("words")) == 20
