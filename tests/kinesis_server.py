"""Kinesis as its documentation has it, behind HTTP: executors ask it by the real SDK, whose model checks each request.

What moto does otherwise it does right: a closed shard's last iterator is null, pages may be empty in the middle of a
shard, sequence numbers have 56 digits, shards are busy and iterators expire when a test says so.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from attrs import define, field

from etl.aws.kinesis import LAST_HASH
from etl.aws.kpl import hash_of
from etl.model.connection import Connection
from tests import json_service
from tests.json_service import RefusedError

FIRST = 49590338271490256608559692538361571095921575989136588898  # of the size that AWS's have


@define
class Shard:
    """A shard: the hash keys that are its own, its records in order, and whether it takes more of them."""

    id: str
    hashes: tuple[int, int]
    parents: list[str] = field(factory=list)
    records: list[dict[str, Any]] = field(factory=list)
    closed: bool = False


@define
class Streams:
    """A server's streams, and its moods.

    Args:
        port: where it listens.
        busy: so many of the next requests for records are refused.
        empty: so many of the next pages are empty, though records follow.
        expire: so many of the next iterators have expired.
        asked: how often each operation was.
    """

    port: int = 0
    streams: dict[str, dict[str, Shard]] = field(factory=dict)
    sequence: Iterator[int] = field(factory=lambda: itertools.count(FIRST))
    busy: int = 0
    empty: int = 0
    expire: int = 0
    asked: Counter[str] = field(factory=Counter)

    @property
    def connection(self) -> Connection:
        """How it is reached."""
        return Connection(url="kinesis://eu-west-1", properties={"endpoint_url": f"http://127.0.0.1:{self.port}"})

    def stream(self, name: str, shards: int = 1) -> None:
        """Make a stream."""
        size = (LAST_HASH + 1) // shards
        self.streams[name] = {}
        for number in range(shards):
            end = LAST_HASH if number == shards - 1 else (number + 1) * size - 1
            self._add(name, (number * size, end), [])

    def put(self, name: str, key: str, data: bytes, arrived: float | None = None) -> str:
        """Append a record to the shard of its key, and return the shard."""
        (shard,) = [
            s for s in self.streams[name].values() if not s.closed and s.hashes[0] <= hash_of(key) <= s.hashes[1]
        ]
        said = {
            "SequenceNumber": str(next(self.sequence)),
            "PartitionKey": key,
            "Data": base64.b64encode(data).decode(),
        }
        shard.records.append(said | {"ApproximateArrivalTimestamp": time.time() if arrived is None else arrived})
        return shard.id

    def split(self, name: str, shard_id: str) -> None:
        """Close a shard and open two for its keys."""
        shard = self.streams[name][shard_id]
        shard.closed = True
        (first, last), middle = shard.hashes, sum(shard.hashes) // 2
        self._add(name, (first, middle), [shard_id])
        self._add(name, (middle + 1, last), [shard_id])

    def _add(self, name: str, hashes: tuple[int, int], parents: list[str]) -> None:
        shard_id = f"shardId-{len(self.streams[name]):012d}"
        self.streams[name][shard_id] = Shard(shard_id, hashes, parents)

    def answer(self, operation: str, said: dict[str, Any]) -> dict[str, Any]:
        """Answer one request."""
        self.asked[operation] += 1
        answer: dict[str, Any] = getattr(self, f"_{operation}")(said)
        return answer

    def _of(self, name: str) -> dict[str, Shard]:
        if name not in self.streams:
            raise RefusedError("ResourceNotFoundException", f"Stream {name} under account 123456789012 not found.")
        return self.streams[name]

    def _ListShards(self, said: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 the service's name
        """Two at a time: a stream of three needs a second page."""
        name, at = said["NextToken"].split("/") if "NextToken" in said else (said["StreamName"], "0")
        every = list(self._of(name).values())
        page = every[int(at) : int(at) + 2]
        found = [_described(shard) for shard in page]
        return {"Shards": found} | ({"NextToken": f"{name}/{int(at) + 2}"} if len(every) > int(at) + 2 else {})

    def _GetShardIterator(self, said: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        shard = self._of(said["StreamName"])[said["ShardId"]]
        at = 0
        if said["ShardIteratorType"] == "AFTER_SEQUENCE_NUMBER":
            at = sum(int(each["SequenceNumber"]) <= int(said["StartingSequenceNumber"]) for each in shard.records)
        return {"ShardIterator": f"{said['StreamName']}/{shard.id}/{at}"}

    def _GetRecords(self, said: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        if self.busy:
            self.busy -= 1
            raise RefusedError("ProvisionedThroughputExceededException", "Rate exceeded for shard")
        if self.expire:
            self.expire -= 1
            raise RefusedError("ExpiredIteratorException", "Iterator expired.")
        name, shard_id, at = said["ShardIterator"].split("/")
        shard, start = self._of(name)[shard_id], int(at)
        size = min(said.get("Limit", 10_000), 3)  # a page never has all
        if self.empty:
            self.empty, size = self.empty - 1, 0
        end = min(start + size, len(shard.records))
        answer = {"Records": shard.records[start:end], "MillisBehindLatest": 1000 * (len(shard.records) - end)}
        return (
            answer
            if shard.closed and end == len(shard.records)
            else answer | {"NextShardIterator": f"{name}/{shard_id}/{end}"}
        )


def _described(shard: Shard) -> dict[str, Any]:
    first, last = (str(each) for each in shard.hashes)
    numbers = {"StartingSequenceNumber": str(FIRST)} | (
        {"EndingSequenceNumber": str(2 * FIRST)} if shard.closed else {}
    )
    parents = dict(zip(("ParentShardId", "AdjacentParentShardId"), shard.parents, strict=False))
    hashes = {"StartingHashKey": first, "EndingHashKey": last}
    return {"ShardId": shard.id, "HashKeyRange": hashes, "SequenceNumberRange": numbers} | parents


@contextmanager
def serving() -> Iterator[Streams]:
    """Run a server on a free port of loopback; it ends with the block."""
    streams = Streams()
    with json_service.serving("kinesis", streams.answer) as streams.port:
        yield streams


def packed(*records: tuple[str, bytes]) -> bytes:
    """Return records as the Kinesis Producer Library packs them into one."""

    def varint(value: int) -> bytes:
        found = b""
        while value > 0x7F:
            found, value = found + bytes([value & 0x7F | 0x80]), value >> 7
        return found + bytes([value])

    def told(number: int, value: bytes) -> bytes:
        return varint(number << 3 | 2) + varint(len(value)) + value

    keys = b"".join(told(1, key.encode()) for key, _ in records)
    inner = b"".join(told(3, varint(1 << 3) + varint(index) + told(3, data)) for index, (_, data) in enumerate(records))
    message = keys + inner
    return b"\xf3\x89\x9a\xc2" + message + hashlib.md5(message, usedforsecurity=False).digest()
