"""Streams of Kinesis as sources: each record once into the target, in bounded batches, through a resharding."""

import json

import pytest
from attrs import evolve

from etl import Append, Source, Target, step
from etl.model.result import Status
from etl.model.schema import parse_schema
from tests.kinesis_server import packed, serving

pytestmark = pytest.mark.once
DDL = "id INT, word STRING"


@pytest.fixture
def words(lake, monkeypatch):
    """``words(1, 2)`` appends records to the stream of the dataset raw.words, which has two shards."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
        monkeypatch.setitem(lake.spark.sparkContext.environment, name, "test")  # of Python's workers
    with serving() as server:
        server.stream("words", shards=2)

        def send(*ids):
            for n in ids:
                server.put("words", f"key {n}", json.dumps({"id": n, "word": f"w{n}"}).encode())

        def declare(**declared):
            lake.declared.pop("raw.words", None)
            lake.dataset("raw.words", format="kinesis", connection=server.connection, stream="words", **declared)
            ddl = f"{DDL}, _shard STRING, _sequence STRING, _key STRING, _timestamp TIMESTAMP"
            lake.declared["raw.words"] = evolve(lake.declared["raw.words"], schema=parse_schema(ddl))

        send.server, send.lake, send.declare = server, lake, declare
        declare()
        yield send


def consuming():
    @step(
        sources={"words": Source("raw.words", incremental=True)},
        target=Target("clean.words", f"{DDL}, key STRING", Append()),
    )
    def consumed(words):
        return words.selectExpr("id", "word", "_key AS key")

    return consumed


def ids(lake):
    return sorted(row[0] for row in lake.rows("clean.words"))


def test_each_record_of_all_shards_is_read_once(words):
    words(*range(5))
    first = words.lake.run_step(consuming())
    nothing = words.lake.run_step(consuming())
    words(5)
    second = words.lake.run_step(consuming())

    assert [first.status, nothing.status, second.status] == [Status.PASS, Status.NO_OP, Status.PASS]
    assert second.reason == "stale: raw.words: 1 new record"
    assert ids(words.lake) == list(range(6))
    assert words.lake.rows("clean.words")[0] == (0, "w0", "key 0")


def test_a_stream_that_is_split_meanwhile_loses_and_doubles_nothing(words):
    words(*range(10))
    words.lake.run_step(consuming())
    words(*range(10, 15))
    words.server.split("words", "shardId-000000000000")
    words(*range(15, 25))
    words.declare(max_offsets=4)

    result = words.lake.run_step(consuming())

    assert result.status is Status.PASS
    assert result.metrics["batches"] > 1
    assert ids(words.lake) == list(range(25))
    assert words.lake.run_step(consuming()).status is Status.NO_OP


def test_a_record_that_does_not_parse_is_set_aside_with_its_shard_and_number(words):
    words(1)
    words.server.put("words", "key 1", b"{broken")
    words.server.put("words", "key 1", packed(("key 1", b'{"id": 2}'), ("key 1", b'{"id": "x"}')))
    words.declare(on_corrupt="quarantine")

    result = words.lake.run_step(consuming())

    assert (result.status, ids(words.lake)) == (Status.WARN, [1, 2])
    aside = words.lake.table("quarantine.clean_words").select("_record", "_file").collect()
    assert sorted(row["_record"] for row in aside) == ['{"id": "x"}', "{broken"]
    assert all(row["_file"].startswith("shardId-00000000000") and ", sequence 4959" in row["_file"] for row in aside)


def test_what_a_shard_refuses_an_executor_is_said(words, monkeypatch):
    words(1)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delitem(words.lake.spark.sparkContext.environment, name)
    monkeypatch.setitem(words.lake.spark.sparkContext.environment, "AWS_EC2_METADATA_DISABLED", "true")

    refused = words.lake.run_step(consuming())

    assert refused.exit_code == 5
    assert refused.error.message.startswith("kinesis://eu-west-1#words: ")


def test_a_stream_that_is_not_there_is_an_input_error(words):
    words.lake.declared["raw.words"] = evolve(words.lake.declared["raw.words"], stream="nobody")

    refused = words.lake.run_step(consuming())

    assert refused.exit_code == 9
    assert "no stream at" in refused.error.message
