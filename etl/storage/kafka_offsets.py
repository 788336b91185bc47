"""Offsets of a topic of Kafka: where its partitions begin and end, and what one batch takes of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from etl.aws.secrets import resolve
from etl.errors import EtlError, InputError, MissingDatasetError, PlatformError, UnreachableError
from etl.model.connection import Connection, is_secret
from etl.model.dataset import Dataset
from etl.spark.added import added_class
from etl.spark.causes import text_of
from etl.spark.jvm import java_class

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Offsets = dict[int, int]
"""By partition the offset of the next record to read."""

CONSUMER = "org.apache.kafka.clients.consumer.KafkaConsumer"
BYTES = "org.apache.kafka.common.serialization.ByteArrayDeserializer"
WAIT = {"default.api.timeout.ms": "20000", "request.timeout.ms": "10000"}
MSK_IAM = {
    "security.protocol": "SASL_SSL",
    "sasl.jaas.config": "software.amazon.msk.auth.iam.IAMLoginModule required;",
    "sasl.client.callback.handler.class": "software.amazon.msk.auth.iam.IAMClientCallbackHandler",
}
"""What Kafka's clients need beside ``sasl.mechanism = "AWS_MSK_IAM"`` (Amazon MSK Developer Guide, "IAM access control"
); the jar ``aws-msk-iam-auth`` has the classes."""
_SAID = re.compile(r"org\.apache\.kafka\.[\w.]+?\.(\w+Exception)(?:: ([^\n]*))?")
LOGIN = {"PLAIN": "plain.PlainLoginModule"}
SCRAM = "scram.ScramLoginModule"


@frozen
class Topic:
    """Where the partitions of a topic begin and end now, by partition."""

    begins: Mapping[int, int] = field(hash=False)
    ends: Mapping[int, int] = field(hash=False)


def properties(connection: Connection) -> dict[str, str]:
    """Return the properties of Kafka's clients, secrets in them: for the clients alone."""
    said = {"isolation.level": "read_committed"} | dict(connection.properties)
    if said.get("sasl.mechanism") == "AWS_MSK_IAM":
        said = MSK_IAM | said
    elif connection.user:
        user, password = (resolve(each) if is_secret(each) else each for each in (connection.user, connection.password))
        mechanism = said.setdefault("sasl.mechanism", "PLAIN")
        module = f"org.apache.kafka.common.security.{LOGIN.get(mechanism, SCRAM)}"
        words = f"username={json.dumps(user)} password={json.dumps(password)}"
        said["sasl.jaas.config"] = f"{module} required {words};"
        said.setdefault("security.protocol", "SASL_SSL")
    return said | {"bootstrap.servers": connection.servers}


def topic(session: SparkSession, dataset: Dataset, connection: Connection) -> Topic | None:
    """Return a topic's partitions; None where there is no such topic.

    Raises:
        UnreachableError: no broker answers.
        PlatformError: the brokers refuse.
    """
    from py4j.protocol import Py4JJavaError

    added_class(session, CONSUMER, connection.vendor, connection.url)
    said = java_class(session, "java.util.Properties")()
    given = WAIT | properties(connection) | {"key.deserializer": BYTES, "value.deserializer": BYTES}
    for key, value in (given | {"allow.auto.create.topics": "false"}).items():
        said.setProperty(key, value)
    try:
        consumer = java_class(session, CONSUMER)(said)
        try:
            return _asked(session, dataset, consumer)
        finally:
            consumer.close()
    except Py4JJavaError as error:
        if "UnknownTopicOrPartition" in text_of(error):
            return None
        raise condition(error, dataset, connection) from error


def _asked(session: SparkSession, dataset: Dataset, consumer: Any) -> Topic | None:
    listed = consumer.partitionsFor(dataset.topic)
    if listed is None or listed.isEmpty():
        return None
    at = java_class(session, "org.apache.kafka.common.TopicPartition")
    every = java_class(session, "java.util.ArrayList")()
    for info in listed:
        every.add(at(dataset.topic, info.partition()))
    return Topic(*(_numbers(str(ask(every).toString())) for ask in (consumer.beginningOffsets, consumer.endOffsets)))


def _numbers(text: str) -> Offsets:
    """Read ``{flights-0=12, flights-1=7}``: one call, not two for each partition."""
    return {int(partition): int(offset) for partition, offset in re.findall(r"-(\d+)=(\d+)", text)}


def condition(error: BaseException, dataset: Dataset, connection: Connection) -> EtlError:
    """Return what a failure of Kafka's clients means."""
    found = _SAID.search(text_of(error))
    name, words = (found[1], found[2] or "") if found else ("", "")
    said = f"{name}: {words}".strip(": ") if found else str(error).splitlines()[0]
    if "Authentication" in name or "Authorization" in name:
        return PlatformError(
            f"{connection.url}: {said}",
            remedy="correct user and password of the connection, or give its user the right to read the topic",
        )
    if any(word in name for word in ("Timeout", "Disconnect", "Network", "Retriable", "NotLeader", "NotAvailable")):
        return UnreachableError(connection.url, said)
    return PlatformError(f"dataset {dataset.name}: {connection.url}: {said}")


def position(offsets: Mapping[int, int]) -> str:
    """Return offsets as a position."""
    return json.dumps({str(partition): offset for partition, offset in sorted(offsets.items())})


def positioned(text: str) -> Offsets:
    """Return the offsets that a position says."""
    return {int(partition): offset for partition, offset in json.loads(text).items()}


def checked(dataset: Dataset, since: Offsets, there: Topic, *, lossy: bool) -> tuple[Offsets, int]:
    """Return from where to read each partition that is there, and how many records are lost.

    A partition that was added is read from its beginning.

    Raises:
        InputError: the topic ends before what was consumed of it; or records are gone that were not consumed, and
            nothing says that this may be.
    """
    begins, lost, told = {}, 0, []
    for partition, first in there.begins.items():
        at = since.get(partition, first)
        if at > there.ends[partition]:
            raise InputError(
                f"dataset {dataset.name}: partition {partition} of {dataset.topic} ends at {there.ends[partition]}, "
                f"and {at} records of it were consumed: the topic was made anew",
                place=dataset.place,
                remedy="the target is unchanged; say from where to go on: `etl state reset STEP --to earliest`",
            )
        if at < first:
            lost += first - at
            told.append(f"{at:,} to {first - 1:,} of partition {partition}")
        begins[partition] = max(at, first)
    if told and not lossy:
        raise InputError(
            f"dataset {dataset.name}: {dataset.topic} has deleted records that were not consumed (its retention): "
            f"offsets {', '.join(told)}",
            place=dataset.place,
            remedy='the target is unchanged; go on without them: options = { failOnDataLoss = "false" }',
        )
    return begins, lost


def within(begins: Offsets, ends: Mapping[int, int], most: int | None) -> Offsets:
    """Return up to where one batch reads: of each partition a share like what it has left, of ``most`` records."""
    left = {partition: max(0, ends[partition] - at) for partition, at in begins.items()}
    total = sum(left.values())
    if most is None or total <= most:
        return {partition: begins[partition] + size for partition, size in left.items()}
    shares = {partition: most * size // total for partition, size in left.items()}
    rest = most - sum(shares.values())
    for partition in sorted(left, key=lambda each: (-left[each], each)):
        more = min(rest, left[partition] - shares[partition])
        shares[partition], rest = shares[partition] + more, rest - more
    return {partition: begins[partition] + share for partition, share in shares.items()}


def missing(dataset: Dataset) -> MissingDatasetError:
    """Return the error of a topic that is not there."""
    written = bool(dataset.written_by)
    return MissingDatasetError(dataset.name, dataset.uri, what="topic", written_here=written, place=dataset.place)
