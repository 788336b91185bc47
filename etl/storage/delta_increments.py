"""What is new in a Delta table since a step consumed it: the rows that its later versions add, or its change feed.

A step begins with the whole table as of one version; from then on it reads the files that later commits add. A version
that takes rows away cannot be told by added rows: only the change feed says which they were.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from etl.errors import InputError
from etl.model.dataset import Dataset
from etl.model.plural import plural
from etl.storage import delta_history
from etl.storage.delta_actions import Actions, actions_of
from etl.storage.delta_bridge import Bridge
from etl.storage.delta_damage import lost
from etl.storage.delta_declared import as_declared, at_version
from etl.storage.increments import identity
from etl.storage.progress import Increment, Progress
from etl.storage.reading import Reading

CHANGES = ("_change_type", "_commit_version", "_commit_timestamp")
"""The columns of Delta's change feed beside the table's own."""

NOTED_AFTER = 100
"""Versions without a new row after which a step notes that it has seen them: their log files will be gone some day."""


@frozen
class Position:
    """Up to which version of which table a step has consumed it."""

    table: str
    version: int

    @property
    def text(self) -> str:
        """It as a position."""
        return json.dumps({"table": self.table, "version": self.version})

    @staticmethod
    def of(text: str) -> Position:
        """Return the position that a text says."""
        return Position(**json.loads(text))


def read(bridge: Bridge, snapshot: Any, dataset: Dataset, increment: Increment) -> Reading:
    """Return the rows that came after a position, of as many versions as one batch may have.

    Raises:
        InputError: the table is another one, its log no longer reaches back so far, or a version takes rows away that
            only a change feed would tell.
    """
    now = Position(str(snapshot.metadata().id()), snapshot.version())
    end = now if increment.until is None else Position.of(increment.until)
    if increment.since is None:
        frame, ignored = as_declared(at_version(bridge.session, dataset, end.version), dataset)
        if dataset.change_feed:
            frame = _as_inserts(frame, bridge, snapshot, dataset, end.version)
        progress = Progress(upto=end.text, end=end.text, news=f"all of version {end.version}")
        return _reading(dataset, increment, frame, progress, ignored)
    since = Position.of(increment.since)
    if since.table != now.table or since.version > now.version:
        raise _unknown(dataset, f"was made anew: it is table {now.table[:8]}, the step has consumed {since.table[:8]}")
    found = dict(_versions(bridge, dataset, since, end))
    taken = _within(dataset, found)
    upto = Position(now.table, max(taken, default=since.version))
    files = [file for number in taken for file in found[number].news]
    changed = sum(found[number].changes_rows for number in taken)
    left = sum(each.changes_rows for number, each in found.items() if number > upto.version)
    news = plural(changed, "new version") if changed else ""
    if not changed and upto.version - since.version >= NOTED_AFTER:
        news = f"{plural(upto.version - since.version, 'version')} without a new row"
    progress = Progress(upto=upto.text, end=end.text, news=news, left=plural(left, "version") if left else "")
    if dataset.change_feed:
        frame = _changes(bridge, dataset, since.version + 1, upto.version)
        return _reading(dataset, increment, frame, progress, ())
    frame, ignored = as_declared(bridge.rows_of(bridge.log(dataset.uri), snapshot, files), dataset)
    return _reading(dataset, increment, frame, progress, ignored)


def _reading(
    dataset: Dataset, increment: Increment, frame: DataFrame, progress: Progress, ignored: tuple[str, ...]
) -> Reading:
    return Reading(
        frame=frame,
        identity=identity(increment, progress),
        progress=progress,
        ignored=ignored,
        explain=lambda error: lost(dataset, error),
    )


def _versions(bridge: Bridge, dataset: Dataset, since: Position, end: Position) -> Iterator[tuple[int, Actions]]:
    """Yield what the versions after one did, up to the end.

    Raises:
        InputError: a version is gone from the log, or takes rows away.
    """
    for number in range(since.version + 1, end.version + 1):
        commit = delta_history.commit(bridge, dataset.uri, since.table, number)
        if commit is None:
            raise _unknown(dataset, f"no longer says what version {number} did: Delta has cleaned its log up")
        found = actions_of(bridge, dataset.uri, number)
        if found.takes_rows and not dataset.change_feed:
            raise InputError(
                f"dataset {dataset.name}: version {number} ({commit.operation}) changes or takes away rows that the "
                "step may have consumed, and its added rows do not tell which",
                place=dataset.place,
                remedy="read its changes: change_feed = true in conf/datasets.toml, for a table with "
                "delta.enableChangeDataFeed; or read it whole or by interval",
            )
        yield number, found


def _unknown(dataset: Dataset, said: str) -> InputError:
    return InputError(
        f"dataset {dataset.name}: the table {said}",
        place=dataset.place,
        remedy="the target is unchanged; say from where to go on: `etl state reset STEP --to earliest` or `latest`",
    )


def _within(dataset: Dataset, versions: Mapping[int, Actions]) -> list[int]:
    """Return as many versions as one batch may have, and at least one that adds rows."""
    taken: list[int] = []
    files = size = 0
    for number, actions in versions.items():
        more = sum(int(file.get("size", 0)) for file in actions.news)
        full = dataset.max_files is not None and files + len(actions.news) > dataset.max_files
        full |= dataset.max_bytes is not None and size + more > dataset.max_bytes
        if files and actions.news and full:
            break
        taken.append(number)
        files, size = files + len(actions.news), size + more
    return taken


def _changes(bridge: Bridge, dataset: Dataset, first: int, last: int) -> DataFrame:
    feed = bridge.session.read.format("delta").option("readChangeFeed", "true")
    found = feed.option("startingVersion", min(first, last)).option("endingVersion", last).load(dataset.uri)
    return found if first <= last else found.limit(0)


def _as_inserts(frame: DataFrame, bridge: Bridge, snapshot: Any, dataset: Dataset, version: int) -> DataFrame:
    """Return rows that were there when a step began, as the change feed tells rows that are inserted."""
    commit = delta_history.commit(bridge, dataset.uri, str(snapshot.metadata().id()), version)
    at = F.timestamp_millis(F.lit(commit.timestamp if commit else 0))
    return frame.withColumns(
        {"_change_type": F.lit("insert"), "_commit_version": F.lit(version).cast("bigint"), "_commit_timestamp": at}
    )
