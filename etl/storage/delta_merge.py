"""Delta MERGE: the batch is staged and audited first, then merged through a commit gate.

The batch is written once to files below the target that no reader looks at (observation on a MERGE source counts
wrongly, so the audit must not ride on the MERGE). MERGE then reads those immutable files.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from etl.errors import ConflictError, PublishError
from etl.model.write import Merge
from etl.spark.jvm import conf_set, hadoop_path
from etl.spark.log_store import doubts
from etl.sql import quoted
from etl.storage import delta_history, delta_log, delta_unchanged, parquet_footers
from etl.storage.delta_batch import Batch, sweep, written
from etl.storage.delta_bridge import Bridge
from etl.storage.delta_commit import counts, settled
from etl.storage.delta_schema import existing, reshape
from etl.storage.equality import all_same
from etl.storage.staging import Applied, Publish, Published, Staged


def stage(session: SparkSession, publish: Publish) -> Staged:
    """Write the batch once to files that no reader of the target sees.

    Raises:
        ConflictError: the log does not say what the publish follows.
    """
    bridge = Bridge(session)
    snapshot = bridge.snapshot(publish.dataset.uri)
    delta_log.compare(bridge, snapshot, publish)
    change = reshape(bridge, snapshot, publish)
    sweep(session, publish)
    batch, before = written(session, publish), snapshot.version()
    files, path = hadoop_path(session, batch.uri)
    rows = parquet_footers.rows(session, f"{batch.uri}/{publish.kept}=true" if publish.kept else batch.uri)

    def drop() -> None:
        files.delete(path, True)

    def commit(applied: Applied) -> Published:
        return settled(bridge, publish, before, lambda: _merged(bridge, publish, applied, batch, rows, before))

    return Staged(
        publish=publish,
        rows=rows,
        version_before=before,
        read=lambda: batch.rows,
        aside=(lambda: batch.aside) if batch.aside is not None else None,  # type: ignore[return-value, arg-type]
        commit=commit,
        drop=lambda: None if publish.kept else drop(),
        drop_aside=drop,
        facts=(*change.words, *doubts(session, publish.dataset.uri)),
    )


def _merged(bridge: Bridge, publish: Publish, applied: Applied, batch: Batch, rows: int, before: int) -> Published:
    """Merge the staged batch; see ``through_gate``."""
    deleting = isinstance(publish.write, Merge) and publish.write.apply_as_deletes

    def merge() -> None:
        _merge(bridge, publish, batch.rows).execute()

    growth = range(-rows if deleting else 0, rows + 1)
    return through_gate(bridge, publish, applied, before, merge, growth)


def through_gate(
    bridge: Bridge,
    publish: Publish,
    applied: Applied,
    before: int,
    merge: Callable[[], None],
    growth: range,
    begin: Callable[[Any], None] = lambda _: None,
) -> Published:
    """Run a MERGE through the gate, and make sure that it was this one that was committed.

    Args:
        bridge: the session's door to Delta.
        publish: what is asked for.
        applied: what the log will say.
        before: the version that the run looked at.
        merge: executes the MERGE.
        growth: by how many rows the table may grow.
        begin: gets the transaction as it begins, after the log was compared; raises to veto.

    Raises:
        ConflictError: another run published under this mark since the batch was staged, or Delta skipped the merge.
        PublishError: the prepared commit would add or lose rows the batch cannot account for.
    """

    def begun(transaction: Any) -> None:
        delta_log.compare(bridge, transaction.snapshot(), publish)
        reshape(bridge, transaction.snapshot(), publish)  # others may have changed the table since
        begin(transaction)
        bridge.register(transaction, publish.mark.name)

    gate = delta_unchanged.gate(bridge, begun, lambda actions: check_growth(publish, actions, growth))
    try:
        with conf_set(bridge.session, _transaction(publish, applied)), gate.watching():
            merge()
    except Exception:
        if isinstance(gate.veto, delta_unchanged.NothingChangedError):
            return delta_unchanged.noted(bridge, publish, applied, gate.veto.written, begin)
        if gate.veto is not None:
            raise gate.veto from None
        raise
    found = delta_history.own(bridge, bridge.snapshot(publish.dataset.uri), publish, before) if gate.asked else None
    return _found(publish, found)


def _found(publish: Publish, commit: delta_history.Commit | None) -> Published:
    if commit is None:
        raise ConflictError(
            f"{publish.dataset.name}: Delta skipped the merge of {publish.mark.interval or 'the batch'}: another run "
            "published it meanwhile",
            remedy="run the step again: it starts from what is there now",
        )
    return Published(version=commit.version, metrics=counts(commit))


def check_growth(publish: Publish, actions: Iterable[Any], allowed: range) -> None:
    """Refuse a prepared commit that no merge of this batch can have produced.

    A file without statistics says nothing, and then nothing is refused.

    Raises:
        PublishError: the target would grow by other than the allowed numbers of rows.
    """
    growth = 0
    for action in actions:
        content = json.loads(action.json())
        for kind, sign in (("add", 1), ("remove", -1)):
            if kind not in content:
                continue
            counted = json.loads(content[kind].get("stats") or "{}").get("numRecords")
            if counted is None:
                return
            gone = (content[kind].get("deletionVector") or {}).get("cardinality", 0)
            growth += sign * (int(counted) - int(gone))
    if growth not in allowed:
        most = f"{allowed[0]} to {allowed[-1]}" if len(allowed) > 1 else allowed[0]
        raise PublishError(
            f"{publish.dataset.name}: the merge would add {growth} rows to the table, where its batch can add {most}; "
            "nothing was published",
            remedy="the table's keys are not unique, or it was changed by another writer",
        )


def _merge(bridge: Bridge, publish: Publish, batch: DataFrame) -> Any:
    from delta.tables import DeltaTable

    rule = publish.write
    assert isinstance(rule, Merge)  # noqa: S101 delta.stage sends nothing else here
    names = [quoted(name) for name in batch.columns]
    same = _unchanged(bridge, publish, batch)
    on = " AND ".join(f"t.{quoted(key)} <=> s.{quoted(key)}" for key in rule.keys)
    later = quoted(rule.sequence_by) if rule.sequence_by else ""
    fresh = f"(t.{later} IS NULL OR t.{later} <= s.{later})" if later else "true"
    target = DeltaTable.forPath(bridge.session, publish.dataset.uri).alias("t")
    if rule.insert_only:
        return target.merge(batch.alias("s"), on).whenNotMatchedInsertAll()
    if rule.apply_as_deletes is None:
        builder = target.merge(batch.alias("s"), on)
        return builder.whenMatchedUpdateAll(condition=f"{fresh} AND NOT ({same})").whenNotMatchedInsertAll()
    # Evaluated on the batch alone: the author's condition names the step's own columns.
    source = batch.selectExpr("*", f"coalesce({rule.apply_as_deletes}, false) AS `_deletes`")
    values: dict[str, Any] = {name: f"s.{name}" for name in names}
    builder = target.merge(source.alias("s"), on).whenMatchedDelete(condition=f"s._deletes AND {fresh}")
    builder = builder.whenMatchedUpdate(condition=f"NOT s._deletes AND {fresh} AND NOT ({same})", set=values)
    return builder.whenNotMatchedInsert(condition="NOT s._deletes", values=values)


def _unchanged(bridge: Bridge, publish: Publish, batch: DataFrame) -> str:
    """Return SQL that is true where the target's row holds the batch's values already.

    A column or field the target lacks is always news, and so is one that gets another type.
    """
    table = existing(bridge.snapshot(publish.dataset.uri).metadata()).columns
    there = {field.name.lower(): field.dataType.simpleString() for field in table}
    if any(there.get(field.name.lower()) != field.dataType.simpleString() for field in batch.schema):
        return "false"
    kinds = {field.name: field.dataType.simpleString() for field in batch.schema}
    return all_same("t", "s", kinds, kinds)


def _transaction(publish: Publish, applied: Applied) -> dict[str, str]:
    """Return the settings of one MERGE's transaction; left behind, Delta would skip the next DML silently."""
    return {
        "spark.databricks.delta.write.txnAppId": publish.mark.name,
        "spark.databricks.delta.write.txnVersion": str(delta_log.encoded(applied)),
        "spark.databricks.delta.commitInfo.userMetadata": delta_log.note(publish.mark),
        # The batch is immutable files of ours: Delta need not copy it to be sure it stays the same.
        "spark.databricks.delta.merge.materializeSource": "none",
        "spark.databricks.delta.schema.autoMerge.enabled": "true",
    }
