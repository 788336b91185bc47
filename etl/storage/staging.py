"""The write seam: what the engine asks a format to publish, what it gets, and the protocol each such format keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from attrs import field, frozen

from etl.kinds.proof import Statistics
from etl.model.dataset import Dataset
from etl.model.interval import Interval
from etl.model.schema import Schema
from etl.model.write import Write

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

FINGERPRINT_BITS = 39
"""Of a fingerprint: as many as leave room for the generation in the one number that Delta keeps for a mark."""


@frozen(kw_only=True)
class Applied:
    """What a publish was made from, as the target's own commit says.

    Args:
        generation: counts the publishes under one mark, from 1.
        fingerprint: a digest of all that the rows depend on, ``FINGERPRINT_BITS`` wide.
        aside: the publish is whole only with its quarantine, which carries the same generation and fingerprint.
        parts: digests by what they are of (``code``, ``inputs`` …); empty where the commit was not read.
        run_id: the run that published; empty where the commit was not read.
        watermark: up to where each source was read, by source name; empty where the commit was not read.
        details: what each part was made of, in short; empty where the commit was not read.
        consumes: ``watermark`` is what the step has then consumed of its sources. The target keeps it in the same
            commit, and its ``consumed`` gives it back.
    """

    generation: int
    fingerprint: int
    aside: bool = False
    parts: Mapping[str, str] = field(factory=dict, eq=False)
    run_id: str = field(default="", eq=False)
    watermark: Mapping[str, str] = field(factory=dict, eq=False)
    details: Mapping[str, Any] = field(factory=dict, eq=False)
    consumes: bool = field(default=False, eq=False)


@frozen(kw_only=True)
class Mark:
    """Under which name a publish stands in the target's log, and what it follows.

    A format compares ``after`` with what its log says once its transaction has begun: two runs that both saw the same
    state cannot both publish.

    Args:
        name: the step and, where its result depends on it, the interval.
        after: what the log said when the run looked; None for the first publish.
        applied: what the log will say.
        step: for people who read the log.
        interval: likewise.
    """

    name: str
    after: Applied | None
    applied: Applied
    step: str = ""
    interval: str | None = None

    @property
    def consumes(self) -> bool:
        """Whether what the step has consumed of its sources is published with its rows."""
        return self.applied.consumes


@frozen
class ReplaceValue:
    """Replace the rows whose column has this value: how a quarantine keeps one interval's rows."""

    column: str
    value: str


@frozen(kw_only=True)
class Publish:
    """Rows to stage, and how they will change the target.

    Args:
        frame: exactly the target's columns, and ``kept`` where there is one; observations are already in its plan.
        schema: the target's columns as the step declares them.
        write: the step's own value; the format finds out what it means to its files.
        interval: the run's; None for a step that does not depend on one.
        partition_by: columns the author asked to partition by.
        version: the target's version the run looked at; None where there was no target.
        kept: a BOOLEAN column, not one of the target's: true for the rows to publish, never null; the others are kept
            aside. None publishes all.
        afresh: a ``ReplaceTable`` gives the table exactly these columns, whatever it had; nothing is asked.
    """

    dataset: Dataset
    frame: DataFrame
    schema: Schema
    write: Write | ReplaceValue
    mark: Mark
    interval: Interval | None = None
    partition_by: tuple[str, ...] = ()
    version: int | None = None
    kept: str | None = None
    afresh: bool = False


@frozen(kw_only=True)
class Staged:
    """Files written and not visible to any reader.

    Args:
        publish: what was asked for.
        rows: rows in the staged files by the format's own account, None where it keeps none.
        version_before: the target's version the publish is based on; None where there was no target.
        read: the staged rows as a frame, for a second look before the publish.
        aside: the rows kept aside, with the target's columns; None where ``publish.kept`` is.
        commit: makes the rows visible, atomically and once; the target's log then says what it is given.
        drop: deletes the staged files of the rows to publish.
        drop_aside: deletes the staged files of the rows kept aside.
        statistics: what the files say of their columns; None where the format says nothing.
        facts: what people should know of this publish.
    """

    publish: Publish
    rows: int | None
    version_before: int | None = None
    read: Callable[[], DataFrame]
    aside: Callable[[], DataFrame] | None = None
    commit: Callable[[Applied], Published]
    drop: Callable[[], None]
    drop_aside: Callable[[], None]
    statistics: Statistics | None = None
    facts: tuple[str, ...] = ()


@frozen(kw_only=True)
class Published:
    """What a commit did: the new version (None where nothing had to change) and counts the format reports."""

    version: int | None
    metrics: Mapping[str, int] = field(factory=dict, hash=False)


@frozen
class TargetState:
    """What a target says of itself.

    Args:
        version: None where there is no target.
        applied: what was last published under the mark asked for.
        partition_by: the columns the target is partitioned by.
    """

    version: int | None
    applied: Applied | None = None
    partition_by: tuple[str, ...] = ()


@frozen
class Damage:
    """What others did to the rows of a publish.

    Args:
        missing: data files that the log names and nobody finds, by path inside the dataset.
        changed: by what another writer changed them: ``DELETE, version 7``.
    """

    missing: tuple[str, ...] = ()
    changed: str = ""


class Storage(Protocol):
    """What the engine needs of a format that steps publish to, beside reading it."""

    def state(self, session: SparkSession, dataset: Dataset, mark: str) -> TargetState:
        """Return the target's version and what was last published under this mark."""

    def is_taken_back(self, session: SparkSession, dataset: Dataset, mark: str) -> bool:
        """Say whether somebody restored a version from before the last publish under this mark."""

    def recall(self, session: SparkSession, dataset: Dataset, mark: str) -> Applied | None:
        """Return what the last publish under this mark was made from, with all its commit says; None if forgotten."""

    def later_intervals(self, session: SparkSession, dataset: Dataset, prefix: str, key: str) -> tuple[str, ...]:
        """Return the keys of intervals after ``key`` published under marks with this prefix, sorted."""

    def counted(self, schema: Schema, write: Write, partition_by: tuple[str, ...], *, exists: bool) -> frozenset[str]:
        """Return the columns of which a publish's files will tell nulls and bounds."""

    def changes(
        self, session: SparkSession, dataset: Dataset, schema: Schema, write: Write, partition_by: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Return in words what a publish would make of the columns of the target that is there.

        Raises:
            AnalysisError: the target cannot take the declared columns, with all that stands against them.
        """

    def stage(self, session: SparkSession, publish: Publish) -> Staged:
        """Write the rows where no reader sees them.

        Raises:
            ConflictError: the target's log does not say what ``publish.mark`` follows.
        """
