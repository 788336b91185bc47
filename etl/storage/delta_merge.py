"""Delta MERGE: the batch is staged and audited first, then merged through a commit gate.

The batch is written once to files below the target that no reader looks at (observation on a MERGE source counts
wrongly, so the audit must not ride on the MERGE). MERGE then reads those immutable files.
"""

from __future__ import annotations

import json
from typing import Any

from attrs import frozen
from pyspark.sql import DataFrame, SparkSession

from etl.errors import PublishError
from etl.model.write import Merge
from etl.spark.jvm import hadoop_path, java_class, settings
from etl.sql import quoted
from etl.storage.delta_bridge import Bridge
from etl.storage.delta_gate import Gate
from etl.storage.staging import Order, Published, Staged

STAGE = "_staged"  # Delta and Spark readers skip names that start with an underscore
UNCOUNTED = -1  # the batch's files carry no statistics that Delta has read; the observation counts them


@frozen
class Batch:
    """A staged batch: the directory of its files."""

    uri: str


def stage(session: SparkSession, order: Order) -> Staged:
    """Write the batch once to files that no reader of the target sees."""
    uri = f"{order.dataset.uri}/{STAGE}/{order.run_id}-{order.transaction.version}"
    order.frame.write.mode("overwrite").parquet(uri)
    before = Bridge(session).snapshot(order.dataset.uri).version()
    rows = session.read.schema(order.frame.schema).parquet(uri)
    return Staged(
        order=order, rows=UNCOUNTED, version_before=before if before >= 0 else None,
        read=lambda: rows, handle=Batch(uri),
    )  # fmt: skip


def publish(session: SparkSession, staged: Staged) -> Published:
    """Merge the staged batch; the gate lets the commit pass only if the row counts are possible.

    Raises:
        PublishError: the prepared commit would add or lose rows the batch cannot account for.
    """
    order, bridge = staged.order, Bridge(session)
    gate = Gate(bridge, lambda actions: check_growth(order, actions, staged.rows))
    try:
        with settings(session, _transaction(order)), gate.watching():
            _merge(session, order, staged.read()).execute()
    except Exception:
        if gate.veto is not None:
            raise gate.veto from None
        raise
    finally:
        discard(session, staged)
    version = bridge.snapshot(order.dataset.uri).version()
    changed = version != staged.version_before
    return Published(version=version if changed else None, metrics=_metrics(bridge, order, version) if changed else {})


def check_growth(order: Order, actions: list[Any], batch: int) -> None:
    """Refuse a prepared commit that no merge of this batch can have produced.

    Raises:
        PublishError: the target would grow by more rows than the batch has, or shrink without a deletion rule.
    """
    growth = 0
    for action in actions:
        content = json.loads(action.json())
        for kind, sign in (("add", 1), ("remove", -1)):
            if kind in content and "stats" in content[kind]:
                growth += sign * int(json.loads(content[kind]["stats"])["numRecords"])
    least = -batch if order.merge and order.merge.apply_as_deletes else 0
    if not least <= growth <= batch:
        raise PublishError(
            f"{order.dataset.name}: merging {batch} rows would add {growth} to the table; nothing was published",
            remedy="the table's keys are not unique, or it was changed by another writer",
        )


def _merge(session: SparkSession, order: Order, batch: DataFrame) -> Any:
    from delta.tables import DeltaTable

    rule = order.merge or Merge(())
    names = [quoted(name) for name in batch.columns]
    same = " AND ".join(f"t.{name} <=> s.{name}" for name in names)
    on = " AND ".join(f"t.{quoted(key)} <=> s.{quoted(key)}" for key in rule.keys)
    later = quoted(rule.sequence_by) if rule.sequence_by else ""
    fresh = f"(t.{later} IS NULL OR t.{later} <= s.{later})" if later else "true"
    target = DeltaTable.forPath(session, order.dataset.uri).alias("t")
    if rule.apply_as_deletes is None:
        builder = target.merge(batch.alias("s"), on)
        return builder.whenMatchedUpdateAll(condition=f"{fresh} AND NOT ({same})").whenNotMatchedInsertAll()
    # Evaluated on the batch alone: the author's condition names the step's own columns.
    source = batch.selectExpr("*", f"coalesce({rule.apply_as_deletes}, false) AS `_deletes`")
    values: dict[str, Any] = {name: f"s.{name}" for name in names}
    builder = target.merge(source.alias("s"), on).whenMatchedDelete(condition=f"s._deletes AND {fresh}")
    builder = builder.whenMatchedUpdate(condition=f"NOT s._deletes AND {fresh} AND NOT ({same})", set=values)
    return builder.whenNotMatchedInsert(condition="NOT s._deletes", values=values)


def _transaction(order: Order) -> dict[str, str]:
    """Return the settings of one MERGE's transaction; left behind, Delta would skip the next DML silently."""
    return {
        "spark.databricks.delta.write.txnAppId": order.transaction.app_id,
        "spark.databricks.delta.write.txnVersion": str(order.transaction.version),
        "spark.databricks.delta.commitInfo.userMetadata": order.note,
        # The batch is immutable files of ours: Delta need not copy it to be sure it stays the same.
        "spark.databricks.delta.merge.materializeSource": "none",
        "spark.databricks.delta.schema.autoMerge.enabled": "true",
    }


def _metrics(bridge: Bridge, order: Order, version: int) -> dict[str, int]:
    """Read the commit's own counts from its log entry: no Spark job, unlike ``history()``."""
    session = bridge.session
    files, path = hadoop_path(session, f"{order.dataset.uri}/_delta_log/{version:020d}.json")
    stream = files.open(path)
    try:
        reader = java_class(session, "java.io.InputStreamReader")(stream, "UTF-8")
        first = java_class(session, "java.io.BufferedReader")(reader).readLine()
    finally:
        stream.close()
    found = json.loads(first).get("commitInfo", {}).get("operationMetrics", {})
    names = {"inserted": "numTargetRowsInserted", "updated": "numTargetRowsUpdated", "deleted": "numTargetRowsDeleted"}
    return {ours: int(found.get(theirs, 0)) for ours, theirs in names.items()}


def discard(session: SparkSession, staged: Staged) -> None:
    """Delete the staged batch."""
    files, path = hadoop_path(session, staged.handle.uri)
    files.delete(path, True)
