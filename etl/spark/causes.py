"""A failure as a chain of causes: each with its classes, its codes and its message, of Python or of Java."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from attrs import frozen

# Spark's advice to turn off what Headrace forces, and a code that nobody looks up.
BYPASS = re.compile(
    r' If necessary,? set "?spark\.sql\.ansi\.enabled"? to "?false"? to bypass this error\.| SQLSTATE: \w{5}'
)
# How AWS names a request: for its support, not for who reads what went wrong.
REQUEST = re.compile(r"[;,] (?:S3 )?(?:Extended )?Request ID: [^;,)\s]+|; Proxy: \w+")
MAX_LENGTH = 600  # characters of a message shown to people; the rest is in the log
DEPTH = 20  # causes looked at; a chain may be a circle
_CODE = re.compile(r"(?:^|Exception: )\[([A-Z][A-Z0-9_.]*)\]")
_SQLSTATE = re.compile(r"SQLSTATE: (\w{5})")
_ASKED = ("getErrorClass", "getSqlState", "getSQLState")  # Spark's own exceptions, on both columns; those of drivers


@frozen
class Cause:
    """One exception of a failure.

    Args:
        names: the simple names of its class and of every class above it.
        codes: Spark's error class and SQLSTATE, where it has them.
        message: what it says.
    """

    names: frozenset[str]
    codes: frozenset[str] = frozenset()
    message: str = ""


def causes(error: BaseException) -> tuple[Cause, ...]:
    """Return the error and everything that caused it, outermost first; behind each Python error its Java ones."""
    found: list[Cause] = []
    link: BaseException | None = error
    while link is not None and len(found) < DEPTH:
        java = [_of_java(exception) for exception in chain(link)]
        # Printing a Python copy of a Java exception would call the JVM for its whole stack trace.
        message = "" if java else str(link)
        found += [Cause(frozenset(kind.__name__ for kind in type(link).__mro__), codes_in(message), message), *java]
        link = link.__cause__
    return tuple(found)


def text_of(error: BaseException) -> str:
    """Return all that a failure says, its Java exceptions with their classes: one of a task is text on the driver."""
    return "\n".join([*(str(java) for java in chain(error)), str(error)])


def chain(error: BaseException) -> Iterator[object]:
    """Yield the Java exceptions behind a Python one, outermost first; nothing if there are none."""
    java = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    for _ in range(DEPTH):
        if java is None:
            return
        yield java
        java = java.getCause()


def summary(error: BaseException) -> str:
    """Return the most telling message: the innermost Java cause's with an error class, else the innermost's."""
    messages = [str(exception.getMessage() or "") for exception in chain(error)]  # type: ignore[attr-defined]
    messages = [message for message in messages if message and message != "null"]
    named = [message for message in messages if re.match(r"\[[A-Z_0-9.]+\]", message)]
    text = (named or messages or [str(error)])[-1]
    # After "; line 3 pos 7;" an analysis error prints its whole plan.
    first = text.split("\nDriver stacktrace")[0].split("\n\tat ")[0].split(";\n")[0].strip()
    first = BYPASS.sub("", first)
    first = re.sub(r"Job aborted due to stage failure:.*?Lost task [^:]*: ", "", first, flags=re.DOTALL)
    first = REQUEST.sub("", first)
    kept = " ".join(line.strip() for line in first.splitlines() if not line.startswith("== SQL") and line.strip())
    return kept if len(kept) <= MAX_LENGTH else kept[: MAX_LENGTH - 1] + "…"


def kinds(exception: Any) -> frozenset[str]:
    """Return the simple names of a Java exception's class and of every class above it."""
    names, kind = [], exception.getClass()
    while kind is not None:
        names.append(kind.getSimpleName())
        kind = kind.getSuperclass()
    return frozenset(names)


def _of_java(exception: Any) -> Cause:
    message = str(exception.getMessage() or "")
    asked = {_answer(exception, method) for method in _ASKED}
    return Cause(kinds(exception), codes_in(message) | frozenset(code for code in asked if code), message)


def _answer(exception: Any, method: str) -> str | None:
    from py4j.protocol import Py4JError

    try:
        code: str | None = getattr(exception, method)()
    except Py4JError:  # none of Spark's exceptions: it has no such method
        return None
    return code


def codes_in(message: str) -> frozenset[str]:
    """Return the error classes and SQLSTATEs that a message has."""
    return frozenset(_CODE.findall(message) + _SQLSTATE.findall(message))
