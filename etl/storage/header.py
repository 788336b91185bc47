"""The header of a CSV file against the declared columns, before Spark reads a row.

Spark maps CSV columns by position: a reordered header swaps values silently (``enforceSchema``). Here the header
decides the order, names are matched exactly, and what differs is an error of the input with the file's name.
"""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Sequence

from attrs import frozen

from etl.errors import InputError, closest
from etl.model.dataset import Dataset

GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"


@frozen
class Header:
    """The columns of one file in its own order; ``extra`` are those the dataset does not declare."""

    names: tuple[str, ...]
    extra: tuple[str, ...]


def read_header(dataset: Dataset, uri: str, first_bytes: bytes) -> Header:
    """Check one file's header.

    Raises:
        InputError: a column is missing, twice there, or not declared where ``on_drift`` is ``fail``; the bytes are not
            text in the declared encoding; a gzip file does not end in ``.gz``, or the other way round.
    """
    line = _text(dataset, uri, first_bytes).split("\n", 1)[0].rstrip("\r")
    names = tuple(
        next(
            csv.reader(
                io.StringIO(line),
                delimiter=dataset.options.get("sep", ","),
                quotechar=dataset.options.get("quote", '"'),
            ),
            [],
        )
    )
    declared = file_columns(dataset)
    duplicated = sorted({name for name in names if [n.lower() for n in names].count(name.lower()) > 1})
    if duplicated:
        raise InputError(f"dataset {dataset.name}: {uri} has column {duplicated[0]!r} twice", place=dataset.place)
    missing = [name for name in declared if name not in names]
    extra = tuple(name for name in names if name not in declared)
    if missing:
        near = closest(missing[0], extra)
        raise InputError(
            f"dataset {dataset.name}: {uri} has no column {missing[0]!r}"
            + (f" (it has {near!r})" if near else "")
            + f"; its header is {', '.join(names[:20])}",
            place=dataset.place,
            remedy="mend the delivery, or the schema in conf/datasets.toml",
        )
    if extra and dataset.on_drift == "fail":
        raise InputError(
            f"dataset {dataset.name}: {uri} has undeclared column {', '.join(map(repr, extra[:5]))}",
            place=dataset.place,
            remedy='declare it, or set on_drift = "evolve" to ignore new columns',
        )
    return Header(names, extra)


def file_columns(dataset: Dataset) -> Sequence[str]:
    """Return the declared columns that stand in the files; partition columns stand in the path."""
    names = dataset.schema.names if dataset.schema else ()
    return [name for name in names if name not in dataset.partitioned_by]


def _text(dataset: Dataset, uri: str, first_bytes: bytes) -> str:
    encoding = dataset.options.get("encoding", "utf-8")
    if first_bytes[:2] == GZIP:
        if not uri.endswith(".gz"):
            raise InputError(
                f"dataset {dataset.name}: {uri} is gzip but does not end in .gz",
                place=dataset.place,
                remedy="rename it, so that Spark unpacks it",
            )
        first_bytes = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(first_bytes)
    elif uri.endswith(".gz"):
        raise InputError(
            f"dataset {dataset.name}: {uri} ends in .gz but is not gzip",
            place=dataset.place,
            remedy="rename it, or deliver it again",
        )
    if first_bytes[:4] == ZIP:
        raise InputError(
            f"dataset {dataset.name}: {uri} is a zip archive, which Spark cannot read",
            place=dataset.place,
            remedy="unpack it, or deliver it as gzip",
        )
    if first_bytes[:2] in (b"\xff\xfe", b"\xfe\xff") and not encoding.lower().startswith("utf-16"):
        raise InputError(
            f"dataset {dataset.name}: {uri} is UTF-16, read as {encoding}",
            place=dataset.place,
            remedy='set options = { encoding = "UTF-16", multiLine = "true" }',
        )
    if b"\x00" in first_bytes[:1024] and not encoding.lower().startswith("utf-16"):
        raise InputError(f"dataset {dataset.name}: {uri} holds NUL bytes: not a text file", place=dataset.place)
    return first_bytes.decode(encoding, errors="replace").removeprefix("\ufeff")
