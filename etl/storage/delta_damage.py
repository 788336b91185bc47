"""What others did to a publish's rows: files that are gone, changes by another writer. Asks the log and a folder.

Runs no Spark job: the publish's own commit names its files; the commits after it, those that took some away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from pyspark.sql import SparkSession

from etl.errors import EtlError, InputError
from etl.model.dataset import Dataset, Target
from etl.model.write import ReplacePartitions
from etl.spark.errors import chain, is_unreadable
from etl.spark.jvm import hadoop_path, java_class
from etl.storage import delta_history
from etl.storage.delta_actions import actions_of
from etl.storage.delta_bridge import Bridge
from etl.storage.delta_history import REARRANGING, Commit, absolute
from etl.storage.staging import Damage, Mark

MOST_COMMITS = 50  # that are read whole, and files that are looked for: a no-op must stay cheap
MOST_FILES = 1_000
ONE_BY_ONE = 3  # files of a folder that are asked for by name; more are listed


def damage(session: SparkSession, dataset: Dataset, mark: Mark, target: Target) -> Damage | None:
    """Return what happened to the rows of the last publish under a mark; None where nothing did, or nobody can say.

    Where intervals own partitions, only what touches the interval's counts. Elsewhere another writer's change is told
    under the publish that it followed.
    """
    bridge = Bridge(session)
    snapshot = bridge.snapshot(dataset.uri)
    later: list[Commit] = []
    for commit in delta_history.since(bridge, snapshot, dataset.uri, 0):
        later.append(commit)
        own = commit.ours is not None and commit.ours.get("mark") == mark.name
        if own and actions_of(bridge, dataset.uri, commit.version).any:  # none: it kept the rows that were there
            return _looked_at(bridge, dataset, later[::-1], mark.name, _owned(target, mark))
    return None


def _owned(target: Target, mark: Mark) -> tuple[str, str] | None:
    """Return the partition column and the beginning of the values that the mark's interval owns, if it owns some."""
    write = target.write
    if not isinstance(write, ReplacePartitions) or mark.interval is None:
        return None
    return (write.column, mark.interval) if target.schema.column(write.column).type == "DATE" else None


def _looked_at(
    bridge: Bridge, dataset: Dataset, commits: Sequence[Commit], mark: str, owned: tuple[str, str] | None
) -> Damage | None:
    """Follow the files from the first commit, the publish, through those after it."""

    def inside(file: Mapping[str, Any]) -> bool:
        return owned is None or str(file.get("partitionValues", {}).get(owned[0])).startswith(owned[1])

    read = [each for each in commits if owned is None or each.ours is None or each.ours.get("mark") == mark]
    if len(read) > MOST_COMMITS:
        return None
    live: dict[str, Mapping[str, Any]] = {}
    published, changed, followed = live, "", False
    for each in read:
        actions = actions_of(bridge, dataset.uri, each.version)
        touched = [file for file in (*actions.added.values(), *actions.removed.values()) if inside(file)]
        live = {path: file for path, file in live.items() if path not in actions.removed}
        live |= {path: file for path, file in actions.added.items() if inside(file)}
        if each.ours and each.ours.get("mark") == mark:  # the publish, or one that found its rows there
            published, changed, followed = live, "", False
        elif each.ours:
            followed = True
        elif each.operation not in REARRANGING and not followed and any(f.get("dataChange", True) for f in touched):
            changed = f"{each.operation}, version {each.version}"
    gone = _missing(bridge.session, dataset.uri, live)
    if gone:
        return Damage(missing=gone)
    same = live.keys() == published.keys() and not any(file.get("deletionVector") for file in live.values())
    return Damage(changed=changed) if changed and not same else None


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
        return [path for path in paths if not system.exists(at(absolute(uri, path)))]
    where = at(absolute(uri, folder))
    there = {status.getPath().getName() for status in system.listStatus(where)} if system.exists(where) else set()
    return [path for path in paths if unquote(path).rpartition("/")[2] not in there]


def lost(dataset: Dataset, error: BaseException) -> EtlError | None:
    """Return the table's own error where a data file that its log names is why a reader failed; None for others."""
    if not is_unreadable(error):
        return None
    said = unquote(" ".join(str(java.getMessage()) for java in chain(error)))  # type: ignore[attr-defined]
    found = re.search(re.escape(dataset.uri) + r"/(\S+?\.parquet)", said)
    if found is None:
        return None
    again = f"publish it again: etl run {dataset.written_by} --force, for the interval it is of"
    return InputError(
        f"dataset {dataset.name}: a data file that its log names is missing or cannot be read: {found[1]}",
        place=dataset.place,
        remedy=again if dataset.written_by else "restore the file, or the table to a version without it",
    )
