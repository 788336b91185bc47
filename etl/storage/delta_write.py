"""Append and replace: Delta's own write command runs inside a transaction that is committed after the audit.

Dropping the transaction leaves only unreferenced files. Constraints, generated columns, deletion vectors, column
mapping and conflict detection stay Delta's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from attrs import evolve, frozen
from pyspark.sql import DataFrame, SparkSession

from etl.model.write import ReplaceInterval, ReplacePartitions
from etl.spark.jvm import java_class, no_rows
from etl.spark.log_store import doubts
from etl.storage import delta_content, delta_log, delta_transactions
from etl.storage.delta_bridge import DELTA, Bridge
from etl.storage.delta_commit import settled
from etl.storage.delta_files import Added, Split, added_files, delete, logical, row_count, split, within
from etl.storage.delta_schema import (
    BY_NAME,
    Reshape,
    described_as,
    hold,
    is_clustered,
    is_mapped,
    is_plain,
    names_in_log,
    partitioned_by,
    reshape,
    reshaped,
)
from etl.storage.delta_shape import Shape, gathered, shape
from etl.storage.delta_statistics import statistics
from etl.storage.staging import Applied, Publish, Published, Staged


@frozen(kw_only=True)
class Write:
    """One write command inside its open transaction."""

    bridge: Bridge
    log: Any
    transaction: Any
    publish: Publish
    before: int | None

    def command(self, rows: DataFrame, wanted: Shape, change: Reshape) -> tuple[Callable[[str], Any], Any]:
        """Run Delta's write command and return the operation, by what it notes, and the actions it would commit."""
        bridge, publish = self.bridge, self.publish
        options = {"userMetadata": delta_log.note(publish.mark)}
        options |= {"replaceWhere": wanted.where} if wanted.where and self.before is not None else {}
        options |= {change.option: "true"} if change.option else {}
        java_options = java_class(bridge.session, DELTA + "DeltaOptions")(
            bridge.scala_map(options), bridge.java_session.sessionState().conf()
        )
        modes = java_class(bridge.session, "org.apache.spark.sql.SaveMode")
        mode = modes.Overwrite if wanted.overwrite else modes.Append
        columns = bridge.scala_seq(change.partition_by)

        def operation(note: str) -> Any:
            said = bridge.option(columns), java_options.replaceWhere(), bridge.option(note)
            return bridge.construct("DeltaOperations$Write", mode, *said)

        command = bridge.construct(
            "commands.WriteIntoDelta",
            self.log,
            mode,
            java_options,
            columns,
            bridge.scala_map(BY_NAME if self.before is None and is_mapped(publish.schema) else {}),
            rows._jdf,
            bridge.option(),
        )
        active = bridge.module("OptimisticTransaction")
        active.setActive(self.transaction)
        try:
            return operation, command.writeAndReturnCommitData(
                self.transaction, bridge.java_session, bridge.option(), False
            )
        finally:
            active.clearActive()

    def same_rows(self, data: Any, adopted: tuple[Added, ...]) -> str | None:
        """Return what the commit notes where the files would be replaced by the same ones; None for a change."""
        if self.publish.mark.after is None or self.before is None:
            return None
        snapshot = self.transaction.snapshot()
        if not self.transaction.metadata().equals(snapshot.metadata()):
            return None
        return delta_content.carried(self.bridge, snapshot, self.publish, data.actions(), adopted)

    def staged(
        self, operation: Callable[[str], Any], data: Any, own: tuple[Added, ...], parts: Split | None, facts: Any
    ) -> Staged:
        """Return what was written, and what may come of it."""
        bridge, publish = self.bridge, self.publish

        def commit(applied: Applied) -> Published:
            said = delta_transactions.Transaction(delta_log.encoded(applied), time.time_ns() // 1_000_000)
            ours = bridge.set_transaction(publish.mark.name, said.number, said.written)
            same = self.same_rows(data, own if parts else ())
            adopted = [bridge.add_files(each.said for each in own)] if parts else []
            every = bridge.scala_seq([ours]) if same else bridge.together(ours, data.actions(), *adopted)
            note = same or delta_log.note(publish.mark)
            done = self.transaction.commitIfNeeded(every, operation(note), data.stringTags())
            version: int | None = done.get() if done.isDefined() else self.before
            if done.isDefined():
                table = self.transaction.snapshot(), publish.dataset.uri
                delta_transactions.remember(*table, done.get(), publish.mark.name, said)
            if same:
                delete(bridge, self.log, own if parts else added_files(bridge, data.actions()))
            return Published(version=version, metrics={"same_rows": 1} if same else {})

        def rows() -> DataFrame:
            if own:
                return bridge.rows_of(self.log, self.transaction, [each.said for each in own])
            return no_rows(bridge.session, publish.schema.nullable().ddl)

        aside = (
            parts.rows_aside if parts else lambda: publish.frame.where(f"NOT {publish.kept}").drop(str(publish.kept))
        )
        return Staged(
            publish=publish,
            rows=row_count(own),
            version_before=self.before,
            read=rows,
            aside=aside if publish.kept else None,
            commit=lambda applied: settled(bridge, publish, self.before, lambda: commit(applied)),
            drop=parts.drop if parts else lambda: delete(bridge, self.log, added_files(bridge, data.actions())),
            drop_aside=parts.drop_aside if parts else lambda: None,
            statistics=statistics([each.said for each in own], publish.schema),
            facts=facts,
        )


def stage(session: SparkSession, publish: Publish) -> Staged:
    """Write the rows once, inside a transaction nobody sees.

    Where some rows are set aside and the table lets files be adopted, those are written in the same pass; else they are
    computed again when the quarantine asks for them.
    """
    bridge = Bridge(session)
    log = bridge.log(publish.dataset.uri)
    transaction = log.startTransaction(bridge.option(), bridge.option())
    snapshot, metadata = transaction.snapshot(), transaction.metadata()
    delta_log.compare(bridge, snapshot, publish)
    bridge.register(transaction, publish.mark.name)
    wanted, change = shape(publish), Reshape(partition_by=shape(publish).partition_by)
    before = snapshot.version() if snapshot.version() >= 0 else None
    if before is not None and not wanted.where and wanted.overwrite and is_clustered(snapshot):
        wanted = evolve(wanted, where="true")  # a plain overwrite would take the clustering away
    if before is not None:
        change = reshape(bridge, snapshot, publish, wanted.partition_by)
    if change.columns is not None:
        transaction.updateMetadata(reshaped(bridge, metadata, change), False)
    columns = change.partition_by or (() if change.option == "overwriteSchema" else partitioned_by(metadata))
    rows, parts = gathered(publish, columns), None
    publish = evolve(publish, frame=rows)
    if publish.kept and is_plain(metadata) and (before is not None or not is_mapped(publish.schema)):
        parts = split(bridge, publish, publish.kept, columns)
        rows = no_rows(bridge.session, publish.schema.nullable().ddl)
    elif publish.kept:
        rows = publish.frame.where(publish.kept).drop(publish.kept)
    write = Write(bridge=bridge, log=log, transaction=transaction, publish=publish, before=before)
    rows = described_as(rows, metadata) if change.option == "overwriteSchema" else rows
    operation, data = write.command(rows, wanted, change)
    told = (*change.words, *doubts(session, publish.dataset.uri))
    staged = write.staged(operation, data, parts.kept if parts else _own(write, data), parts, told)
    try:
        hold(bridge, transaction.metadata(), publish)
    except BaseException:
        staged.drop()
        staged.drop_aside()
        raise
    return staged


def _own(write: Write, data: Any) -> tuple[Added, ...]:
    """Return the files with the step's rows, without those with copied rows of other intervals."""
    names = names_in_log(write.transaction.metadata())
    added = tuple(logical(each, names) for each in added_files(write.bridge, data.actions()))
    kind, interval = write.publish.write, write.publish.interval
    if not isinstance(kind, ReplacePartitions | ReplaceInterval) or interval is None:
        return added
    in_folders = kind.column in partitioned_by(write.transaction.metadata())
    return added if in_folders else within(added, kind.column, interval)
