"""Which files a dataset has for an interval: listed once, by name, so that the run can say what it read."""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from attrs import frozen

from etl.errors import InputError, UnreadableFileError
from etl.model.dataset import Dataset
from etl.model.interval import Interval
from etl.spark.errors import summary
from etl.spark.hadoop import AT_ONCE, below, is_on_disk
from etl.spark.jvm import hadoop_path, java_class
from etl.storage.folders import roots

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PACKED = (".gz", ".bz2", ".zst", ".lz4", ".snappy", ".deflate")
"""Names that Hadoop unpacks a file by."""

T = TypeVar("T")
UNPACKED: Mapping[str, Callable[[BinaryIO], BinaryIO]] = {".gz": gzip.open, ".bz2": bz2.open}  # type: ignore[dict-item]


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


def list_files(
    session: SparkSession,
    dataset: Dataset,
    column: str | None,
    interval: Interval | None,
    *,
    optional: bool,
    required: Interval | None = None,
) -> Listing:
    """List the dataset's files of the interval, through the file system of the session.

    Of the interval, only the ``required`` part must be there, all of it unless that is said.

    Raises:
        InputError: a directory is missing or holds no file, and the dataset is neither optional nor ``allow_empty``.
    """
    files: list[File] = []
    ignored: list[str] = []
    wanted = roots(session, dataset, column, interval)
    needed = roots(session, dataset, column, required) if required else wanted
    for root, found in _walk(session, tuple(dict.fromkeys((*wanted, *needed)))).items():
        kept = [file for file in found if not _hidden(file.uri, root)]
        ignored += [
            file.uri for file in found if _hidden(file.uri, root) and not file.uri.endswith((".crc", "_SUCCESS"))
        ]
        if not kept and root in needed and not (optional or dataset.allow_empty):
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
    session: SparkSession,
    dataset: Dataset,
    column: str | None,
    interval: Interval | None,
    before: Listing,
    *,
    only: bool = False,
) -> None:
    """Refuse rows of files that were delivered anew, or went, while they were read; of ``only`` those files if asked.

    Raises:
        InputError: with the first such file.
    """
    now = list_files(session, dataset, column, interval, optional=True).files
    differ = set(before.files) - set(now) if only else set(before.files) ^ set(now)
    changed = sorted({file.uri for file in differ})
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

    near = _near(uri, size) if is_on_disk(session, uri) else None
    if near is not None:
        return near
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


def looked_at(session: SparkSession, files: Sequence[File], look: Callable[[File], T]) -> list[T]:
    """Return what a look at each file says, in their order; files of a store are looked at side by side.

    Raises:
        Whatever ``look`` raises of the first file that it raises for.
    """
    if len(files) <= 1 or is_on_disk(session, files[0].uri):
        return [look(file) for file in files]
    with ThreadPoolExecutor(min(AT_ONCE, len(files))) as pool:
        return list(pool.map(look, files))


def _near(uri: str, size: int) -> tuple[bytes, bytes] | None:
    """Return the same of a file on this machine's disk; None where the JVM knows better, or says better why not."""
    packed = next((name for name in PACKED if uri.endswith(name)), "")
    if packed and packed not in UNPACKED:
        return None
    try:
        with Path(uri).open("rb") as file:
            stored = file.read(4)
            file.seek(0)
            return stored, UNPACKED[packed](file).read(size) if packed else file.read(size)
    except (OSError, EOFError, zlib.error):
        return None


def _unpacked(session: SparkSession, files: Any, path: Any, stream: Any) -> Any:
    factory = java_class(session, "org.apache.hadoop.io.compress.CompressionCodecFactory")
    return factory(files.getConf()).getCodec(path).createInputStream(stream)
