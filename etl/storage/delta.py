"""Delta tables: staged once inside a transaction, audited, then committed.

Data files are written by Delta's own write command inside a transaction that is not committed; dropping the
transaction leaves only unreferenced files. ``facts`` behind it: docs/adr/0003-delta-publish.md.
"""

from __future__ import annotations

import json
from typing import Any

from attrs import frozen
from pyspark.sql import DataFrame, SparkSession

from etl.errors import ConflictError, EtlError, InputError, OutcomeUnknownError, PublishError
from etl.model.dataset import Dataset
from etl.model.interval import Interval
from etl.spark.errors import class_names, summary
from etl.spark.jvm import java_class
from etl.storage import delta_merge
from etl.storage.delta_bridge import DELTA, Bridge, elements
from etl.storage.staging import Order, Published, Staged, TargetState, interval_predicate

CONFLICTS = (
    "ConcurrentAppendException", "ConcurrentDeleteReadException", "ConcurrentDeleteDeleteException",
    "ConcurrentTransactionException", "ConcurrentWriteException", "MetadataChangedException",
    "ProtocolChangedException", "CommitConflictException",
)  # fmt: skip


@frozen
class Handle:
    """An open transaction and the actions it will commit."""

    bridge: Bridge
    log: Any
    transaction: Any
    operation: Any
    data: Any
    added: tuple[Any, ...]


def read(session: SparkSession, dataset: Dataset, column: str | None, interval: Interval | None) -> DataFrame:
    """Return the table's rows of the interval, or all where ``column`` is None.

    Raises:
        InputError: there is no table.
    """
    if not exists(session, dataset):
        raise InputError(
            f"dataset {dataset.name}: no Delta table at {dataset.uri}", place=dataset.place,
            remedy=f"run the step that writes it first: etl run +{dataset.name}" if dataset.written_by
            else "deliver it, or set optional=True for the source",
        )  # fmt: skip
    frame = session.read.format("delta").load(dataset.uri)
    if column is None or interval is None:
        return frame
    return frame.where(interval_predicate(column, frame.schema[column].dataType.simpleString().upper(), interval))


def exists(session: SparkSession, dataset: Dataset) -> bool:
    """Return True if a Delta table is there."""
    return bool(Bridge(session).snapshot(dataset.uri).version() >= 0)


def state(session: SparkSession, dataset: Dataset, app_id: str) -> TargetState:
    """Return the table's version and the last transaction of this app id.

    Runs no Spark job where the version's checksum file lists the transactions (``session`` raises Delta's limit for
    that), else Delta's state reconstruction: two or three.
    """
    bridge = Bridge(session)
    snapshot = bridge.snapshot(dataset.uri)
    version = snapshot.version()
    return TargetState(version if version >= 0 else None, bridge.transaction_version(snapshot, app_id))


def stage(session: SparkSession, order: Order) -> Staged:
    """Write the rows once, inside a transaction nobody sees."""
    if order.mode == "merge" and exists(session, order.dataset):
        return delta_merge.stage(session, order)
    bridge = Bridge(session)
    log = bridge.log(order.dataset.uri)
    transaction = log.startTransaction(bridge.option(), bridge.option())
    before = transaction.snapshot().version()
    bridge.register(transaction, order.transaction.app_id)
    operation, command = _command(bridge, log, order)
    active = bridge.module("OptimisticTransaction")
    active.setActive(transaction)
    try:
        data = command.writeAndReturnCommitData(transaction, bridge.java_session, bridge.option(), False)
    finally:
        active.clearActive()
    actions = elements(data.actions())
    added = tuple(action for action in actions if action.getClass().getSimpleName() == "AddFile")
    statistics = [json.loads(action.json())["add"] for action in added]
    return Staged(
        order=order, rows=sum(json.loads(file["stats"])["numRecords"] for file in statistics), files=len(added),
        bytes=sum(file["size"] for file in statistics), version_before=before if before >= 0 else None,
        read=lambda: _rows(bridge, log, transaction, order, added),
        handle=Handle(bridge, log, transaction, operation, data, added),
    )  # fmt: skip


def _command(bridge: Bridge, log: Any, order: Order) -> tuple[Any, Any]:
    options = {"txnAppId": order.transaction.app_id, "txnVersion": str(order.transaction.version)}
    if order.note:
        options["userMetadata"] = order.note
    if order.replace_where:
        options["replaceWhere"] = order.replace_where
    # The frame has exactly the declared columns, so a new nullable column is the author's wish, never drift.
    options["overwriteSchema" if order.mode == "overwrite" and not order.replace_where else "mergeSchema"] = "true"
    java_options = java_class(bridge.session, DELTA + "DeltaOptions")(
        bridge.scala_map(options), bridge.java_session.sessionState().conf()
    )
    modes = java_class(bridge.session, "org.apache.spark.sql.SaveMode")
    mode = modes.Overwrite if order.mode == "overwrite" else modes.Append
    columns = bridge.scala_seq(order.partition_by)
    operation = bridge.construct(
        "DeltaOperations$Write", mode, bridge.option(columns), java_options.replaceWhere(), java_options.userMetadata()
    )
    command = bridge.construct(
        "commands.WriteIntoDelta", log, mode, java_options, columns, bridge.scala_map({}), order.frame._jdf,
        bridge.option(),
    )  # fmt: skip
    return operation, command


def _rows(bridge: Bridge, log: Any, transaction: Any, order: Order, added: tuple[Any, ...]) -> DataFrame:
    session = bridge.session
    if not added:
        return session.createDataFrame([], order.frame.schema)
    if transaction.snapshot().version() >= 0:
        return bridge.rows_of(log, transaction.snapshot(), added)
    # A table that does not exist yet has no schema in its snapshot; its files are plain parquet.
    reader = session.read.schema(order.frame.schema).option("basePath", order.dataset.uri)
    return reader.parquet(*[path.toString() for path in _paths(bridge, log, added)])


def publish(session: SparkSession, staged: Staged) -> Published:
    """Commit the transaction; readers see all of it or nothing.

    Raises:
        ConflictError: another writer changed what this transaction read; nothing was published.
        PublishError: Delta refused the commit; nothing was published.
        OutcomeUnknownError: the commit raised and the table could not be read back.
    """
    try:
        if isinstance(staged.handle, delta_merge.Batch):
            return delta_merge.publish(session, staged)
        return _commit(staged.handle)
    except EtlError:
        raise
    except Exception as error:
        return _resolve(session, staged, error)


def _commit(handle: Handle) -> Published:
    version = handle.transaction.commitIfNeeded(handle.data.actions(), handle.operation, handle.data.stringTags())
    return Published(version=version.get() if version.isDefined() else None)


def _resolve(session: SparkSession, staged: Staged, error: Exception) -> Published:
    """A commit raised: read the table back and look for this run's own transaction before calling it a failure."""
    order, names = staged.order, class_names(error)
    try:
        now = state(session, order.dataset, order.transaction.app_id)
    except Exception as unreadable:
        raise OutcomeUnknownError(
            f"{order.dataset.name}: the commit raised ({summary(error)}) and the table cannot be read back "
            f"({summary(unreadable)})", remedy="re-running is safe: a published interval is recognised",
        ) from error  # fmt: skip
    if now.applied == order.transaction.version:
        return Published(version=now.version)
    if any(name in CONFLICTS for name in names):
        raise ConflictError(
            f"{order.dataset.name}: another writer committed version {now.version} meanwhile ({summary(error)})",
            remedy="run the step again",
        ) from error
    raise PublishError(f"{order.dataset.name}: Delta refused the commit: {summary(error)}") from error


def discard(session: SparkSession, staged: Staged) -> None:
    """Delete the staged files: they are this run's own and no log names them."""
    if isinstance(staged.handle, delta_merge.Batch):
        delta_merge.discard(session, staged)
        return
    bridge: Bridge = staged.handle.bridge
    for path in _paths(bridge, staged.handle.log, staged.handle.added):
        path.getFileSystem(bridge.java_session.sessionState().newHadoopConf()).delete(path, False)


def _paths(bridge: Bridge, log: Any, added: tuple[Any, ...]) -> list[Any]:
    """Return the added files as Hadoop paths; the log keeps them relative and URL-encoded."""
    hadoop, uri = java_class(bridge.session, "org.apache.hadoop.fs.Path"), java_class(bridge.session, "java.net.URI")
    return [hadoop(log.dataPath(), hadoop(uri(action.path()))) for action in added]
