"""A merge that changes no row: Delta would write the same rows anew, and every reader would take the version for news.

Delta rewrites each file in which a key is found, whatever the condition of the update says. So the prepared commit is
stopped where Delta's own counts say that nothing was inserted, updated or deleted; at most the publish's mark is
committed, which names no file: ``delta_content.of_table`` looks through it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from etl.spark.jvm import conf_set
from etl.storage import delta_log
from etl.storage.delta_bridge import Bridge
from etl.storage.delta_files import Added, delete
from etl.storage.delta_gate import Gate
from etl.storage.staging import Applied, Publish, Published

COUNTED = {"inserted": "numTargetRowsInserted", "updated": "numTargetRowsUpdated", "deleted": "numTargetRowsDeleted"}


class NothingChangedError(Exception):
    """What stops Delta's commit of a merge that changes no row; nobody but the merge sees it."""

    def __init__(self, written: tuple[Added, ...]) -> None:
        self.written = written
        super().__init__("the merge changes no row")


def gate(bridge: Bridge, begin: Callable[[Any], None], check: Callable[[list[Any]], None]) -> Gate:
    """Return a merge's gate that also stops a commit that changes nothing; see ``Gate``."""
    begun: list[Any] = []

    def remember(transaction: Any) -> None:
        begin(transaction)
        begun.append(transaction)

    def look(actions: list[Any]) -> None:
        check(actions)
        stop(begun[-1], actions)

    return Gate(bridge, remember, look)


def stop(transaction: Any, actions: Sequence[Any]) -> None:
    """Stop a merge's prepared commit if it changes no row and no column.

    Args:
        transaction: the merge's own, which knows what the merge counted. A task that ran twice is counted twice: a
            count may be too high, never too low, so a zero is one.
        actions: what would be committed.

    Raises:
        NothingChangedError: with the files that were written for nothing.
    """
    if any(_count(transaction, name) != 0 for name in COUNTED.values()):
        return
    said = [json.loads(action.json()) for action in actions]
    if any("metaData" in each or "protocol" in each for each in said):
        return
    # With deletion vectors an action may add a file that the table has already.
    live = {each["remove"]["path"] for each in said if "remove" in each}
    added = (Added(each["add"]) for each in said if "add" in each)
    raise NothingChangedError(tuple(each for each in added if each.said["path"] not in live))


def _count(transaction: Any, name: str) -> int | None:
    metric = transaction.getMetric(name)
    return int(metric.get().value()) if metric.isDefined() else None


def noted(
    bridge: Bridge,
    publish: Publish,
    applied: Applied,
    written: Sequence[Added],
    begin: Callable[[Any], None] = lambda _: None,
) -> Published:
    """Delete what was written for nothing, and commit the mark where the log does not say the same already.

    ``begin`` gets the transaction that commits the mark; it raises where the table is no longer the one looked at.

    Raises:
        ConflictError: another run published under this mark since the batch was staged.
    """
    log, after = bridge.log(publish.dataset.uri), publish.mark.after
    delete(bridge, log, written)
    done = Published(version=None, metrics=dict.fromkeys(COUNTED, 0))
    if after is not None and after.fingerprint == applied.fingerprint and not (after.aside or applied.aside):
        return done
    transaction = log.startTransaction(bridge.option(), bridge.option())
    delta_log.compare(bridge, transaction.snapshot(), publish)
    begin(transaction)
    bridge.register(transaction, publish.mark.name)
    mark = bridge.set_transaction(publish.mark.name, delta_log.encoded(applied))
    with conf_set(bridge.session, {"spark.databricks.delta.commitInfo.userMetadata": delta_log.note(publish.mark)}):
        operation = bridge.module("DeltaOperations$ManualUpdate")
        transaction.commitIfNeeded(bridge.scala_seq([mark]), operation, bridge.scala_map({}))
    return done
