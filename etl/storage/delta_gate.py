"""A gate before Delta's commit: Python sees the prepared actions of a transaction it did not start, and may veto them.

Delta calls its transaction observer after every file is written and before the first commit attempt; an exception there
leaves the target as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from attrs import define
from pyspark.java_gateway import ensure_callback_server_started

from etl.storage.delta_bridge import Bridge, elements


@define
class Gate:
    """Delta's transaction observer for one thread: sees the prepared actions and may veto the commit.

    Args:
        bridge: the session's door to Delta.
        check: raises to veto; its exception is kept, since Java turns it into another.
    """

    bridge: Bridge
    check: Callable[[list[Any]], None]
    veto: BaseException | None = None

    def preparingCommit(self, prepare: Any) -> Any:
        prepared = prepare.apply()
        try:
            self.check(elements(prepared))
        except BaseException as refusal:
            self.veto = refusal
            raise
        return prepared

    def startingTransaction(self, start: Any) -> Any:
        return start.apply()

    def getNextObserver(self) -> Any:
        return self.bridge.option()

    def createChild(self) -> Gate:
        return self

    def _nothing(self, *_: Any) -> None:
        """Phases the gate only passes."""

    beginDoCommit = beginBackfill = beginPostCommit = _nothing
    transactionCommitted = transactionAborted = _nothing
    advanceToNextThreadObserver = setNextObserver = _nothing

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Install the gate for this thread's transactions."""
        gateway = self.bridge.session.sparkContext._gateway
        ensure_callback_server_started(gateway)  # type: ignore[no-untyped-call]
        observer = self.bridge.module("TransactionExecutionObserver")
        previous = observer.getObserver()
        observer.setObserver(self)
        try:
            yield
        finally:
            observer.setObserver(previous)

    class Java:
        implements: ClassVar = ["org.apache.spark.sql.delta.TransactionExecutionObserver"]
