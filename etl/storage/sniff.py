"""The first bytes of a text file: what they are, in which encoding, and where its first record ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.errors import InputError, UnreadableFileError
from etl.model.dataset import Dataset
from etl.storage.listing import File, Listing, head

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
FIRST_BYTES = 4096  # bytes come out of the JVM as text: of most files so many are enough
MOST_BYTES = 1 << 26  # a header longer than 64 MiB is none
_LETTERS_OF_WINDOWS = range(0x80, 0xA0)  # control codes in ISO 8859-1, which nobody writes
MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


def passed_over(dataset: Dataset, listing: Listing) -> tuple[tuple[File, ...], tuple[str, ...]]:
    """Return the files with a byte in them, and the names of those that are passed over.

    Raises:
        InputError: a file of 0 bytes, which an upload that broke off leaves; where the dataset may be empty it is
            passed over and told.
    """
    empty = [file for file in listing.files if file.size == 0]
    if empty and not dataset.allow_empty:
        raise InputError(
            f"dataset {dataset.name}: {empty[0].uri} is empty (0 bytes)",
            place=dataset.place,
            remedy="deliver it again (a day without rows has a header, or is an empty list), or take it away; "
            "with allow_empty = true such files are passed over",
        )
    kept = tuple(file for file in listing.files if file.size)
    return kept, tuple(sorted((*listing.ignored, *(file.uri for file in empty))))


def text_head(session: SparkSession, dataset: Dataset, file: File, size: int) -> str:
    """Return the beginning of a file as text, unpacked as Spark would unpack it.

    Raises:
        InputError: the bytes are packed in another way than the name says, or are no text of the encoding.
    """
    encoding = dataset.rules.encoding
    stored, first = _opened(session, dataset, file.uri, size)
    _refuse_packing(dataset, file.uri, stored)
    name = encoding.lower()
    mark = MARKS.get(first[:2])
    if mark and not name.startswith("utf-16"):
        raise InputError(
            f"dataset {dataset.name}: {file.uri} is {mark}, read as {encoding}",
            place=dataset.place,
            remedy='set encoding = "utf-16" for the dataset',
        )
    if b"\x00" in first[:1024] and not name.startswith(("utf-16", "utf-32")):
        raise InputError(
            f"dataset {dataset.name}: {file.uri} holds NUL bytes: not a text file, or one in UTF-16",
            place=dataset.place,
            remedy='deliver text, or set encoding = "utf-16" (or "utf-16le") for the dataset',
        )
    return first.decode(encoding, errors="replace").removeprefix("\ufeff")


def _opened(session: SparkSession, dataset: Dataset, uri: str, size: int) -> tuple[bytes, bytes]:
    try:
        return head(session, uri, size)
    except UnreadableFileError as error:
        if uri.endswith(".gz"):  # what it is instead is said better
            _refuse_packing(dataset, uri, head(session, uri, 0)[0])
        raise UnreadableFileError(f"dataset {dataset.name}", error.message, file=uri, place=dataset.place) from error


def guessed_encoding(data: bytes) -> str:
    """Return the encoding that bytes which are no UTF-8 probably have."""
    if data[:2] in MARKS:
        return "utf-16"
    return "windows-1252" if any(byte in _LETTERS_OF_WINDOWS for byte in data) else "iso-8859-1"


def _refuse_packing(dataset: Dataset, uri: str, stored: bytes) -> None:
    if stored[:2] == GZIP and not uri.endswith((".gz", ".gzip")):
        said, remedy = "is gzip but does not end in .gz", "rename it, so that Spark unpacks it"
    elif stored[:2] != GZIP and uri.endswith(".gz"):
        said, remedy = "ends in .gz but is not gzip", "rename it, or deliver it again"
    elif stored[:4] == ZIP:
        said, remedy = "is a zip archive, which Spark cannot read", "unpack it, or deliver it as gzip"
    else:
        return
    raise InputError(f"dataset {dataset.name}: {uri} {said}", place=dataset.place, remedy=remedy)
