"""Records that the Kinesis Producer Library has packed into one: its aggregated format.

Amazon Kinesis Data Streams, "KPL Aggregated Record Format": four bytes, a message of Protocol Buffers, its MD5.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from attrs import frozen

MAGIC = b"\xf3\x89\x9a\xc2"
DIGEST = 16
VARINT, BYTES = 0, 2  # kinds of a field
KEYS, HASHES, RECORDS = 1, 2, 3  # fields of the message
KEY, HASH, DATA = 1, 2, 3  # of a record in it
SEVEN = 0x7F


@frozen
class Packed:
    """One of the records that were packed: its partition key, its value, and where its key falls in the hash range."""

    key: str
    data: bytes
    hash_key: int


def unpacked(data: bytes) -> list[Packed] | None:
    """Return the records in an aggregated one; None for any other record."""
    message = data[len(MAGIC) : -DIGEST]
    if not data.startswith(MAGIC) or hashlib.md5(message, usedforsecurity=False).digest() != data[-DIGEST:]:
        return None
    fields = list(_fields(message))
    keys = [value.decode() for number, value in fields if number == KEYS and isinstance(value, bytes)]
    hashes = [int(value) for number, value in fields if number == HASHES and isinstance(value, bytes)]
    found = []
    for number, value in fields:
        if number == RECORDS and isinstance(value, bytes):
            record = dict(_fields(value))
            key = keys[int(record.get(KEY, 0))]
            given = hashes[int(record[HASH])] if HASH in record else hash_of(key)
            found.append(Packed(key, bytes(record.get(DATA, b"")), given))
    return found


def hash_of(key: str) -> int:
    """Return where a partition key falls in the range of hash keys."""
    return int.from_bytes(hashlib.md5(key.encode(), usedforsecurity=False).digest(), "big")


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        if tag & 7 == VARINT:
            value, at = _varint(message, at)
            yield tag >> 3, value
        elif tag & 7 == BYTES:
            size, at = _varint(message, at)
            yield tag >> 3, message[at : at + size]
            at += size
        else:
            raise ValueError(f"field {tag >> 3} is of kind {tag & 7}, which no aggregated record has")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & SEVEN) << shift
        at, shift = at + 1, shift + 7
        if byte <= SEVEN:
            return value, at
