"""A log as entries: what each line that says something went wrong says, with the lines that belong to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum

from attrs import define, field

_LEVEL = re.compile(
    r"^[^A-Za-z]{0,40}(?:\[?[\w.-]+\]?[ :]{1,2}){0,3}?\[?(TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL)\b"
)
# Said at INFO, and yet the end of an application.
_ENDS = re.compile(
    r"Final app status: FAILED|[Dd]iagnostics: \S*\w|[Ff]inal (?:[Ss]tatus|state): FAILED|exitCode: [1-9]"
)
_BEGINS = re.compile(r"^(?:Traceback \(most recent call last\):|Exception in thread |\S*Error: |\s*[Dd]iagnostics: )")
_TRACEBACK = "Traceback (most recent call last):"
_CHAINED = re.compile(
    r"^(?:The above exception was the direct cause|During handling of the above exception)", re.MULTILINE
)
_CAUSED = re.compile(r"^\s*(?:Caused by: |Driver stacktrace:)", re.MULTILINE)
# How a program ends: in Python, in Java, in Spark's own words, in a platform's.
_FATAL = re.compile(
    r"^(?:.*Error from Python:)?Traceback \(most recent call last\):|Exception in thread \"|Job aborted"
    r"|Final app status: FAILED|[Dd]iagnostics: \S"
    r"|User class threw exception|[Ff]inal (?:[Ss]tatus|state): FAILED",
    re.MULTILINE,
)


_WORDS = re.compile(
    r"error|exception|fail|fatal|killed|denied|refused|cannot|can't|abort|timed? ?out|unable|exceed|invalid|not found",
    re.IGNORECASE,
)


class Level(IntEnum):
    """How bad an entry is; what has no level was written by nobody's logger, as the last words of programs are."""

    PASSING = 0
    WARNING = 1
    WRONG = 2


@define
class Entry:
    """One message of a log, with what stands below it.

    Args:
        file: the name of the log.
        line: where it begins, counted from 1.
        level: how bad it is.
        lines: its text.
    """

    file: str
    line: int
    level: Level
    lines: list[str] = field(factory=list)

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines)

    @property
    def is_fatal(self) -> bool:
        """Whether programs end so."""
        return self.level is Level.WRONG and bool(_FATAL.search(self.text))

    @property
    def is_error(self) -> bool:
        """Whether it says of itself that something went wrong; what has no level may be anything."""
        return self.level is Level.WRONG and bool(_WORDS.search(self.text))

    def links(self) -> list[str]:
        """Return its exceptions, each with its frames, what came first (the innermost cause) first."""
        return [link for part in _CHAINED.split(self.text) for link in reversed(_CAUSED.split(part)) if link.strip()]


def entries(file: str, lines: Iterable[str]) -> Iterator[Entry]:
    """Yield the warnings and errors of a log in its order; what only informs is left out.

    A line without a level belongs to the message above it, unless that only informed or the line begins a failure of
    its own: so Python's traceback on stderr is an entry, and Java's stack below a log line is none.
    """
    entry: Entry | None = None
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip()
        found = _LEVEL.match(line)
        if found or entry is None or _begins(line, entry):
            if entry is not None and entry.level and entry.text.strip():
                yield entry
            entry = Entry(file, number, _level(found[1] if found else None, line))
        entry.lines.append(line)
    if entry is not None and entry.level and entry.text.strip():
        yield entry


def _begins(line: str, above: Entry) -> bool:
    if _ENDS.search(line) and above.level is not Level.WRONG:
        return True
    if above.level is Level.PASSING:
        return bool(line) and not line[0].isspace()
    if not _BEGINS.match(line):
        return False
    if line.startswith(_TRACEBACK):
        return not _CHAINED.match(next((each for each in reversed(above.lines) if each), ""))
    # What ends a traceback, or stands below a log's line, belongs to it.
    return not line.startswith("java.") and not any(_TRACEBACK in each for each in above.lines)


def _level(word: str | None, line: str) -> Level:
    if word is None or word in {"ERROR", "FATAL", "CRITICAL"} or _ENDS.search(line):
        return Level.WRONG
    return Level.WARNING if word.startswith("WARN") else Level.PASSING
