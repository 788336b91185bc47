"""The commits of a Delta table, read from its log's own files: no Spark job, and each file once in a process."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from attrs import field, frozen
from pyspark.sql import SparkSession

from etl.errors import PublishError
from etl.spark.jvm import hadoop_path, java_class
from etl.storage.delta_bridge import Bridge
from etl.storage.delta_transactions import Transaction
from etl.storage.staging import Publish

LOOKED = 1_000  # commits that a look back reads at the most
KEPT = 10_000  # commits kept in memory: their files never change
_READ: dict[tuple[str, str, int], Commit] = {}
# Operations that change no row: a reader of the table reads the same rows before and after.
REARRANGING = frozenset(
    {"OPTIMIZE", "VACUUM START", "VACUUM END", "SET TBLPROPERTIES", "UNSET TBLPROPERTIES", "CLUSTER BY"}
)


@frozen(kw_only=True)
class Commit:
    """One version of a table, as its log file says.

    Args:
        version: the number of the version.
        operation: Delta's word: ``WRITE``, ``MERGE``, ``RESTORE`` …
        parameters: of the operation, as Delta prints them.
        metrics: counts Delta took, as text.
        timestamp: milliseconds since the epoch.
        ours: what Headrace wrote about its publish; None for another writer's commit.
    """

    version: int
    operation: str
    parameters: Mapping[str, Any] = field(hash=False)
    metrics: Mapping[str, str] = field(hash=False)
    timestamp: int
    ours: Mapping[str, Any] | None = field(hash=False)


def commit(bridge: Bridge, uri: str, table: str, version: int) -> Commit | None:
    """Return one commit, None where its log file is gone (Delta cleans those up after 30 days).

    Args:
        bridge: the session's.
        uri: of the table.
        table: the id in its metadata: a table made anew at the same place has other commits.
        version: of the commit.
    """
    key = (uri, table, version)
    if key not in _READ:
        files, path = hadoop_path(bridge.session, f"{uri}/_delta_log/{version:020d}.json")
        if not files.exists(path):
            return None
        if len(_READ) >= KEPT:
            _READ.clear()
        _READ[key] = _parsed(version, first_line(bridge.session, files, path))
    return _READ[key]


def first_line(session: SparkSession, files: Any, path: Any) -> str:
    """Return the first line of a text file in UTF-8."""
    stream = files.open(path)
    try:
        reader = java_class(session, "java.io.InputStreamReader")(stream, "UTF-8")
        return str(java_class(session, "java.io.BufferedReader")(reader).readLine())
    finally:
        stream.close()


def text(bridge: Bridge, uri: str, version: int) -> str | None:
    """Return all that a commit's log file says, None where it is gone."""
    files, path = hadoop_path(bridge.session, f"{uri}/_delta_log/{version:020d}.json")
    if not files.exists(path):
        return None
    stream = files.open(path)
    try:
        return str(java_class(bridge.session, "org.apache.commons.io.IOUtils").toString(stream, "UTF-8"))
    finally:
        stream.close()


def absolute(uri: str, path: str) -> str:
    """Return where a file of the log lies: its path is relative to the table and percent-encoded, or absolute."""
    said = unquote(path)
    return said if "://" in said or said.startswith(("/", "file:")) else f"{uri}/{said}".rstrip("/")


def _parsed(version: int, line: str) -> Commit:
    said = json.loads(line).get("commitInfo", {})
    return Commit(
        version=version,
        operation=said.get("operation", ""),
        parameters=said.get("operationParameters", {}),
        metrics=said.get("operationMetrics", {}),
        timestamp=int(said.get("timestamp", 0)),
        ours=_ours(said.get("userMetadata")),
    )


def _ours(metadata: str | None) -> Mapping[str, Any] | None:
    try:
        said = json.loads(metadata or "null")
    except json.JSONDecodeError:
        return None
    return said.get("headrace") if isinstance(said, dict) else None


def since(bridge: Bridge, snapshot: Any, uri: str, written: int) -> Iterator[Commit]:
    """Yield the commits from the snapshot's back to the one written at ``written``, that one included, newest first."""
    table = snapshot.metadata().id()
    for version in range(snapshot.version(), max(-1, snapshot.version() - LOOKED), -1):
        found = commit(bridge, uri, table, version)
        if found is None or found.timestamp < written:
            return
        yield found


def changed_by_others(bridge: Bridge, snapshot: Any, uri: str, written: int) -> bool:
    """Say whether another writer may have changed rows of the table after ``written``; what is forgotten may have."""
    version, table = snapshot.version(), snapshot.metadata().id()
    for each in since(bridge, snapshot, uri, written):
        if each.ours is None and each.operation not in REARRANGING:
            return True
        version = each.version - 1
    before = commit(bridge, uri, table, version) if version >= 0 else None
    return version >= 0 and (before is None or before.timestamp >= written)


def restored(bridge: Bridge, snapshot: Any, uri: str, mark: str, found: Transaction) -> bool:
    """Say whether a RESTORE took away what was published under a mark: Delta keeps the transaction, not the rows."""
    if all(each.operation != "RESTORE" for each in since(bridge, snapshot, uri, found.written)):
        return False
    table, version = snapshot.metadata().id(), snapshot.version()
    while True:
        each = commit(bridge, uri, table, version)
        if each is None or each.timestamp < found.written:
            return True
        if each.ours and each.ours.get("mark") == mark:
            return False
        target = each.parameters.get("version") if each.operation == "RESTORE" else version - 1
        if target is None:  # restored to a time: nobody here knows which version that was
            return True
        version = int(target)


def standing(bridge: Bridge, snapshot: Any, uri: str, mark: str) -> Commit | None:
    """Return the last commit under a mark whose rows no RESTORE took away; None where there is none.

    Raises:
        PublishError: the log no longer says which commits stand.
    """
    table, version = snapshot.metadata().id(), snapshot.version()
    while version >= 0:
        each = commit(bridge, uri, table, version)
        target = each.parameters.get("version") if each and each.operation == "RESTORE" else version - 1
        if each is None or target is None:  # restored to a time: nobody here knows which version that was
            raise PublishError(
                f"{uri} was restored, and its log does not say from what: version {version}",
                remedy="say up to where the sources are consumed: `etl state reset`",
            )
        if each.ours and each.ours.get("mark") == mark:
            return each
        version = int(target)
    return None


def own(bridge: Bridge, snapshot: Any, publish: Publish, before: int | None) -> Commit | None:
    """Return this run's own commit of a publish, None where none of the versions after ``before`` is."""
    mark, uri, table = publish.mark, publish.dataset.uri, snapshot.metadata().id()
    for version in range((-1 if before is None else before) + 1, snapshot.version() + 1):
        found = commit(bridge, uri, table, version)
        said = (found and found.ours) or {}
        if (said.get("run_id"), said.get("mark")) == (mark.applied.run_id, mark.name):
            return found
    return None
