"""Which files a dataset has for an interval: listed once, by name, so that the run can say what it read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from attrs import frozen

from etl.errors import InputError, ProjectError, UnreadableFileError
from etl.model.dataset import Dataset
from etl.model.interval import Interval
from etl.spark.errors import summary
from etl.spark.hadoop import below, entries
from etl.spark.jvm import hadoop_path, java_class

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PACKED = (".gz", ".bz2", ".zst", ".lz4", ".snappy", ".deflate")
"""Names that Hadoop unpacks a file by."""


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
    for each in entries(session, dataset.uri):
        name = each.uri.rpartition("/")[2]
        text = unquote(name.removeprefix(f"{column}="))
        if not each.is_folder or name.startswith(("_", ".")) or not name.startswith(f"{column}="):
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
    for root, found in _walk(session, roots(session, dataset, column, interval)).items():
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


def _walk(session: SparkSession, roots: Sequence[str]) -> dict[str, list[File]]:
    found = below(session, roots)
    return {root: [File(each.uri, each.size, each.modified, each.etag) for each in found[root]] for root in roots}


def _hidden(uri: str, root: str) -> bool:
    parts = uri.removeprefix(root).split("/")
    # Hadoop's copying writes under such a name and renames; Spark passes over it too.
    return any((part.startswith((".", "_")) and "=" not in part) or part.endswith("._COPYING_") for part in parts)


def recheck(
    session: SparkSession, dataset: Dataset, column: str | None, interval: Interval | None, before: Listing
) -> None:
    """Refuse rows of files that were delivered anew, or went, while they were read.

    Raises:
        InputError: with the first such file.
    """
    now = list_files(session, dataset, column, interval, optional=True).files
    changed = sorted({file.uri for file in set(before.files) ^ set(now)})
    if changed:
        raise InputError(
            f"dataset {dataset.name}: {changed[0]} was delivered, changed or removed while the step read it"
            + (f" (and {len(changed) - 1} more)" if len(changed) > 1 else ""),
            place=dataset.place,
            remedy="the target is unchanged; run again once the delivery is whole",
        )


def path_as_written(uri: str) -> str:
    """Escape what Hadoop would take for a glob: the listing has named every file already."""
    return "".join("\\" + letter if letter in "[]{}*?" else letter for letter in uri)


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


def head(session: SparkSession, uri: str, size: int) -> tuple[bytes, bytes]:
    """Return a file's first four bytes as they are stored, and its first ``size`` as Spark would unpack them.

    Raises:
        UnreadableFileError: the bytes are not packed as the name says.
    """
    from py4j.protocol import Py4JJavaError

    files, path = hadoop_path(session, uri)
    stream = files.open(path)
    try:
        stored = bytes(stream.readNBytes(4))
        stream.seek(0)
        plain = _unpacked(session, files, path, stream) if uri.endswith(PACKED) else stream
        return stored, bytes(plain.readNBytes(size))
    except Py4JJavaError as error:
        raise UnreadableFileError("the beginning of a source", summary(error), file=uri) from error
    finally:
        stream.close()


def _unpacked(session: SparkSession, files: Any, path: Any, stream: Any) -> Any:
    factory = java_class(session, "org.apache.hadoop.io.compress.CompressionCodecFactory")
    return factory(files.getConf()).getCodec(path).createInputStream(stream)
