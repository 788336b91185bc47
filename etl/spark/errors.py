"""What a failed Spark action was: its condition, told by class, by Spark's error class or SQLSTATE, by words last.

Words come last because a message can hold anything, the author's own values too: where a class or a code has spoken, or
where it was the author's own Python that raised, nobody reads on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial

from etl.errors import EtlError, Place, RefusedAccessError, UnreadableFileError, UnwritableError
from etl.spark.causes import Cause, causes, chain, summary
from etl.spark.signs import SIGNS

__all__ = ["chain", "classify", "condition_of", "is_of_the_rows", "is_unreadable", "summary"]


OWN_CODE = frozenset({"PythonException"})  # raised by a UDF of the author's
DATA = ("21", "22", "23", "38", "39")  # SQLSTATE: a value, a constraint, a function of the author's
SQLSTATE_LENGTH = 5
EARLY_END = frozenset({"EOFException", "FileNotFoundException"})  # of a file, where some file is at fault


def classify(error: BaseException, what: str, *, place: Place | None = None, uri: str | None = None) -> EtlError | None:
    """Return the condition behind a failure, None where it is no machine's, service's, file's or other writer's.

    Args:
        error: what was raised, by the JVM or by Python; its causes are looked at too.
        what: who was doing it, which the message begins with.
        place: where that was said.
        uri: where it was going to write.
    """
    condition = condition_of(causes(error))
    if condition is None:
        return None
    compose: Callable[[str, str], EtlError] = condition
    if condition is UnwritableError:
        compose = partial(UnwritableError, uri=uri)
    elif condition is RefusedAccessError:
        compose = partial(RefusedAccessError, uri=_object(error))
    told = compose(what, summary(error))
    told.place = place
    return told


def _object(error: BaseException) -> str | None:
    """Return what on an object store a failure names; its innermost message, the service's own, does not."""
    named = (re.search(r"s3[an]?://[^\s'`:,]+", link.message) for link in causes(error))
    return next((found.group() for found in named if found), None)


def condition_of(failure: Iterable[Cause]) -> type[EtlError] | None:
    """Return the class of the condition behind a failure, None where it has none of these."""
    links = tuple(failure)
    names, codes = _names(links), _codes(links)
    if OWN_CODE & names:
        return None
    said = "\n".join(link.message for link in links)
    for sign in SIGNS:
        if sign.fits(names, codes, said):
            return sign.condition
    if any(map(_is_data, codes)):
        return None
    return next((sign.condition for sign in SIGNS if re.search(sign.words, said)), None)


def is_of_the_rows(error: BaseException) -> bool:
    """Whether a Spark action failed on the author's rows: a value, a constraint, the author's own function, a task."""
    links = causes(error)
    if OWN_CODE & _names(links) or any(map(_is_data, _codes(links))):
        return True
    return any("Job aborted due to stage failure" in link.message for link in links)


def is_unreadable(error: BaseException) -> bool:
    """Whether a file that cannot be read, or ends too early, may be why: then it is worth looking which."""
    links = causes(error)
    return condition_of(links) is UnreadableFileError or bool(EARLY_END & _names(links))


def _names(links: Iterable[Cause]) -> frozenset[str]:
    return frozenset().union(*(link.names for link in links))


def _codes(links: Iterable[Cause]) -> frozenset[str]:
    return frozenset().union(*(link.codes for link in links))


def _is_data(code: str) -> bool:
    return len(code) == SQLSTATE_LENGTH and code.startswith(DATA)
