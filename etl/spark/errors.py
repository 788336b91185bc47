"""What a Java exception says, in one line a person can use."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Spark's advice to turn off what Headrace forces, and a code that nobody looks up.
BYPASS = re.compile(
    r' If necessary,? set "?spark\.sql\.ansi\.enabled"? to "?false"? to bypass this error\.| SQLSTATE: \w{5}'
)
MAX_LENGTH = 600  # characters of a message shown to people; the rest is in the log


def chain(error: BaseException) -> Iterator[object]:
    """Yield the Java exceptions behind a Python one, outermost first; nothing if there are none."""
    java = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    for _ in range(20):
        if java is None:
            return
        yield java
        java = java.getCause()


def class_names(error: BaseException) -> tuple[str, ...]:
    """Return the simple class names of the error and its Java causes, outermost first."""
    java = tuple(exception.getClass().getSimpleName() for exception in chain(error))  # type: ignore[attr-defined]
    return (type(error).__name__, *java)


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
    kept = " ".join(line.strip() for line in first.splitlines() if not line.startswith("== SQL") and line.strip())
    return kept if len(kept) <= MAX_LENGTH else kept[: MAX_LENGTH - 1] + "…"
