"""Files that a Delta write has made and no log names yet: counted, read back, deleted, or taken over from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from attrs import field, frozen
from pyspark.sql import DataFrame, SparkSession

from etl.model.interval import Interval
from etl.spark.jvm import PATH, conf_set, hadoop_path, java_class
from etl.storage.delta_bridge import Bridge
from etl.storage.staging import Publish

WRITERS = "8"  # files a task of a split holds open: the kept and the set aside of a few partitions, without a sort


@frozen
class Added:
    """An AddFile of Delta: what it says, as JSON values."""

    said: Mapping[str, Any] = field(hash=False)

    @property
    def statistics(self) -> Mapping[str, Any]:
        """What Delta counted as it wrote: ``numRecords``, ``minValues`` …; empty where statistics are off."""
        return dict(json.loads(self.said.get("stats") or "{}"))


def added_files(bridge: Bridge, actions: Any) -> tuple[Added, ...]:
    """Return the files that a write has made; of a Scala Seq of its actions, AddFiles alone have a modification time.

    A file with a deletion vector is the table's own: some of its rows are replaced, and it stays where it is.
    """
    said = (each for each in bridge.said(actions) if "modificationTime" in each)
    return tuple(Added(each) for each in said if not each.get("deletionVector"))


def logical(added: Added, names: Mapping[str, str]) -> Added:
    """Return the file with the names that people use, where the log has others: those of column mapping.

    Args:
        added: the file.
        names: by the log's name, the column's.
    """
    if not names:
        return added
    stats = {
        kind: {names.get(name, name): value for name, value in said.items()} if isinstance(said, dict) else said
        for kind, said in json.loads(added.said.get("stats") or "{}", parse_float=Decimal).items()
    }
    values = {names.get(name, name): value for name, value in (added.said.get("partitionValues") or {}).items()}
    told = {"stats": json.dumps(stats, default=str)} if stats else {}
    return Added({**added.said, "partitionValues": values, **told})


def row_count(added: Iterable[Added]) -> int | None:
    """Return the rows in the files, None where one has no statistics."""
    counts = [each.statistics.get("numRecords") for each in added]
    return None if None in counts else sum(int(count) for count in counts if count is not None)


def within(added: Iterable[Added], column: str, interval: Interval) -> tuple[Added, ...]:
    """Return the files whose values of a DATE or TIMESTAMP column lie in the interval.

    A replacement by a condition on an ordinary column copies what else stood in the files it touches; those rows lie
    outside the interval, the run's own lie inside.
    """
    return tuple(each for each in added if _inside(each.statistics, column, interval))


def _inside(statistics: Mapping[str, Any], column: str, interval: Interval) -> bool:
    rows = statistics.get("numRecords")
    if rows and statistics.get("nullCount", {}).get(column) == rows:
        return False  # copied: a row without a time is in no interval
    ends = [statistics.get(side, {}).get(column) for side in ("minValues", "maxValues")]
    return all(end is None or _instant(end) in interval for end in ends)


def _instant(text: str) -> datetime:
    """Return the instant that statistics speak of; a date is its midnight in UTC."""
    said = datetime.fromisoformat(text)
    return said if said.tzinfo else said.replace(tzinfo=UTC)


def delete(bridge: Bridge, log: Any, added: Iterable[Added]) -> None:
    """Delete files that no log names."""
    root = log.dataPath()
    files, _ = hadoop_path(bridge.session, root.toString())
    path, uri = java_class(bridge.session, PATH), java_class(bridge.session, "java.net.URI")
    for each in added:
        files.delete(path(root, path(uri(each.said["path"]))), False)  # the log keeps paths relative and URL-encoded


def delete_folder(session: SparkSession, uri: str) -> None:
    """Delete a folder with all below it; nothing happens where there is none."""
    files, path = hadoop_path(session, uri)
    files.delete(path, True)


@frozen(kw_only=True)
class Split:
    """A step's rows, written in one pass to files below the target: those to publish, and those set aside.

    Args:
        kept: as the target's own log can name them.
        rows_aside: the rows set aside, with the target's columns.
        drop: deletes all files.
        drop_aside: deletes the files of the rows set aside.
    """

    kept: tuple[Added, ...]
    rows_aside: Callable[[], DataFrame]
    drop: Callable[[], None]
    drop_aside: Callable[[], None]


def split(bridge: Bridge, publish: Publish, kept: str, partition_by: tuple[str, ...]) -> Split:
    """Write all rows once, those to publish apart from the others.

    Delta writes them as a table of its own, below the target, that is never committed; of its files, those with the
    rows to publish are then named in the target's log, and keep their statistics.
    """
    applied = publish.mark.applied
    folder = f"headrace-{applied.run_id}-{applied.generation}-{applied.fingerprint:x}"
    uri = f"{publish.dataset.uri}/{folder}"
    log = bridge.log(uri)
    transaction = log.startTransaction(bridge.option(), bridge.option())
    transaction.updateMetadata(_metadata(bridge, transaction, publish.frame, (kept, *partition_by)), False)
    with conf_set(bridge.session, {"spark.sql.maxConcurrentOutputFileWriters": WRITERS}):
        added = added_files(bridge, transaction.writeFiles(publish.frame._jdf))
    aside = tuple(each for each in added if each.said["partitionValues"][kept] == "false")
    return Split(
        kept=tuple(_adopted(each, folder, kept) for each in added if each not in aside),
        rows_aside=lambda: bridge.rows_of(log, transaction, [each.said for each in aside]).drop(kept),
        drop=lambda: delete_folder(bridge.session, uri),
        drop_aside=lambda: delete_folder(bridge.session, f"{uri}/{kept}=false"),
    )


def _metadata(bridge: Bridge, transaction: Any, frame: DataFrame, partition_by: tuple[str, ...]) -> Any:
    """Return the metadata of a new table with the frame's columns, none of which refuses a null."""
    said = json.loads(transaction.metadata().json())["metaData"]
    schema = frame.schema.json().replace('ullable":false', 'ullable":true').replace('Null":false', 'Null":true')
    columns = {"schemaString": schema, "partitionColumns": list(partition_by)}
    return bridge.module("actions.Action").fromJson(json.dumps({"metaData": said | columns}))


def _adopted(added: Added, folder: str, kept: str) -> Added:
    values = {key: value for key, value in added.said["partitionValues"].items() if key != kept}
    return Added({**added.said, "path": f"{folder}/{added.said['path']}", "partitionValues": values})
