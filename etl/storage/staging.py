"""What passes between the engine and a storage format, and the protocol each format keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Protocol

from attrs import field, frozen

from etl.errors import ProjectError
from etl.kinds.proof import Statistics
from etl.model.dataset import Dataset
from etl.model.interval import Interval
from etl.model.write import Merge
from etl.sql import quoted

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@frozen
class Transaction:
    """Names a publish inside the target's own log.

    Args:
        app_id: the step and, where its result depends on it, the interval.
        version: greater than every version this app id has published.
    """

    app_id: str
    version: int


@frozen(kw_only=True)
class Order:
    """Rows to stage and how they will change the target.

    Args:
        frame: exactly the target's columns; observations are already in its plan.
        mode: ``overwrite`` replaces (all, or where ``replace_where`` holds), ``append`` adds, ``merge`` upserts.
        replace_where: SQL over the target's columns; rows outside are refused by the format itself.
        merge: the keys and rules of ``merge``.
        note: JSON text kept in the commit for people.
    """

    dataset: Dataset
    frame: DataFrame
    mode: Literal["overwrite", "append", "merge"]
    transaction: Transaction
    run_id: str
    partition_by: tuple[str, ...] = ()
    replace_where: str | None = None
    merge: Merge | None = None
    note: str = ""


@frozen(kw_only=True)
class Staged:
    """Files written and not visible to any reader.

    Args:
        order: what was asked for.
        rows: rows in the staged files, from the format's own file statistics.
        files: how many files.
        bytes: their size.
        version_before: the target's version the transaction is based on; None where there was no target.
        read: the staged rows as a frame, for a second look before the publish.
        statistics: what the files say of their columns; None where the format says nothing.
        handle: the format's own state.
    """

    order: Order
    rows: int
    files: int = 0
    bytes: int = 0
    version_before: int | None = None
    read: Callable[[], DataFrame]
    statistics: Statistics | None = None
    handle: Any = None


@frozen(kw_only=True)
class Published:
    """What a commit did: the new version (None where nothing had to change) and counts the format reports."""

    version: int | None
    metrics: dict[str, int] = field(factory=dict, hash=False)


@frozen
class TargetState:
    """What a target says of itself: its version and what was last published under an app id."""

    version: int | None
    applied: int | None


class Storage(Protocol):
    """What the engine needs of a format that steps publish to."""

    def read(self, session: SparkSession, dataset: Dataset, column: str | None, interval: Interval | None) -> DataFrame:
        """Return the interval's rows, or all where ``column`` is None."""

    def state(self, session: SparkSession, dataset: Dataset, app_id: str) -> TargetState:
        """Return the target's version and the last transaction of this app id."""

    def stage(self, session: SparkSession, order: Order) -> Staged:
        """Write the rows where no reader sees them."""

    def publish(self, session: SparkSession, staged: Staged) -> Published:
        """Make staged rows visible, atomically and once."""

    def discard(self, session: SparkSession, staged: Staged) -> None:
        """Drop staged rows; readers never saw them."""


def interval_predicate(column: str, kind: str, interval: Interval) -> str:
    """Return SQL that is true for the interval's rows.

    Raises:
        ProjectError: a DATE column cannot tell the hours of one day apart.
    """
    name = quoted(column)
    if kind == "DATE":
        if interval.start.time() != interval.end.time() or interval.start.hour or interval.start.minute:
            raise ProjectError(f"column {column!r} is a DATE and cannot hold the interval {interval.key}: "
                               "use a TIMESTAMP column or a daily schedule")  # fmt: skip
        return f"{name} >= DATE'{interval.start:%Y-%m-%d}' AND {name} < DATE'{interval.end:%Y-%m-%d}'"
    start, end = (f"TIMESTAMP'{at:%Y-%m-%d %H:%M:%S}'" for at in (interval.start, interval.end))
    return f"{name} >= {start} AND {name} < {end}"
