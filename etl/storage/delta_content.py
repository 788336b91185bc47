"""What a Delta table's rows are, apart from its versions: a commit that left every row as it was is no news.

A publish whose files hold the very bytes of those they would replace commits its mark alone, and says whose rows these
are. Runs no Spark job.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pyspark.sql import SparkSession

from etl.spark.jvm import hadoop_path, java_class
from etl.storage import delta_history, delta_log
from etl.storage.delta_bridge import Bridge, elements
from etl.storage.delta_files import Added
from etl.storage.delta_history import LOOKED, REARRANGING, Commit
from etl.storage.delta_transactions import Transaction, transaction
from etl.storage.staging import Publish

MOST_BYTES = 64 * 1024 * 1024  # of files of equal sizes that are compared byte by byte
MOST_FILES = 200
CHANGING = frozenset({"metaData", "add", "remove", "cdc"})  # actions
_KINDS: dict[tuple[str, str, int], frozenset[str]] = {}  # of actions, by commit: its file never changes
COUNTS = ("numTargetRowsInserted", "numTargetRowsUpdated", "numTargetRowsDeleted")


def of_publish(bridge: Bridge, snapshot: Any, uri: str, mark: str, found: Transaction) -> int:
    """Return the number of the publish that made the rows which the last one under this mark left."""
    for commit in delta_history.since(bridge, snapshot, uri, found.written):
        if commit.ours and commit.ours.get("mark") == mark:
            return int(commit.ours.get("content") or found.number)
    return found.number


def of_table(bridge: Bridge, snapshot: Any, uri: str) -> int:
    """Return the last version that changed a row, as far as the log remembers."""
    newest, table = int(snapshot.version()), snapshot.metadata().id()
    for version in range(newest, max(-1, newest - LOOKED), -1):
        commit = delta_history.commit(bridge, uri, table, version)
        if commit is None or not _keeps_rows(bridge, uri, table, commit):
            return version
    return newest


def _keeps_rows(bridge: Bridge, uri: str, table: str, commit: Commit) -> bool:
    if commit.operation in REARRANGING or (commit.ours and commit.ours.get("content")):
        return True
    copied = commit.operation == "MERGE" and all(commit.metrics.get(name) == "0" for name in COUNTS)
    if commit.ours is None and not copied:
        return False
    key = (uri, table, commit.version)
    if key not in _KINDS:
        said = delta_history.text(bridge, uri, commit.version) or ""
        _KINDS[key] = frozenset(line[2:].partition('"')[0] for line in said.splitlines())
    # A column may have come though no row changed; a merge may have copied rows from file to file.
    return bool(_KINDS[key]) and not _KINDS[key] & ({"metaData"} if copied else CHANGING)


def carried(bridge: Bridge, snapshot: Any, publish: Publish, actions: Any, adopted: Iterable[Added]) -> str | None:
    """Return the note of a publish that would replace files by others with the same bytes; None for any other.

    ``actions`` is the Scala Seq that Delta would commit, ``adopted`` are files to be added besides.
    """
    mark = publish.mark
    found = transaction(bridge, snapshot, publish.dataset.uri, mark.name) if mark.after else None
    if found is None or actions.size() > 2 * MOST_FILES:
        return None
    said = [json.loads(each.json()) for each in elements(actions)]
    if not _same(bridge, publish.dataset.uri, [*said, *({"add": each.said} for each in adopted)]):
        return None
    content = of_publish(bridge, snapshot, publish.dataset.uri, mark.name, found)
    said = json.loads(delta_log.note(mark))
    return json.dumps({"headrace": said["headrace"] | {"content": content}})


def _same(bridge: Bridge, uri: str, actions: Iterable[Mapping[str, Any]]) -> bool:
    """Say whether the added files are the removed ones: the same partitions, the same sizes, the same bytes."""
    every = list(actions)
    added = [each["add"] for each in every if "add" in each]
    removed = [each["remove"] for each in every if "remove" in each]
    if len(added) + len(removed) != len(every) or any(each.get("deletionVector") for each in (*added, *removed)):
        return False
    if len(added) > MOST_FILES or sum(each.get("size", 0) for each in added) > MOST_BYTES:
        return False
    if Counter(map(_place, added)) != Counter(map(_place, removed)):
        return False
    session = bridge.session
    return _contents(session, uri, added) == _contents(session, uri, removed)


def _place(file: Mapping[str, Any]) -> tuple[str, int]:
    return json.dumps(file.get("partitionValues"), sort_keys=True), file.get("size", -1)


def _contents(session: SparkSession, uri: str, files: Iterable[Mapping[str, Any]]) -> Counter[tuple[str, str | None]]:
    return Counter((_place(file)[0], _digest(session, delta_history.absolute(uri, file["path"]))) for file in files)


def _digest(session: SparkSession, uri: str) -> str | None:
    files, path = hadoop_path(session, uri)
    if not files.exists(path):
        return None
    stream = files.open(path)
    try:
        return str(java_class(session, "org.apache.commons.codec.digest.DigestUtils").sha256Hex(stream))
    finally:
        stream.close()
