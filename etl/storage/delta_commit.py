"""A commit and what came of it, even where its answer is lost: the log is read for the run's own words."""

from __future__ import annotations

from collections.abc import Callable

from etl.errors import EtlError, OutcomeUnknownError, PublishError, WriteConflictError
from etl.spark.errors import classify, summary
from etl.storage import delta_history
from etl.storage.delta_bridge import Bridge
from etl.storage.foreign import broken_rule
from etl.storage.staging import Publish, Published


def settled(bridge: Bridge, publish: Publish, before: int | None, act: Callable[[], Published]) -> Published:
    """Commit and return what was published.

    Raises:
        WriteConflictError: another writer changed what this publish rests on; nothing was published.
        PublishError: Delta refused the commit; nothing was published.
        OutcomeUnknownError: the commit raised and the table could not be read back.
    """
    try:
        return act()
    except EtlError:
        raise
    except Exception as error:
        return _resolved(bridge, publish, before, error)


def _resolved(bridge: Bridge, publish: Publish, before: int | None, error: Exception) -> Published:
    """A commit raised: look for this run's own commit before calling it a failure."""
    name = publish.dataset.name
    try:
        snapshot = bridge.snapshot(publish.dataset.uri)
        found = delta_history.own(bridge, snapshot, publish, before) if snapshot.version() >= 0 else None
    except Exception as unreadable:
        raise OutcomeUnknownError(
            f"{name}: the commit raised ({summary(error)}) and the table cannot be read back ({summary(unreadable)})",
            remedy="re-running is safe: a published interval is recognised",
        ) from error
    if found is not None:
        return Published(version=found.version, metrics=counts(found))
    told = classify(error, name, place=publish.dataset.place, uri=publish.dataset.uri)
    if isinstance(told, WriteConflictError):
        raise WriteConflictError(name, summary(error), version=snapshot.version()) from error
    told = told or broken_rule(error, publish.dataset)
    raise told or PublishError(f"{name}: Delta refused the commit: {summary(error)}") from error


def counts(commit: delta_history.Commit) -> dict[str, int]:
    """Return a merge's own counts; empty for other operations."""
    if commit.operation != "MERGE":
        return {}
    names = {"inserted": "numTargetRowsInserted", "updated": "numTargetRowsUpdated", "deleted": "numTargetRowsDeleted"}
    return {ours: int(commit.metrics.get(theirs, 0)) for ours, theirs in names.items()}
