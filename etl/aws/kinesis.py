"""Shards of a Kinesis stream: which there are, and their records from a sequence number up to a time.

Amazon Kinesis Data Streams API Reference: ``ListShards``, ``GetShardIterator``, ``GetRecords``. Nothing here needs
Spark: executors read their shards by it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from attrs import field, frozen

from etl.aws.answers import GONE, Service, answered
from etl.aws.kpl import unpacked

PAGE = 10_000  # records that one request may give
BETWEEN = 0.2  # seconds between requests: a shard answers five a second
EXPIRED = "ExpiredIteratorException"
LAST_HASH = 2**128 - 1


@frozen
class Stream:
    """A stream, and how it is reached."""

    name: str
    service: Service

    @property
    def uri(self) -> str:
        """It, for messages."""
        return f"kinesis://{self.service.region}#{self.name}"


@frozen
class Shard:
    """A shard: its parents, and the hash keys that are its own."""

    id: str
    parents: tuple[str, ...] = ()
    hashes: tuple[int, int] = (0, LAST_HASH)


@frozen
class Record:
    """A record of a shard; ``part`` counts those that were packed into one. It arrived at a time in milliseconds."""

    sequence: str
    part: int
    key: str
    data: bytes = field(repr=False)
    arrived: int


@frozen
class End:
    """Where reading a shard ended.

    Args:
        sequence: of its last record that was read, those read before among them; None where there was none.
        done: the shard is closed, and nothing is left of it.
        more: there is more, and only the bound on a batch kept it from being read.
        records: how many were read.
    """

    sequence: str | None
    done: bool
    more: bool
    records: int


def client(stream: Stream) -> Any:
    """Return a client of Kinesis.

    Raises:
        PlatformError: boto3 is not installed, or there is no such profile.
    """
    return stream.service.client("kinesis")


def shards(asked: Any, stream: Stream) -> tuple[Shard, ...] | None:
    """Return all shards that still have records or may get some; None where there is no such stream.

    Raises:
        EtlError: the service refuses.
    """
    found: list[Shard] = []
    said: dict[str, Any] = {"StreamName": stream.name}
    while said:
        answer = answered(asked.list_shards, stream.uri, said, absent=GONE)
        if answer is None:
            return None
        found += [_shard(each) for each in answer["Shards"]]
        token = answer.get("NextToken")
        said = {"NextToken": token} if token else {}
    return tuple(found)


def _shard(said: dict[str, Any]) -> Shard:
    parents = tuple(said[key] for key in ("ParentShardId", "AdjacentParentShardId") if said.get(key))
    hashes = said["HashKeyRange"]
    return Shard(said["ShardId"], parents, (int(hashes["StartingHashKey"]), int(hashes["EndingHashKey"])))


def records(
    asked: Any,
    stream: Stream,
    shard: Shard,
    after: str | None,
    until: int,
    most: int | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[Record | End]:
    """Yield a shard's records after a sequence number, and last where that ended.

    It ends at the tip of the shard, at the first record that arrived after ``until`` (milliseconds), or after ``most``
    records of the stream. A page may be empty in the middle of a shard. Of a packed record those parts count whose hash
    key is the shard's own: the producer sends the others again where a shard was split meanwhile.

    Raises:
        EtlError: the service refuses, or is busy for too long.
    """
    last, count = after, 0
    iterator = _iterator(asked, stream, shard, last)
    while iterator:
        limit = PAGE if most is None else max(1, min(PAGE, most - count))
        page = {"ShardIterator": iterator, "Limit": limit}
        answer = answered(asked.get_records, stream.uri, page, absent=EXPIRED, pause=pause)
        if answer is None:
            iterator = _iterator(asked, stream, shard, last)
            continue
        for each in answer["Records"]:
            arrived = int(each["ApproximateArrivalTimestamp"].timestamp() * 1000)
            if arrived > until:
                yield End(last, done=False, more=False, records=count)
                return
            yield from _parts(each, shard, arrived)
            last, count = each["SequenceNumber"], count + 1
        iterator = answer.get("NextShardIterator")
        at_tip = not answer.get("MillisBehindLatest", 0)
        if iterator and (at_tip or (most is not None and count >= most)):
            yield End(last, done=False, more=not at_tip, records=count)
            return
        pause(BETWEEN if iterator else 0)
    yield End(last, done=True, more=False, records=count)


def _parts(said: dict[str, Any], shard: Shard, arrived: int) -> Iterator[Record]:
    packed = unpacked(said["Data"])
    if packed is None:
        yield Record(said["SequenceNumber"], 0, said["PartitionKey"], said["Data"], arrived)
        return
    first, end = shard.hashes
    for part, each in enumerate(packed):
        if first <= each.hash_key <= end:
            yield Record(said["SequenceNumber"], part, each.key, each.data, arrived)


def _iterator(asked: Any, stream: Stream, shard: Shard, after: str | None) -> Any:
    said = {"StreamName": stream.name, "ShardId": shard.id, "ShardIteratorType": "TRIM_HORIZON"}
    if after is not None:
        said |= {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": after}
    return answered(asked.get_shard_iterator, stream.uri, said)["ShardIterator"]
