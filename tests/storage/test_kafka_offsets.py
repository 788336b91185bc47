"""What one batch takes of a topic, and how its brokers are asked. No Spark, no broker."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import InputError
from etl.model.connection import Connection
from etl.model.dataset import Dataset
from etl.storage.kafka_offsets import Topic, checked, position, positioned, properties, within

TOPIC = Dataset(name="raw.words", uri="kafka://b:9092#words", format="kafka", topic="words")
OFFSETS = st.dictionaries(st.integers(0, 20), st.integers(0, 10**12), min_size=1)


@given(OFFSETS)
def test_a_position_is_read_back_as_it_was(offsets):
    assert positioned(position(offsets)) == offsets


@given(OFFSETS, st.data(), st.integers(1, 10**6))
def test_a_batch_takes_so_many_records_of_what_is_left_and_none_of_what_is_not(begins, data, most):
    ends = {partition: at + data.draw(st.integers(0, 10**5)) for partition, at in begins.items()}

    upto = within(begins, ends, most)

    assert all(begins[partition] <= at <= ends[partition] for partition, at in upto.items())
    assert sum(upto.values()) - sum(begins.values()) == min(most, sum(ends.values()) - sum(begins.values()))
    assert within(begins, ends, None) == ends


def test_a_partition_that_nobody_has_consumed_is_read_from_where_it_begins():
    assert checked(TOPIC, {0: 5}, Topic({0: 0, 1: 7}, {0: 9, 1: 9}), lossy=False) == ({0: 5, 1: 7}, 0)


def test_what_retention_took_is_refused_by_its_offsets_or_counted():
    there = Topic({0: 5, 1: 0}, {0: 9, 1: 9})

    with pytest.raises(InputError, match="offsets 2 to 4 of partition 0"):
        checked(TOPIC, {0: 2, 1: 3}, there, lossy=False)
    assert checked(TOPIC, {0: 2, 1: 3}, there, lossy=True) == ({0: 5, 1: 3}, 3)


def test_a_topic_that_ends_before_what_was_consumed_was_made_anew():
    with pytest.raises(InputError, match="the topic was made anew"):
        checked(TOPIC, {0: 10}, Topic({0: 0}, {0: 9}), lossy=True)


def said(**connection):
    return properties(Connection(url="kafka://a:9092,b:9092", **connection))


def test_brokers_are_asked_for_what_is_committed():
    assert said() == {"bootstrap.servers": "a:9092,b:9092", "isolation.level": "read_committed"}


@pytest.mark.parametrize(
    ("mechanism", "module"),
    [
        ("PLAIN", "org.apache.kafka.common.security.plain.PlainLoginModule"),
        ("SCRAM-SHA-512", "org.apache.kafka.common.security.scram.ScramLoginModule"),
    ],
)
def test_a_user_logs_in_by_the_mechanism_with_the_secret_from_where_it_lies(monkeypatch, mechanism, module):
    monkeypatch.setenv("KAFKA_PASSWORD", 'a "canary"')

    found = said(user="etl", password="env://KAFKA_PASSWORD", properties={"sasl.mechanism": mechanism})

    assert (
        found["sasl.jaas.config"]
        == f'{module} required username="etl" password={json.dumps("a " + chr(34) + "canary" + chr(34))};'
    )
    assert (found["sasl.mechanism"], found["security.protocol"]) == (mechanism, "SASL_SSL")


def test_iam_on_msk_is_one_word():
    found = said(properties={"sasl.mechanism": "AWS_MSK_IAM"})

    assert found["security.protocol"] == "SASL_SSL"
    assert found["sasl.jaas.config"] == "software.amazon.msk.auth.iam.IAMLoginModule required;"


@pytest.mark.parametrize(
    "url", ["kafka://b", "kafka://b:9092,c", "kafka://etl:secret@b:9092", "kinesis://", "jdbc:db2://b/x"]
)
def test_an_address_of_nothing_that_is_known_is_refused(url):
    from etl.model.connection import _url

    with pytest.raises(ValueError, match=r"is no address|holds a user"):
        _url(url)
