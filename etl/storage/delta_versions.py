"""``History`` on Delta: events are staged and audited, then the versions that they make are merged into the table.

The versions of the touched keys are worked out anew from the table as of one version, and the merge is vetoed if that
is not the one it begins from: so each commit leaves what all events make together. docs/adr/0024-history.md
"""

from __future__ import annotations

from typing import Any

from attrs import evolve, frozen
from pyspark.sql import DataFrame, SparkSession

from etl.errors import WriteConflictError
from etl.model import history
from etl.model.interval import from_key
from etl.model.marks import interval_marks
from etl.model.write import History, ReplaceTable
from etl.spark.jvm import hadoop_path, no_rows
from etl.sql import quoted
from etl.storage import (
    delta_batch,
    delta_log,
    delta_merge,
    delta_transactions,
    delta_unchanged,
    delta_write,
    history_events,
    history_snapshots,
    history_versions,
    parquet_footers,
)
from etl.storage.delta_bridge import Bridge
from etl.storage.delta_commit import settled
from etl.storage.delta_schema import reshape
from etl.storage.history_events import ALWAYS, Rule
from etl.storage.history_versions import ACT, NEW
from etl.storage.staging import Applied, Publish, Published, Staged


@frozen(kw_only=True)
class Work:
    """A staged batch of events on its way into the table.

    Args:
        bridge: the session's door to Delta.
        publish: what is asked for, with the table's columns.
        write: the step's.
        rule: what it declares.
        batch: the events.
        before: the table's version; None where there is no table.
    """

    bridge: Bridge
    publish: Publish
    write: History
    rule: Rule
    batch: DataFrame
    before: int | None


def stage(session: SparkSession, publish: Publish) -> Staged:
    """Write the events once to files that no reader of the target sees.

    Raises:
        ConflictError: the log does not say what the publish follows.
        AnalysisError: the table's columns cannot take the step's.
    """
    write = publish.write
    assert isinstance(write, History)  # noqa: S101 delta.stage sends nothing else here
    bridge, whole = Bridge(session), evolve(publish, schema=history.stored(publish.schema, write))
    snapshot = bridge.snapshot(publish.dataset.uri)
    delta_log.compare(bridge, snapshot, publish)
    before = snapshot.version() if snapshot.version() >= 0 else None
    facts = reshape(bridge, snapshot, whole).words if before is not None else ()
    delta_batch.sweep(session, publish)
    batch = delta_batch.written(session, publish)
    origin = publish.mark.name.removeprefix(interval_marks(publish.dataset.name))
    origin = ALWAYS if origin == publish.mark.name else origin
    again = publish.mark.after is not None and origin != ALWAYS
    rule = history_events.rule(write, publish.schema, batch.rows, origin, again=again)
    work = Work(bridge=bridge, publish=whole, write=write, rule=rule, batch=batch.rows, before=before)
    files, path = hadoop_path(session, batch.uri)

    def drop() -> None:
        files.delete(path, True)

    return Staged(
        publish=publish,
        rows=parquet_footers.rows(session, f"{batch.uri}/{publish.kept}=true" if publish.kept else batch.uri),
        version_before=before,
        read=lambda: batch.rows,
        aside=(lambda: batch.aside) if batch.aside is not None else None,  # type: ignore[return-value, arg-type]
        commit=lambda applied: settled(bridge, whole, before, lambda: _committed(work, applied)),
        drop=lambda: None if publish.kept else drop(),
        drop_aside=drop,
        facts=facts,
    )


def _committed(work: Work, applied: Applied) -> Published:
    session, uri = work.bridge.session, work.publish.dataset.uri
    version = None if work.before is None else work.bridge.snapshot(uri).version()
    if version is None:
        table = no_rows(session, work.publish.schema.ddl)
    else:
        read = session.read.format("delta").option("versionAsOf", version).load(uri)
        table = history_events.padded(work.publish.schema, read)
    comes = _comes(work, table)
    if work.write.from_snapshots:
        comes.persist()  # beside the table it is asked for twice
    try:
        changes = _changes(work, table, comes)
        return _first(work, applied, changes) if version is None else _merged(work, applied, version, changes)
    finally:
        comes.unpersist()


def _first(work: Work, applied: Applied, changes: DataFrame) -> Published:
    """Write the versions of a new table in one commit."""
    publish = evolve(work.publish, frame=changes.drop(NEW, ACT), write=ReplaceTable(), kept=None)
    staged = delta_write.stage(work.bridge.session, publish)
    done = staged.commit(applied)
    return evolve(done, metrics={"inserted": staged.rows or 0, "updated": 0, "deleted": 0})


def _changes(work: Work, table: DataFrame, comes: DataFrame) -> DataFrame:
    """Return the versions to put and to take away, and write nothing."""
    rule, stored = work.rule, history_events.of_table(work.rule, table)
    keys = comes.select(*rule.keys)
    if rule.again:
        keys = keys.unionByName(stored.where("undone").select(*rule.keys))
    events = comes.unionByName(history_events.joined(rule, stored, keys, "left_semi"))
    if rule.again or rule.origin == ALWAYS:
        events = history_events.paired(rule, events)
    return history_versions.changes(rule, events)


def _comes(work: Work, table: DataFrame) -> DataFrame:
    rule, publish, batch = work.rule, work.publish, work.batch
    if not work.write.from_snapshots:
        return history_events.of_batch(rule, batch)
    assert publish.interval is not None  # noqa: S101 a step without one is refused at definition
    at, later = publish.interval.end, _later(work)
    if later is None and not rule.again:
        return history_snapshots.newest(rule, batch, table, at)
    return history_snapshots.between(rule, batch, table, at, later)


def _later(work: Work) -> history_snapshots.Later | None:
    """Return the first snapshot after this one that has been published."""
    prefix, interval = interval_marks(work.publish.dataset.name), work.publish.interval
    uri = work.publish.dataset.uri
    names = delta_transactions.transactions(work.bridge, work.bridge.snapshot(uri), uri)
    known = (from_key(name.removeprefix(prefix)) for name in names if name.startswith(prefix))
    after = [each for each in known if interval is not None and each.end > interval.end]
    first = min(after, key=lambda each: each.end, default=None)
    return history_snapshots.Later(first.key, first.end) if first else None


def _merged(work: Work, applied: Applied, version: int, changes: DataFrame) -> Published:
    """Write the changes, and merge them if the table is still the one they were worked out from."""
    session, publish, place = work.bridge.session, work.publish, f"{delta_batch.place(work.publish)}-versions"

    def begin(transaction: Any) -> None:
        transaction.readWholeTable()  # whatever another run adds meanwhile is a conflict
        now = transaction.snapshot().version()
        if now != version:
            came = f"version {now} came while version {version} was read"
            raise WriteConflictError(publish.dataset.name, came, version=now)

    try:
        changes.write.mode("overwrite").parquet(place)
        wanted = session.read.schema(changes.schema).parquet(place)
        acts = wanted.selectExpr(NEW, f"explode({ACT}) AS act")
        counted = acts.selectExpr(
            "count(1) AS acts", f"count_if({NEW} AND NOT act.gone) AS comes", "count_if(act.gone) AS goes"
        ).collect()[0]
        if not counted["acts"]:
            return delta_unchanged.noted(work.bridge, publish, applied, (), begin)
        growth = counted["comes"] - counted["goes"]
        return delta_merge.through_gate(
            work.bridge, publish, applied, version, lambda: _merge(work, wanted), range(growth, growth + 1), begin
        )
    finally:
        files, path = hadoop_path(session, place)
        files.delete(path, True)


def _merge(work: Work, wanted: DataFrame) -> None:
    from delta.tables import DeltaTable

    write, uri = work.write, work.publish.dataset.uri
    start = quoted(write.start_at)
    columns = [quoted(name) for name in wanted.columns if name not in {NEW, ACT}]
    source = wanted.selectExpr(*columns, f"explode({ACT}) AS {ACT}").alias("s")
    on = " AND ".join([*(f"t.{quoted(key)} <=> s.{quoted(key)}" for key in write.keys), f"t.{start} <=> s.{ACT}.at"])
    values: dict[str, Any] = {name: f"s.{name}" for name in columns}
    builder = DeltaTable.forPath(work.bridge.session, uri).alias("t").merge(source, on)
    builder = builder.whenMatchedDelete(condition=f"s.{ACT}.gone").whenMatchedUpdate(set=values)
    builder.whenNotMatchedInsert(condition=f"NOT s.{ACT}.gone", values=values).execute()
