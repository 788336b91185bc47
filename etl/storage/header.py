"""The header of a CSV file against the declared columns, before Spark reads a row.

Spark maps CSV columns by position: a reordered header swaps values silently (``enforceSchema``). Here the header
decides the order, names are matched exactly, and what differs is an error of the input with the file's name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from etl.errors import InputError, closest
from etl.model.dataset import Dataset
from etl.storage.delimited import Dialect, split_record
from etl.storage.listing import File
from etl.storage.sniff import FIRST_BYTES, MOST_BYTES, text_head

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@frozen
class Header:
    """The columns of one file in its own order, and the record that names them as it is written."""

    names: tuple[str, ...]
    written: str


def read_header(session: SparkSession, dataset: Dataset, dialect: Dialect, file: File, *, whole: bool) -> Header:
    """Read and check one file's header: its first record that is neither blank nor a comment, of any length.

    Raises:
        InputError: there is none; a column is missing, twice there, or not declared where ``on_drift`` is ``fail``;
            the bytes are no text of the declared encoding, or packed in another way than the name says.
    """
    size = FIRST_BYTES
    while True:
        text = text_head(session, dataset, file, size)
        found = _first_record(text, dialect, dataset.spark_options.get("lineSep"), whole=whole)
        ended = len(text.encode(dataset.rules.encoding, errors="replace")) < size - 4
        if found is not None and (ended or len(found[1]) < len(text) - 4):
            break
        if ended or size >= MOST_BYTES:
            raise InputError(
                f"dataset {dataset.name}: {file.uri} has no header",
                place=dataset.place,
                remedy="deliver it again: a day without rows has a header; where files have none, set the option "
                'header = "false"',
            )
        size *= 16
    header = Header(tuple(found[0]), found[1])
    check_names(dataset, file.uri, header.names)
    return header


def check_names(dataset: Dataset, uri: str, names: Sequence[str]) -> None:
    """Refuse the columns of a file that are not the declared ones.

    Raises:
        InputError: a column is missing and not optional, twice there, or undeclared where ``on_drift`` is ``fail``.
    """
    declared = file_columns(dataset)
    counts = Counter(name.lower() for name in names)
    duplicated = sorted(name for name in names if counts[name.lower()] > 1)
    if duplicated:
        raise InputError(
            f"dataset {dataset.name}: {uri} has column {duplicated[0]!r} twice",
            place=dataset.place,
            remedy="mend the delivery: nothing says which of the two is meant",
        )
    there, wanted = set(names), set(declared)
    missing = [name for name in declared if name not in there and name not in dataset.optional_columns]
    extra = tuple(name for name in names if name not in wanted)
    if missing:
        raise missing_column(dataset, uri, missing[0], names, extra)
    if extra and dataset.on_drift == "fail":
        raise undeclared(dataset, uri, extra)


def missing_column(dataset: Dataset, uri: str, name: str, names: Sequence[str], extra: Sequence[str]) -> InputError:
    """Return the error for a file without a declared column; what it has instead, if that is near."""
    has = "its header is" if dataset.format == "csv" else "its records have"
    near = closest(name, extra) or next((other for other in extra if other.lower() == name.lower()), None)
    return InputError(
        f"dataset {dataset.name}: {uri} has no column {name!r}"
        + (f" (it has {near!r})" if near else "")
        + (f"; {has} {', '.join(names[:20])}" if names else ""),
        place=dataset.place,
        remedy="mend the delivery, or the schema in conf/datasets.toml; optional_columns names those a file may lack",
    )


def undeclared(dataset: Dataset, uri: str, extra: Sequence[str]) -> InputError:
    """Return the error for a file with columns that nobody declared."""
    return InputError(
        f"dataset {dataset.name}: {uri} has undeclared column {', '.join(map(repr, extra[:5]))}",
        place=dataset.place,
        remedy='declare it, or set on_drift = "evolve" to ignore new columns',
    )


def file_columns(dataset: Dataset) -> Sequence[str]:
    """Return the declared columns that stand in the files; partition columns stand in the path."""
    names = dataset.schema.names if dataset.schema else ()
    return [name for name in names if name not in dataset.partitioned_by]


def _first_record(text: str, dialect: Dialect, line_end: str | None, *, whole: bool) -> tuple[list[str], str] | None:
    """Return the values and the text of the first record with anything in it; None where there is none."""
    rest, ends = text, re.escape(line_end) if line_end else "\r\n|\r|\n"
    while rest:
        line = re.split(ends, rest, maxsplit=1)
        if not line[0].strip() or (dialect.comment and line[0].startswith(dialect.comment)):
            rest = line[1] if len(line) > 1 else ""
            continue
        return split_record(rest if whole else line[0], dialect)
    return None
