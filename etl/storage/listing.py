"""Which files a dataset has for an interval: listed once, by name, so that the run can say what it read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attrs import frozen

from etl.errors import InputError, ProjectError
from etl.model.dataset import Dataset
from etl.model.interval import Interval
from etl.spark.jvm import hadoop_path, java_class

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ENDINGS = (".csv", ".json", ".jsonl", ".parquet", ".gz", ".bz2", ".zst", ".txt", ".tsv")


@frozen
class File:
    """One input file: its URI, size in bytes and modification time in milliseconds since the epoch."""

    uri: str
    size: int
    modified: int


@frozen
class Listing:
    """The files read and the names passed over (Spark ignores names that start with ``_`` or ``.``)."""

    files: tuple[File, ...]
    ignored: tuple[str, ...] = ()


def roots(dataset: Dataset, column: str | None, interval: Interval | None) -> tuple[str, ...]:
    """Return the directories to list: one a day of the interval where the dataset is partitioned by ``column``.

    Raises:
        ProjectError: the interval column is not the first partition column, so that files cannot be told apart.
    """
    if column is None or interval is None or column not in dataset.partitioned_by:
        return (dataset.uri,)
    if dataset.partitioned_by[0] != column:
        raise ProjectError(
            f"dataset {dataset.name}: interval column {column!r} must be the first of partitioned_by "
            f"{list(dataset.partitioned_by)}", place=dataset.place,
        )  # fmt: skip
    return tuple(f"{dataset.uri}/{column}={day.isoformat()}" for day in interval.dates())


def list_files(
    session: SparkSession, dataset: Dataset, column: str | None, interval: Interval | None, *, optional: bool
) -> Listing:
    """List the dataset's files of the interval, through the file system of the session.

    Raises:
        InputError: a directory is missing or holds no file, and the dataset is neither optional nor ``allow_empty``.
    """
    files: list[File] = []
    ignored: list[str] = []
    for root in roots(dataset, column, interval):
        found = list(_walk(session, root))
        kept = [file for file in found if not _hidden(file.uri, root)]
        ignored += [
            file.uri for file in found if _hidden(file.uri, root) and not file.uri.endswith((".crc", "_SUCCESS"))
        ]
        if not kept and not (optional or dataset.allow_empty):
            raise InputError(
                f"dataset {dataset.name}: no file at {root}", place=dataset.place,
                remedy="deliver it, or set allow_empty = true for the dataset or optional=True for the source",
            )  # fmt: skip
        files += kept
    return Listing(tuple(sorted(files, key=lambda file: file.uri)), tuple(sorted(ignored)))


def _walk(session: SparkSession, root: str) -> Iterator[File]:
    files, path = hadoop_path(session, root)
    if not files.exists(path):
        return
    found = files.listFiles(path, True)
    while found.hasNext():
        status = found.next()
        # A Java URI of a local file comes as file:/x; Spark reads both forms, people expect the path.
        yield File(status.getPath().toString().removeprefix("file:"), status.getLen(), status.getModificationTime())


def _hidden(uri: str, root: str) -> bool:
    parts = uri.removeprefix(root).split("/")
    return any(part.startswith((".", "_")) and "=" not in part for part in parts)


def is_whole(session: SparkSession, uri: str) -> bool:
    """Read a gzip file through and return whether it ends where it should."""
    from py4j.protocol import Py4JJavaError

    files, path = hadoop_path(session, uri)
    stream = files.open(path)
    try:
        unzipped = java_class(session, "java.util.zip.GZIPInputStream")(stream)
        java_class(session, "org.apache.commons.io.IOUtils").consume(unzipped)
    except Py4JJavaError:
        return False
    finally:
        stream.close()
    return True


def head(session: SparkSession, uri: str, size: int = 65_536) -> bytes:
    """Return the first bytes of a file, as they are stored."""
    files, path = hadoop_path(session, uri)
    stream = files.open(path)
    try:
        bounded = java_class(session, "org.apache.commons.io.input.BoundedInputStream")(stream, size)
        return bytes(java_class(session, "org.apache.commons.io.IOUtils").toByteArray(bounded))
    finally:
        stream.close()
