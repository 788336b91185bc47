"""What Delta's log says: numbers of publishes, and the commits themselves, read from their files without a Spark job.

Delta keeps one number for each application id (``SetTransaction``). Headrace's is
``generation << 40 | fingerprint << 1 | aside``: the generation makes it greater than every one before, the rest tells
what was published. Whatever else a publish was made from stands in the commit's ``userMetadata``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import evolve, field, frozen
from pyspark.sql import SparkSession

from etl.errors import ConflictError
from etl.spark.jvm import hadoop_path, java_class
from etl.storage.delta_bridge import Bridge
from etl.storage.staging import FINGERPRINT_BITS, Applied, Mark, Publish

BITS = FINGERPRINT_BITS + 1
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


@frozen
class Transaction:
    """A ``SetTransaction`` of the log: its number, and when it was written (milliseconds; 0 if Delta does not say)."""

    number: int
    written: int


def encoded(applied: Applied) -> int:
    """Return the number that stands for a publish in the log."""
    return applied.generation << BITS | applied.fingerprint << 1 | applied.aside


def decoded(number: int) -> Applied:
    """Return the publish that a number stands for."""
    mask = (1 << FINGERPRINT_BITS) - 1
    return Applied(generation=number >> BITS, fingerprint=number >> 1 & mask, aside=bool(number & 1))


def note(mark: Mark) -> str:
    """Return the text a commit carries about its publish."""
    applied = mark.applied
    said: dict[str, Any] = {"run_id": applied.run_id, "step": mark.step, "interval": mark.interval, "mark": mark.name}
    said |= {"parts": dict(applied.parts)} | ({"watermark": dict(applied.watermark)} if applied.watermark else {})
    return json.dumps({"headrace": said})


def described(number: int, ours: Mapping[str, Any]) -> Applied:
    """Return the publish that a number and its commit's text stand for."""
    return evolve(
        decoded(number),
        parts=ours.get("parts", {}),
        run_id=ours.get("run_id", ""),
        watermark=ours.get("watermark", {}),
    )


def transactions(bridge: Bridge, snapshot: Any, prefix: str) -> dict[str, Transaction]:
    """Return the transactions whose application id starts with ``prefix``.

    Runs no Spark job where the version's checksum file lists them (``session`` raises Delta's limit for that), else
    Delta's state reconstruction: two or three.
    """
    if snapshot.version() < 0:
        return {}
    checksum = snapshot.checksumOpt()
    known = checksum.get().setTransactions() if checksum.isDefined() else bridge.option()
    # A year of days has as many: read in one call, not in two for each.
    listed = known.get() if known.isDefined() else snapshot.setTransactions()
    pattern = rf"^SetTransaction\(({re.escape(prefix)}.*),(\d+),(?:Some\((\d+)\)|None)\)$"
    found = re.finditer(pattern, listed.mkString("\n"), re.MULTILINE)
    return {said[1]: Transaction(int(said[2]), int(said[3] or 0)) for said in found}


def transaction(bridge: Bridge, snapshot: Any, name: str) -> Transaction | None:
    """Return the transaction of this application id, None where there is none."""
    return transactions(bridge, snapshot, name).get(name)


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


def own(bridge: Bridge, snapshot: Any, publish: Publish, before: int | None) -> Commit | None:
    """Return this run's own commit of a publish, None where none of the versions after ``before`` is."""
    mark, uri, table = publish.mark, publish.dataset.uri, snapshot.metadata().id()
    for version in range((-1 if before is None else before) + 1, snapshot.version() + 1):
        found = commit(bridge, uri, table, version)
        said = (found and found.ours) or {}
        if (said.get("run_id"), said.get("mark")) == (mark.applied.run_id, mark.name):
            return found
    return None


def compare(bridge: Bridge, snapshot: Any, publish: Publish) -> None:
    """Refuse to go on if the log does not say what the run saw when it looked.

    Raises:
        ConflictError: another run published under this mark meanwhile, or made or removed the table.
    """
    dataset, after = publish.dataset, publish.mark.after
    found = transaction(bridge, snapshot, publish.mark.name)
    now = decoded(found.number) if found else None
    if now == after and (publish.version is None) == (snapshot.version() < 0):
        return
    raise ConflictError(
        f"{dataset.name}: another run published {publish.mark.interval or 'it'} while this one was at work "
        f"(version {snapshot.version()}, this run looked at {publish.version})",
        remedy="run the step again: it starts from what is there now",
    )
