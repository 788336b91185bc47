"""Which files of a source a step has not consumed yet: by name, size and time, the oldest of them first."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from attrs import evolve

from etl.model.dataset import Dataset
from etl.model.plural import plural
from etl.storage.listing import File, Listing
from etl.storage.progress import Increment, Progress

Known = dict[str, str]
"""Files by their path inside the dataset, each with what tells it from one of the same name."""


def new_files(dataset: Dataset, listing: Listing, increment: Increment | None) -> tuple[Listing, Progress | None]:
    """Return the files of a listing that an increment reads, and what of it; all of them where none is asked for.

    A file is consumed for ever: one that is gone and comes back is not read again, one that is written anew is. Hidden
    files are told once, with the files beside them.
    """
    if increment is None:
        return listing, None
    known = positioned(increment.since)
    named = {_path(dataset, file): file for file in listing.files}
    there = {path: _stamp(file) for path, file in named.items()}
    end = there if increment.until is None else {p: s for p, s in positioned(increment.until).items() if p in there}
    fresh = [path for path, stamp in end.items() if known.get(path) != stamp]
    fresh.sort(key=lambda path: (named[path].modified, path))
    taken = _within(dataset, [named[path] for path in fresh])
    chosen = fresh[: len(taken)]
    upto = known | {path: there[path] for path in chosen}
    left = len(fresh) - len(chosen)
    progress = Progress(
        upto=json.dumps(upto, sort_keys=True),
        end=json.dumps(end, sort_keys=True) if increment.until is None else increment.until,
        news=plural(len(chosen), "new file") if chosen else "",
        left=plural(left, "file") if left else "",
        again=tuple(path for path in chosen if path in known),
    )
    return evolve(listing, files=tuple(sorted(taken, key=lambda file: file.uri))), progress


def identity(increment: Increment | None, progress: Progress) -> Mapping[str, str]:
    """Return what names an increment's rows: from where to where it reads."""
    since = increment.since if increment else None
    return {"since": digest(since or ""), "upto": digest(progress.upto)}


def positioned(text: str | None) -> Known:
    """Return the files that a position names."""
    return dict(json.loads(text)) if text else {}


def _within(dataset: Dataset, files: Iterable[File]) -> list[File]:
    """Return as many of the files as one batch may have, and at least one."""
    taken: list[File] = []
    size = 0
    for file in files:
        size += file.size
        full = dataset.max_files is not None and len(taken) >= dataset.max_files
        if taken and (full or (dataset.max_bytes is not None and size > dataset.max_bytes)):
            break
        taken.append(file)
    return taken


def _path(dataset: Dataset, file: File) -> str:
    return file.uri.removeprefix(dataset.uri.rstrip("/") + "/")


def _stamp(file: File) -> str:
    return f"{file.size}/{file.etag or file.modified}"


def digest(text: str) -> str:
    """Return what tells a position from others."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
