"""A gate around Delta's commit: Python sees a transaction it did not start, and may veto it.

Delta calls its transaction observer as a transaction begins, and after every file is written and before the first
commit attempt; an exception there leaves the target as it was.
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
    """Delta's transaction observer for one thread.

    Args:
        bridge: the session's door to Delta.
        begin: gets the transaction that begins; raises to veto.
        check: gets the prepared actions; raises to veto.
        veto: the exception, kept since Java turns it into another.
        asked: whether a prepared commit was seen; a merge that Delta skipped passes no gate.
    """

    bridge: Bridge
    begin: Callable[[Any], None]
    check: Callable[[list[Any]], None]
    veto: BaseException | None = None
    asked: bool = False

    def startingTransaction(self, start: Any) -> Any:
        transaction = start.apply()
        self._vetoing(lambda: self.begin(transaction))
        return transaction

    def preparingCommit(self, prepare: Any) -> Any:
        prepared = prepare.apply()
        self.asked = True
        self._vetoing(lambda: self.check(elements(prepared)))
        return prepared

    def getNextObserver(self) -> Any:
        return self.bridge.option()

    def createChild(self) -> Gate:
        return self

    def _vetoing(self, look: Callable[[], None]) -> None:
        try:
            look()
        except BaseException as refusal:
            self.veto = refusal
            raise

    def _passed(self, *_: Any) -> None:
        """Phases the gate only passes."""

    beginDoCommit = beginBackfill = beginPostCommit = _passed
    transactionCommitted = transactionAborted = _passed
    advanceToNextThreadObserver = setNextObserver = _passed

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
