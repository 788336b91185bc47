"""The root cause that logs give for a failure: a known one, or the first error in their own words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from etl.engine.tracebacks import raised
from etl.report.causes import KNOWN, KnownCause
from etl.report.log_entries import Entry, Level, entries
from etl.spark.causes import Cause, codes_in
from etl.spark.errors import condition_of

MOST_LINES = 12  # of an error, shown
MOST_LETTERS = 400  # of each of them
_TRACEBACK = "Traceback (most recent call last):"
# What stands before the error itself: the way from Python into the JVM, and from a task to its job.
_WAY = re.compile(
    r"^.*?An error occurred while calling [^\n]*\n: "
    r"|(?:\S*SparkException: )?Job aborted due to stage failure:.*?Lost task [^:]*: ",
    re.DOTALL,
)
_JAVA_FRAME = re.compile(r"^\s+at \S+\(|^\s*\.\.\. \d+ more")
_NAME = re.compile(r"(?:^|: )(?:[\w.$]+\.)?(?P<name>[A-Z]\w*(?:Exception|Error|Failure|Exit))\b", re.MULTILINE)
# What the author's own function raised may hold any words, those of a row too: as of a live run, nobody reads on.
_AUTHORS = re.compile(
    r"PythonException: .*^(?:AssertionError|AttributeError|IndexError|KeyError|TypeError|ValueError)\b",
    re.DOTALL | re.MULTILINE,
)
# Exceptions that only say that something else failed: elsewhere in the logs stands what.
_VAGUE = frozenset(
    {
        "CalledProcessError",
        "InterruptedException",
        "Py4JError",
        "Py4JJavaError",
        "SparkException",
        "SparkUserAppException",
        "StageFailure",
        "SystemExit",
    }
)


@frozen
class LogText:
    """One log: of a driver, an executor, a platform.

    Args:
        name: how people find it.
        lines: what it says, read once.
    """

    name: str
    lines: Iterable[str]


@frozen
class Diagnosis:
    """What logs say about a failure.

    Args:
        error: the telling error, at most so many lines of it; empty where the logs have none.
        where: the log and the line it begins at.
        cause: the known cause, None for one nobody has described yet.
        resource: what was at fault: an object, a table, a column, a role, an executor.
        place: the author's own file and line, where one is on the way.
        condition: the class Headrace knows such errors by, where no cause is known.
    """

    error: tuple[str, ...] = ()
    where: str = ""
    cause: KnownCause | None = None
    resource: str = ""
    place: str = ""
    condition: str = ""

    @property
    def recognised(self) -> bool:
        """Whether the cause is known."""
        return self.cause is not None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        cause = self.cause
        return {
            "recognised": self.recognised,
            "cause": cause.id if cause else None,
            "words": cause.words if cause else "",
            "remedy": cause.remedy if cause else "",
            "transient": cause.transient if cause else None,
            "resource": self.resource,
            "place": self.place or None,
            "condition": self.condition or None,
            "where": self.where,
            "error": list(self.error),
        }


def diagnose(logs: Iterable[LogText], root: Path) -> Diagnosis:
    """Find the root cause of a failure in its logs.

    What a program ended with counts most, and in it the innermost cause; if that only says that something else is gone
    (an executor, the JVM), the first error elsewhere, in any of the logs. A warning tells nothing by itself: Spark
    outlives most of them. Words of an end that no cause fits are never explained by some other error on the way.

    Args:
        logs: the driver's, executors', the platform's.
        root: the project's directory: whose lines are the author's.
    """
    found = [entry for log in logs for entry in entries(log.name, log.lines)]
    wrong = [entry for entry in found if entry.level is Level.WRONG]
    if not wrong:
        return Diagnosis()
    ends = _ends(wrong)
    hits = _first(ends, consequence=False)
    unknown = next((entry for entry in ends if not _is_vague(entry)), None)
    if hits is None and unknown is None:
        warned = [entry for entry in found if entry.level is Level.WARNING]
        hits = (
            _first(wrong, consequence=False)
            or _first(warned if ends else [], consequence=False)
            or _first(ends, consequence=True)
            or _first(wrong, consequence=True)
        )
    if hits is None:
        first = unknown or next((entry for entry in (*ends, *wrong) if entry.is_error), None)
        return _unknown(first, root) if first else Diagnosis()
    entry, link, cause = hits
    shown = _shown(link)
    resource = cause.resource_in(link, entry.text)
    return Diagnosis(shown, f"{entry.file}:{entry.line}", cause, resource, _author(found, entry, root))


def _ends(wrong: Sequence[Entry]) -> list[Entry]:
    """Return how each log ended: its last failure, or the one before, where the last reports only that one."""
    last: dict[str, Entry] = {}
    for entry in wrong:
        if entry.is_fatal and (entry.file not in last or not _is_report(entry)):
            last[entry.file] = entry
    return list(last.values())


def _is_report(entry: Entry) -> bool:
    """Whether a failure only reports another: the application's master on the program that ended with 1."""
    known = _first([entry], consequence=True) or _first([entry], consequence=False)
    return known is None and _is_vague(entry)


def _first(among: Sequence[Entry], *, consequence: bool) -> tuple[Entry, str, KnownCause] | None:
    return next(_hits(among, consequence=consequence), None)


def _hits(among: Sequence[Entry], *, consequence: bool) -> Iterator[tuple[Entry, str, KnownCause]]:
    for entry in among:
        for link in entry.links():
            if _AUTHORS.search(link):
                break
            yield from (
                (entry, link, cause) for cause in KNOWN if cause.consequence is consequence and cause.said.search(link)
            )


def _is_vague(entry: Entry) -> bool:
    """Whether an end says only that something else went wrong: an executor gone, a program that ended with a number."""
    if _first([entry], consequence=True):
        return True
    names = [found["name"] for link in entry.links() for found in _NAME.finditer(link)]
    return all(name in _VAGUE for name in names)


def _unknown(entry: Entry, root: Path) -> Diagnosis:
    link = next((each for each in entry.links() if _NAME.search(each)), entry.text)
    condition = condition_of([Cause(frozenset(_NAME.findall(each)), codes_in(each), each) for each in entry.links()])
    return Diagnosis(
        _shown(link),
        f"{entry.file}:{entry.line}",
        place=_author([entry], entry, root),
        condition=condition.__name__ if condition else "",
    )


def _author(found: Sequence[Entry], entry: Entry, root: Path) -> str:
    """Return the author's line in the error itself, else in the end that it led to."""
    for each in (entry, *(other for other in found if other.is_fatal)):
        for link in (*each.links(), each.text):
            # A worker's traceback stands inside the driver's; the innermost that passes the author's lines tells most.
            for text in reversed(link.split(_TRACEBACK)[1:]):
                told = raised([_TRACEBACK + text], root)
                if told and told.place:
                    return str(told.place)
    return ""


def _shown(link: str) -> tuple[str, ...]:
    """Return an error's own words: no Java frames, the exception of a Python traceback and its last frames."""
    text = _WAY.sub("", link)
    lines = [line[:MOST_LETTERS] for line in text.splitlines() if line.strip() and not _JAVA_FRAME.match(line)]
    return tuple(lines if len(lines) <= MOST_LINES else [*lines[:2], "…", *lines[-(MOST_LINES - 3) :]])
