"""What names the content of a source's files, wherever the lake lies: a digest, the store's own, or size and time."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from etl.model.dataset import Dataset
from etl.storage.listing import File, Listing

READ_MOST = 32 * 1024 * 1024  # bytes of one scope's local files that are read to name them
READ_FILES = 500


def content(dataset: Dataset, listing: Listing) -> dict[str, Any]:
    """Return what names the files' content: by path inside the dataset, so that a lake that has moved is the same.

    Small local files are named by what is in them, objects by the store's ETag: copied again with the same bytes they
    are the same. Other files are named by size and time: copied again they are new.
    """
    files = listing.files
    reads = len(files) <= READ_FILES and sum(file.size for file in files) <= READ_MOST
    return {"files": {_path(dataset, file): _stamp(file, reads=reads) for file in files}}


def _path(dataset: Dataset, file: File) -> str:
    inside = file.uri.startswith(dataset.uri.rstrip("/") + "/")
    return file.uri[len(dataset.uri.rstrip("/")) + 1 :] if inside else file.uri


def _stamp(file: File, *, reads: bool) -> Any:
    if file.etag:
        return [file.etag, file.size]
    if reads and file.uri.startswith("/"):
        try:
            return hashlib.sha256(Path(file.uri).read_bytes()).hexdigest()
        except OSError:  # gone since it was listed; the step's own look afterwards says so
            pass
    return [file.size, file.modified]
