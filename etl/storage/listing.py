"""Which files a dataset has for an interval: listed once, by name, so that the run can say what it read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from attrs import frozen

from etl.errors import InputError, ProjectError
from etl.model.dataset import Dataset
from etl.model.interval import Interval
from etl.spark.jvm import hadoop_path, java_class

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@frozen
class File:
    """One input file: its URI, size in bytes, modification time in milliseconds since the epoch, the store's ETag."""

    uri: str
    size: int
    modified: int
    etag: str = ""


@frozen
class Listing:
    """The files read and the names passed over (Spark ignores names that start with ``_`` or ``.``)."""

    files: tuple[File, ...]
    ignored: tuple[str, ...] = ()


def roots(session: SparkSession, dataset: Dataset, column: str | None, interval: Interval | None) -> tuple[str, ...]:
    """Return the directories to list: those of the interval where the dataset is partitioned by ``column``.

    A DATE has one a day, ``day=2013-02-08``; a TIMESTAMP has one for each value, and those inside the interval count.

    Raises:
        ProjectError: the interval column is not the first partition column, so that files cannot be told apart.
        InputError: the folder of a TIMESTAMP column is named by something that is no time.
    """
    if column is None or interval is None or column not in dataset.partitioned_by:
        return (dataset.uri,)
    if dataset.partitioned_by[0] != column:
        raise ProjectError(
            f"dataset {dataset.name}: interval column {column!r} must be the first of partitioned_by "
            f"{list(dataset.partitioned_by)}",
            place=dataset.place,
        )
    if dataset.schema is not None and dataset.schema.column(column).type == "DATE":
        return tuple(f"{dataset.uri}/{column}={day.isoformat()}" for day in interval.dates())
    return tuple(_folders(session, dataset, column, interval)) or (f"{dataset.uri}/{column}={interval.key}",)


def _folders(session: SparkSession, dataset: Dataset, column: str, interval: Interval) -> Iterator[str]:
    files, path = hadoop_path(session, dataset.uri)
    for status in files.listStatus(path) if files.exists(path) else ():
        name = status.getPath().getName()
        text = unquote(name.removeprefix(f"{column}="))
        if not status.isDirectory() or name.startswith(("_", ".")) or not name.startswith(f"{column}="):
            continue
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            raise InputError(
                f"dataset {dataset.name}: folder {name} names no time",
                place=dataset.place,
                remedy=f"name it {column}=2013-02-08 05%3A00%3A00, as Spark does, in UTC",
            ) from None
        if (instant if instant.tzinfo else instant.replace(tzinfo=UTC)) in interval:
            yield f"{dataset.uri}/{name}"


def list_files(
    session: SparkSession, dataset: Dataset, column: str | None, interval: Interval | None, *, optional: bool
) -> Listing:
    """List the dataset's files of the interval, through the file system of the session.

    Raises:
        InputError: a directory is missing or holds no file, and the dataset is neither optional nor ``allow_empty``.
    """
    files: list[File] = []
    ignored: list[str] = []
    for root in roots(session, dataset, column, interval):
        found = list(_walk(session, root))
        kept = [file for file in found if not _hidden(file.uri, root)]
        ignored += [
            file.uri for file in found if _hidden(file.uri, root) and not file.uri.endswith((".crc", "_SUCCESS"))
        ]
        if not kept and not (optional or dataset.allow_empty):
            raise InputError(
                f"dataset {dataset.name}: no file at {root}",
                place=dataset.place,
                remedy="deliver it, or set allow_empty = true for the dataset or optional=True for the source",
            )
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
        uri = status.getPath().toString().removeprefix("file:")
        yield File(uri, status.getLen(), status.getModificationTime(), "" if uri.startswith("/") else _etag(status))


def _etag(status: Any) -> str:
    try:
        return str(status.getEtag() or "")
    except Exception:  # a file system that has none
        return ""


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
