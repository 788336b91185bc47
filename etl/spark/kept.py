"""What a step keeps outside its own process while it works: given back when it ends, well or not.

Not by a finalizer: Python runs those in the midst of anything, a call to the JVM too, and at the process' end.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_KEPT: WeakKeyDictionary[SparkSession, list[Callable[[], object]]] = WeakKeyDictionary()


def keep(session: SparkSession, give_back: Callable[[], object]) -> None:
    """Let something be given back when the step of a session ends."""
    _KEPT.setdefault(session, []).append(give_back)


def give_back(session: SparkSession) -> None:
    """Give back what a session's step has kept, the last first; what cannot be is left to its owner."""
    for each in reversed(_KEPT.pop(session, [])):
        with suppress(Exception):  # the step has ended: what it made is told, not that a connection was broken
            each()
