"""Topics of Kafka, on a real broker: every record once, in bounded batches, whatever dies meanwhile."""

import json

import pytest
from attrs import evolve

from etl import Append, Merge, Source, Target, step
from etl.model.result import Status
from etl.model.schema import parse_schema

DDL = "id INT, word STRING"


@pytest.fixture
def words(lake, kafka_broker):
    """``words(1, 2)`` appends records to the topic of the dataset raw.words; ``words.topic`` is its name."""
    broker = kafka_broker
    topic = broker.topic(lake.spark)
    declare(lake, broker, topic)

    def send(*ids, partition=0):
        broker.send(lake.spark, topic, *(json.dumps({"id": n, "word": f"w{n}"}) for n in ids), partition=partition)

    send.topic, send.broker, send.lake = topic, broker, lake
    return send


def declare(lake, broker, topic, ddl=DDL, **declared):
    lake.declared.pop("raw.words", None)
    lake.dataset("raw.words", format="kafka", connection=broker.connection, topic=topic, **declared)
    lake.declared["raw.words"] = evolve(
        lake.declared["raw.words"], schema=parse_schema(ddl), uri=f"{broker.connection.url}#{topic}"
    )


def consuming(ddl=DDL, write=None):
    @step(
        sources={"words": Source("raw.words", incremental=True)},
        target=Target("clean.words", ddl, write or Append()),
        conserve="words",
    )
    def consumed(words):
        return words

    return consumed


def ids(lake):
    return [row[0] for row in lake.rows("clean.words")]


def test_each_record_is_read_once_of_all_partitions(words):
    words(1, 2)
    words(3, partition=1)
    first = words.lake.run_step(consuming())
    nothing = words.lake.run_step(consuming())
    words(4, partition=1)
    second = words.lake.run_step(consuming())

    assert [first.status, nothing.status, second.status] == [Status.PASS, Status.NO_OP, Status.PASS]
    assert second.reason == "stale: raw.words: 1 new offset"
    assert second.rows.read == {"words": 1}
    assert ids(words.lake) == [1, 2, 3, 4]


@pytest.mark.once
def test_a_backlog_is_worked_off_in_batches_of_so_many_records(words):
    words(*range(10))
    words(*range(10, 14), partition=1)
    declare(words.lake, words.broker, words.topic, max_offsets=5)

    result = words.lake.run_step(consuming())

    assert (result.metrics["batches"], result.rows.published) == (3, 14)
    assert sorted(ids(words.lake)) == list(range(14))


def test_a_record_tells_where_it_stands(words):
    declared = "id INT, _key STRING, _topic STRING, _partition INT, _offset BIGINT, _timestamp TIMESTAMP"
    target = "id INT, key STRING, topic STRING, part INT, at BIGINT, since BOOLEAN"
    declare(words.lake, words.broker, words.topic, declared)
    words.broker.send(words.lake.spark, words.topic, '{"id": 7}', partition=1, key="seven")

    @step(sources={"words": Source("raw.words", incremental=True)}, target=Target("clean.words", target, Append()))
    def told(words):
        return words.selectExpr(
            "id",
            "_key AS key",
            "_topic AS topic",
            "_partition AS part",
            "_offset AS at",
            "_timestamp > TIMESTAMP'2020-01-01' AS since",
        )

    words.lake.run_step(told)

    assert words.lake.rows("clean.words") == [(7, "seven", words.topic, 1, 0, True)]


def test_a_record_that_does_not_parse_is_told_or_set_aside_with_its_offset(words):
    words(1)
    words.broker.send(words.lake.spark, words.topic, '{"id": "x"}', partition=1)
    refused = words.lake.run_step(consuming())
    declare(words.lake, words.broker, words.topic, on_corrupt="quarantine")
    done = words.lake.run_step(consuming())

    assert refused.exit_code == 9
    assert f"{words.topic}, partition 1, offset 0" in refused.error.message
    assert (done.status, ids(words.lake)) == (Status.WARN, [1])
    (aside,) = words.lake.table("quarantine.clean_words").select("_record", "_file", "_broken").collect()
    assert aside["_record"] == '{"id": "x"}'
    assert aside["_file"] == f"{words.topic}, partition 1, offset 0"


@pytest.mark.once
def test_a_tombstone_is_a_row_without_values_that_may_delete(words):
    ddl = "id INT, word STRING, _key STRING, _offset BIGINT, _tombstone BOOLEAN"
    declare(words.lake, words.broker, words.topic, ddl)
    target = "key STRING NOT NULL, word STRING, at BIGINT, gone BOOLEAN"

    @step(
        sources={"words": Source("raw.words", incremental=True)},
        target=Target("clean.words", target, Merge(keys=("key",), sequence_by="at", apply_as_deletes="gone")),
    )
    def latest(words):
        return words.selectExpr("_key AS key", "word", "_offset AS at", "_tombstone AS gone")

    for key in ("a", "b"):
        words.broker.send(words.lake.spark, words.topic, '{"word": "here"}', key=key)
    words.lake.run_step(latest)
    words.broker.send(words.lake.spark, words.topic, None, key="a")
    words.lake.run_step(latest)

    assert [row[:2] for row in words.lake.rows("clean.words")] == [("b", "here")]


@pytest.mark.once
def test_records_of_a_transaction_that_was_aborted_are_not_read(words):
    words(1)
    with words.broker.transaction(words.lake.spark) as producer:
        from tests.kafka_server import _records

        for each in _records(words.lake.spark, words.topic, ['{"id": 2}'], 0, None):
            producer.send(each).get()
        producer.abortTransaction()
    words(3)

    result = words.lake.run_step(consuming())

    assert ids(words.lake) == [1, 3]
    assert words.lake.run_step(consuming()).status is Status.NO_OP
    assert result.status is Status.PASS


@pytest.mark.once
def test_a_partition_that_is_added_is_read_from_its_beginning(words):
    words(1)
    words.lake.run_step(consuming())
    words.broker.add_partitions(words.lake.spark, words.topic, 3)
    words(2, partition=2)

    words.lake.run_step(consuming())

    assert ids(words.lake) == [1, 2]


@pytest.mark.once
def test_records_that_retention_took_before_they_were_consumed_are_named(words):
    words(1, 2, 3)
    declare(words.lake, words.broker, words.topic, max_offsets=1)
    words.lake.run_step(consuming())
    words(4, 5, 6)
    words.broker.delete_before(words.lake.spark, words.topic, 0, 5)

    refused = words.lake.run_step(consuming())
    declare(words.lake, words.broker, words.topic, options={"failOnDataLoss": "false"})
    allowed = words.lake.run_step(consuming())

    assert refused.exit_code == 9
    assert "offsets 3 to 4 of partition 0" in refused.error.message
    assert allowed.reason == "stale: raw.words: 1 new offset, 2 offsets lost to retention"
    assert ids(words.lake) == [1, 2, 3, 6]


@pytest.mark.once
def test_a_topic_that_is_not_there_is_an_input_error(words):
    declare(words.lake, words.broker, "nobody-has-this")

    refused = words.lake.run_step(consuming())

    assert refused.exit_code == 9
    assert "no topic at kafka://127.0.0.1:" in refused.error.message


@pytest.mark.once
def test_a_broker_that_is_gone_is_said_and_nothing_is_lost_when_it_is_back(words):
    words(1)
    words.lake.run_step(consuming())
    words(2)
    words.broker.kill()

    gone = words.lake.run_step(consuming())
    words.broker.start()
    back = words.lake.run_step(consuming())

    assert (gone.exit_code, back.status) == (75, Status.PASS)
    assert ids(words.lake) == [1, 2]
