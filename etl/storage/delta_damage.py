"""What others did to a publish's rows: files that are gone, changes by another writer. Asks the log and a folder.

Runs no Spark job: the publish's own commit names its files; the commits after it, those that took some away.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from attrs import frozen
from pyspark.sql import SparkSession

from etl.model.dataset import Dataset, Target
from etl.model.write import ReplacePartitions
from etl.spark.jvm import hadoop_path, java_class
from etl.storage import delta_history, delta_log
from etl.storage.delta_bridge import Bridge
from etl.storage.delta_history import REARRANGING, Commit
from etl.storage.staging import Damage, Mark

MOST_COMMITS = 50  # that are read whole, and files that are looked for: a no-op must stay cheap
MOST_FILES = 1_000
ONE_BY_ONE = 3  # files of a folder that are asked for by name; more are listed


@frozen
class Actions:
    """The files a commit adds and removes, each as the log says it, by path; ``dataChange`` tells a compaction."""

    added: Mapping[str, Mapping[str, Any]]
    removed: Mapping[str, Mapping[str, Any]]


def damage(session: SparkSession, dataset: Dataset, mark: Mark, target: Target) -> Damage | None:
    """Return what happened to the rows of the last publish under a mark; None where nothing did, or nobody can say.

    Where intervals own partitions, only what touches the interval's counts. Elsewhere another writer's change is told
    under the publish that it followed.
    """
    bridge = Bridge(session)
    snapshot = bridge.snapshot(dataset.uri)
    found = delta_log.transaction(bridge, snapshot, mark.name)
    if found is None:
        return None
    later: list[Commit] = []
    for commit in delta_history.since(bridge, snapshot, dataset.uri, found.written):
        if commit.ours and commit.ours.get("mark") == mark.name:
            return _looked_at(bridge, dataset, commit, later[::-1], _owned(target, mark))
        later.append(commit)
    return None


def _owned(target: Target, mark: Mark) -> tuple[str, str] | None:
    """Return the partition column and the beginning of the values that the mark's interval owns, if it owns some."""
    write = target.write
    if not isinstance(write, ReplacePartitions) or mark.interval is None:
        return None
    return (write.column, mark.interval) if target.schema.column(write.column).type == "DATE" else None


def _looked_at(
    bridge: Bridge, dataset: Dataset, own: Commit, later: Iterable[Commit], owned: tuple[str, str] | None
) -> Damage | None:
    def inside(file: Mapping[str, Any]) -> bool:
        return owned is None or str(file.get("partitionValues", {}).get(owned[0])).startswith(owned[1])

    read = [each for each in later if owned is None or each.ours is None]
    if len(read) > MOST_COMMITS:
        return None
    published = _actions(bridge, dataset.uri, own.version).added
    live, changed, followed = dict(published), "", False
    for each in read:
        actions = _actions(bridge, dataset.uri, each.version)
        touched = [file for file in (*actions.added.values(), *actions.removed.values()) if inside(file)]
        if each.ours is None and each.operation not in REARRANGING and not followed:
            moved = any(file.get("dataChange", True) for file in touched)
            changed = f"{each.operation}, version {each.version}" if moved else changed
        live = {path: file for path, file in live.items() if path not in actions.removed}
        live |= {path: file for path, file in actions.added.items() if inside(file)}
        followed = followed or (owned is None and each.ours is not None)
    gone = _missing(bridge.session, dataset.uri, live)
    if gone:
        return Damage(missing=gone)
    same = live.keys() == published.keys() and not any(file.get("deletionVector") for file in live.values())
    return Damage(changed=changed) if changed and not same else None


def _actions(bridge: Bridge, uri: str, version: int) -> Actions:
    """Return the file actions of a commit; none where its log file is gone."""
    files, path = hadoop_path(bridge.session, f"{uri}/_delta_log/{version:020d}.json")
    if not files.exists(path):
        return Actions({}, {})
    stream = files.open(path)
    try:
        text = str(java_class(bridge.session, "org.apache.commons.io.IOUtils").toString(stream, "UTF-8"))
    finally:
        stream.close()
    said = [json.loads(line) for line in text.splitlines() if line.startswith(('{"add"', '{"remove"'))]
    return Actions(
        {each["add"]["path"]: each["add"] for each in said if "add" in each},
        {each["remove"]["path"]: each["remove"] for each in said if "remove" in each},
    )


def _missing(session: SparkSession, uri: str, live: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the paths of files that are not there; none are looked for where they are too many."""
    if len(live) > MOST_FILES:
        return ()
    system, _ = hadoop_path(session, uri)
    folders: dict[str, list[str]] = {}
    for path in live:
        folders.setdefault(path.rpartition("/")[0], []).append(path)
    return tuple(path for folder, paths in folders.items() for path in _gone(session, system, uri, folder, paths))


def _gone(session: SparkSession, system: Any, uri: str, folder: str, paths: list[str]) -> list[str]:
    at = java_class(session, "org.apache.hadoop.fs.Path")
    if len(paths) <= ONE_BY_ONE:
        return [path for path in paths if not system.exists(at(_absolute(uri, path)))]
    where = at(_absolute(uri, folder))
    there = {status.getPath().getName() for status in system.listStatus(where)} if system.exists(where) else set()
    return [path for path in paths if unquote(path).rpartition("/")[2] not in there]


def _absolute(uri: str, path: str) -> str:
    """Return where a file of the log lies: its path is relative to the table and percent-encoded, or absolute."""
    said = unquote(path)
    return said if "://" in said or said.startswith(("/", "file:")) else f"{uri}/{said}".rstrip("/")
