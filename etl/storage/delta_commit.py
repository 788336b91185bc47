"""A commit and what came of it, even where its answer is lost: the log is read for the run's own words."""

from __future__ import annotations

from collections.abc import Callable

from etl.errors import ConflictError, EtlError, OutcomeUnknownError, PublishError
from etl.spark.errors import chain, summary
from etl.storage import delta_log
from etl.storage.delta_bridge import Bridge
from etl.storage.staging import Publish, Published

CONFLICTS = ("DeltaConcurrentModificationException", "ConcurrentModificationException", "CommitConflictException")


def settled(bridge: Bridge, publish: Publish, before: int | None, act: Callable[[], Published]) -> Published:
    """Commit and return what was published.

    Raises:
        ConflictError: another writer changed what this publish rests on; nothing was published.
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
        found = delta_log.own(bridge, snapshot, publish, before) if snapshot.version() >= 0 else None
    except Exception as unreadable:
        raise OutcomeUnknownError(
            f"{name}: the commit raised ({summary(error)}) and the table cannot be read back ({summary(unreadable)})",
            remedy="re-running is safe: a published interval is recognised",
        ) from error
    if found is not None:
        return Published(version=found.version, metrics=counts(found))
    if is_conflict(error):
        raise ConflictError(
            f"{name}: another writer committed version {snapshot.version()} meanwhile ({summary(error)})",
            remedy="run the step again",
        ) from error
    raise PublishError(f"{name}: Delta refused the commit: {summary(error)}") from error


def is_conflict(error: BaseException) -> bool:
    """Say whether a commit lost against another writer, by Delta's class hierarchy."""
    for java in chain(error):
        kind = java.getClass()  # type: ignore[attr-defined]
        while kind is not None:
            if kind.getSimpleName() in CONFLICTS:
                return True
            kind = kind.getSuperclass()
    return False


def counts(commit: delta_log.Commit) -> dict[str, int]:
    """Return a merge's own counts; empty for other operations."""
    if commit.operation != "MERGE":
        return {}
    names = {"inserted": "numTargetRowsInserted", "updated": "numTargetRowsUpdated", "deleted": "numTargetRowsDeleted"}
    return {ours: int(commit.metrics.get(theirs, 0)) for ours, theirs in names.items()}
