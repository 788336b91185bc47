"""The traceback that a Python worker sends home with the exception of a UDF: the author's lines of it, as lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from attrs import frozen

from etl.errors import Place

_BEGIN = "Traceback (most recent call last):"
_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<where>.+)$')
_JAVA = re.compile(r"^\s+at [\w.$/]+\(|^(?:Driver stacktrace:|Caused by: )")
MOST_LINES = 12


@frozen
class Raised:
    """What a worker's Python raised.

    Args:
        said: the exception, and below it the author's frames.
        place: the deepest of them; None where none is the author's.
    """

    said: str
    place: Place | None


def raised(messages: Iterable[str], root: Path) -> Raised | None:
    """Return what Python raised in a worker, None where no message has a traceback.

    Args:
        messages: of the failure's causes.
        root: the project: frames of its files are the author's.
    """
    text = next((message for message in messages if _BEGIN in message), "")
    if not text:
        return None
    lines = text.rpartition(_BEGIN)[2].splitlines()[1:]
    end = next((n for n, line in enumerate(lines) if _JAVA.match(line)), len(lines))
    lines = [line for line in lines[:end] if line.strip()]
    last = max((n for n, line in enumerate(lines) if line[:1].isspace()), default=-1)
    exception = "\n".join(lines[last + 1 :]) or "an exception without a message"
    frames = list(_frames(lines[: last + 1], root))
    shown = [line for _, _, own in frames for line in own][-MOST_LINES:]
    place = Place(frames[-1][0], frames[-1][1]) if frames else None
    return Raised("\n".join([exception, *shown]), place)


def _frames(lines: list[str], root: Path) -> Iterable[tuple[str, int, list[str]]]:
    """Yield file, line and text of each frame in a file of the project."""
    starts = [n for n, line in enumerate(lines) if _FRAME.match(line)]
    for start, end in pairwise([*starts, len(lines)]):
        found = _FRAME.match(lines[start])
        if found and (file := _below(found["file"], root)):
            head = f"  {file}:{found['line']}, in {found['where']}"
            yield file, int(found["line"]), [head, *(f"  {line[2:]}" for line in lines[start + 1 : end])]


def _below(file: str, root: Path) -> str:
    path = Path(file)
    if path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    # An executor has the project's archive somewhere else.
    _, found, rest = file.rpartition(".zip/jobs/")
    return f"jobs/{rest}" if found else ""
