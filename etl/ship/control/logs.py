"""The logs of a run that a platform has put on S3: each in pieces, packed, some minutes after it was written."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator

from etl.model.s3 import S3Settings, is_s3
from etl.runs.stores import open_store

STREAMS = ("stderr", "stdout")  # Spark and the run's own messages, then what it printed


def lines(root: str, settings: S3Settings, *folders: str) -> Iterator[str]:
    """Yield the lines of what a container wrote, of each folder in turn; nothing of what is not there yet.

    Args:
        root: where the platform puts logs, ``s3://…``; empty where it puts them nowhere.
        settings: how S3 is reached.
        folders: below it, each with ``stderr.gz`` and ``stdout.gz``.
    """
    if not is_s3(root):
        return
    store = open_store(root, settings)
    for folder in folders:
        for stream in STREAMS:
            stored = store.get(f"{folder}/{stream}.gz")
            if stored:
                yield from _unpacked(stored.body).decode("utf-8", errors="replace").splitlines()


def below(root: str, settings: S3Settings, prefix: str) -> list[str]:
    """Return the keys below a prefix of a place for logs; none where it puts them nowhere."""
    return [entry.key for entry in open_store(root, settings).list(prefix)] if is_s3(root) else []


def _unpacked(body: bytes) -> bytes:
    """Return what a log holds; one that is still being written, or was never packed, as far as it goes."""
    try:
        return gzip.decompress(body)
    except EOFError:
        return zlib.decompressobj(wbits=31).decompress(body)
    except gzip.BadGzipFile:
        return body
