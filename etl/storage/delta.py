"""Delta tables: read at one version; staged once inside a transaction, audited, then committed.

What it rests on: docs/adr/0003-delta-publish.md.
"""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession

from etl.errors import EtlError, MissingDatasetError
from etl.model import history
from etl.model.dataset import Dataset, folders
from etl.model.interval import Interval, Unit, from_key, touching
from etl.model.marks import partition_mark
from etl.model.schema import Schema
from etl.model.write import History, Merge, ReplacePartitions, Write
from etl.spark.jvm import struct_type
from etl.storage import (
    delta_consumed,
    delta_content,
    delta_history,
    delta_increments,
    delta_log,
    delta_merge,
    delta_schema,
    delta_statistics,
    delta_transactions,
    delta_versions,
    delta_write,
    evolution,
)
from etl.storage.delta_bridge import Bridge
from etl.storage.delta_consumed import consumed as consumed  # noqa: PLC0414 part of the seam, where a step asks for it
from etl.storage.delta_damage import damage as damage  # noqa: PLC0414 part of the seam: the engine asks this module
from etl.storage.delta_damage import lost
from etl.storage.delta_declared import as_declared, at_version
from etl.storage.delta_transactions import Transaction
from etl.storage.foreign import broken_rule
from etl.storage.reading import Reading, Scope, check_scope, empty
from etl.storage.staging import Applied, Publish, Staged, TargetState


def read(session: SparkSession, dataset: Dataset, scope: Scope) -> Reading:
    """Return the table's rows of the interval, or all of them, as of one version.

    A Delta frame without a version takes the newest one at each action: what a run said it read, what it wrote and
    what it looked at again could be three versions.

    Raises:
        MissingDatasetError: there is no table.
        InputError: a column of a table that no step here writes is not exactly within the declared one, or absent.
    """
    check_scope(dataset, scope)
    bridge = Bridge(session)
    snapshot = bridge.snapshot(dataset.uri)
    if snapshot.version() < 0:
        if scope.optional and dataset.schema is not None:
            return Reading(frame=empty(session, dataset), identity=None)
        here = dataset.written_by is not None
        raise MissingDatasetError(dataset.name, dataset.uri, what="Delta table", written_here=here, place=dataset.place)
    if scope.increment is not None:
        return delta_increments.read(bridge, snapshot, dataset, scope.increment)
    version = snapshot.version() if scope.version is None else int(scope.version)
    frame, ignored = as_declared(at_version(session, dataset, version), dataset)
    where = scope.predicate(lambda column: frame.schema[column].dataType.simpleString().upper())
    return Reading(
        frame=frame.where(where) if where else frame,
        identity=_identity(bridge, snapshot, dataset, scope),
        upto=str(version),
        ignored=ignored,
        explain=lambda error: lost(dataset, error),
    )


def _identity(bridge: Bridge, snapshot: Any, dataset: Dataset, scope: Scope) -> Any:
    """Return what names the rows: the last publishes of the interval, else the last version that changed a row.

    Where the writer replaces rows by the column that the reader takes its interval from, those are the writer's last
    publishes of its own intervals that overlap this one, and changed a row: other days may change the table without
    changing what this run reads. Any other writer's change since then may have.
    """
    uri, table = dataset.uri, str(snapshot.metadata().id())[:8]
    if scope.version is not None:
        return f"version {scope.version} of table {table}"
    if scope.interval and scope.column and dataset.written_by and dataset.replaced_by == scope.column:
        found = _publishes(bridge, snapshot, dataset, scope.interval)
        oldest = min((each.written for each in found.values()), default=0)
        if found and not delta_history.changed_by_others(bridge, snapshot, uri, oldest):
            numbers = {
                key: delta_content.of_publish(bridge, snapshot, uri, partition_mark(dataset.name, key), each)
                for key, each in found.items()
            }
            alone = numbers.get(scope.interval.key) if len(numbers) == 1 else None
            return {"publishes": numbers} if alone is None else f"publish {alone}"
    return f"version {delta_content.of_table(bridge, snapshot, uri)} of table {table}"


def _publishes(bridge: Bridge, snapshot: Any, dataset: Dataset, interval: Interval) -> dict[str, Transaction]:
    """Return the last publish of each of the writer's intervals that overlap an interval, by key."""
    known = delta_transactions.transactions(bridge, snapshot, dataset.uri)
    keys = [each.key for unit in Unit for each in touching(interval, unit)]
    start = partition_mark(dataset.name, "")
    odd = (name.removeprefix(start) for name in known if "/" in name[len(start) :] and name.startswith(start))
    keys += [key for key in odd if interval.overlaps(from_key(key))]
    return {key: known[name] for key in sorted(keys) if (name := start + key) in known}


def state(session: SparkSession, dataset: Dataset, mark: str) -> TargetState:
    """Return the table's version and what was last published under this mark."""
    bridge = Bridge(session)
    snapshot = bridge.snapshot(dataset.uri)
    version = snapshot.version()
    if version < 0:
        return TargetState(None)
    found = delta_transactions.transaction(bridge, snapshot, dataset.uri, mark)
    applied = delta_log.decoded(found.number) if found else None
    return TargetState(version, applied, delta_schema.partitioned_by(snapshot.metadata()))


def is_taken_back(session: SparkSession, dataset: Dataset, mark: str) -> bool:
    """Say whether a RESTORE took the rows of the last publish away: Delta keeps the transaction, not the rows."""
    bridge = Bridge(session)
    snapshot = bridge.snapshot(dataset.uri)
    found = delta_transactions.transaction(bridge, snapshot, dataset.uri, mark)
    return found is not None and delta_history.restored(bridge, snapshot, dataset.uri, mark, found)


def recall(session: SparkSession, dataset: Dataset, mark: str) -> Applied | None:
    """Return what the last publish under this mark was made from, as its commit says; None where that is forgotten."""
    bridge = Bridge(session)
    snapshot = bridge.snapshot(dataset.uri)
    found = delta_transactions.transaction(bridge, snapshot, dataset.uri, mark)
    if found is None:
        return None
    for commit in delta_history.since(bridge, snapshot, dataset.uri, found.written):
        if commit.ours and commit.ours.get("mark") == mark:
            return delta_log.described(found.number, commit.ours)
    return None


def later_intervals(session: SparkSession, dataset: Dataset, prefix: str, key: str) -> tuple[str, ...]:
    """Return the keys of the intervals after ``key`` that were published under marks with this prefix, sorted."""
    bridge = Bridge(session)
    names = delta_transactions.transactions(bridge, bridge.snapshot(dataset.uri), dataset.uri)
    keys = (name.removeprefix(prefix) for name in names if name.startswith(prefix))
    return tuple(sorted(found for found in keys if found > key))


def counted(schema: Schema, write: Write, partition_by: tuple[str, ...], *, exists: bool) -> frozenset[str]:
    """Return the columns of which the log will tell nulls and bounds; the files of a merge's batch have no log."""
    if isinstance(write, History) or (isinstance(write, Merge) and exists):
        return frozenset()
    own = (write.column,) if isinstance(write, ReplacePartitions) and schema.column(write.column).type == "DATE" else ()
    return delta_statistics.counted(schema, (*own, *partition_by))


def changes(
    session: SparkSession, dataset: Dataset, schema: Schema, write: Write, partition_by: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Return in words what a publish would make of the table's columns; nothing where there is no table.

    Raises:
        AnalysisError: the table cannot take the declared columns.
        PlatformError: the table needs a newer Delta.
    """
    bridge = Bridge(session)
    snapshot = bridge.snapshot(dataset.uri)
    if snapshot.version() < 0:
        return ()
    bridge.check_writable(snapshot, dataset.uri)
    whole = history.stored(schema, write) if isinstance(write, History) else schema
    declared, table = struct_type(session, whole.ddl), delta_schema.existing(snapshot.metadata())
    columns = folders(write, schema, partition_by)
    return delta_schema.accepted(dataset, evolution.changes(declared, table, write, columns)).words


def stage(session: SparkSession, publish: Publish) -> Staged:
    """Write the rows once, where no reader sees them.

    Raises:
        ConflictError: the log does not say what the publish follows.
        AnalysisError: the table's columns cannot take the step's.
        PublishError: a row breaks a rule that others have put on the table.
        PlatformError: the table needs a newer Delta.
    """
    # Asked only of a merge: every other write looks at the log in the transaction it begins.
    merging = isinstance(publish.write, Merge) and Bridge(session).snapshot(publish.dataset.uri).version() >= 0
    try:
        if isinstance(publish.write, History):
            staged = delta_versions.stage(session, publish)
        else:
            staged = delta_merge.stage(session, publish) if merging else delta_write.stage(session, publish)
        return delta_consumed.keeping(session, staged) if publish.mark.consumes else staged
    except EtlError:
        raise
    except Exception as error:
        told = broken_rule(error, publish.dataset)
        if told is None:
            raise
        raise told from error
