"""Tables of databases as targets: their names and their log's, what a publish follows, and which rows it replaces."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from etl.errors import ConflictError, EtlError, InputError, PublishError
from etl.model.connection import PUBLISHES, Connection
from etl.model.dataset import Dataset
from etl.model.schema import Schema
from etl.model.write import Append, Merge, ReplaceInterval, ReplacePartitions, ReplaceTable, Write
from etl.storage.reading import Scope
from etl.storage.staging import Applied, Publish, TargetState
from etl.storage.vendors import words_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DELETES = "headrace_deletes"  # a column of the staging table: true for a row that deletes its key
SHOWN = 3  # keys that are there twice


@frozen
class Target:
    """A table that is published to."""

    connection: Connection
    table: str

    @property
    def name(self) -> str:
        """The table, as SQL names it."""
        return words_of(self.connection).table_name(self.table)

    @property
    def log(self) -> str:
        """Its log, likewise."""
        return words_of(self.connection).beside(self.table, PUBLISHES)

    def staging(self, run: str) -> str:
        """The table that holds one run's rows until they are published, likewise."""
        return words_of(self.connection).table_name(self.staged(run))

    def staged(self, run: str) -> str:
        """It as a dataset names it: in the target's schema, where one is said."""
        schema, dot, _ = self.table.rpartition(".")
        return f"{schema}{dot}headrace_{self.digest(run)}"

    def digest(self, run: str) -> str:
        """What tells one run's staged rows of this table from all others."""
        return hashlib.sha256(f"{self.table} {run}".encode()).hexdigest()[:24]


def target_of(dataset: Dataset) -> Target:
    """Return the table of a dataset; the catalogue has seen to it that there is one."""
    if dataset.connection is None:
        raise EtlError(f"dataset {dataset.name} has no connection")
    return Target(dataset.connection, dataset.table)


def compare(publish: Publish, now: TargetState) -> None:
    """Refuse a publish that does not follow what the log says now.

    Raises:
        ConflictError: another run has published meanwhile.
    """
    if now.applied != publish.mark.after:
        raise ConflictError(
            f"{publish.dataset.name}: another run has published {publish.mark.name} meanwhile",
            remedy="run it again: it compares anew",
        )


def replaced(publish: Publish, target: Target) -> str | None:
    """Return the condition of the rows that go; empty for all, None for none."""
    write: Any = publish.write
    if isinstance(write, Append):
        return None
    if isinstance(write, ReplaceTable):
        return ""
    if isinstance(write, ReplacePartitions | ReplaceInterval) and publish.interval is not None:
        words = words_of(target.connection)
        return words.within(write.column, publish.schema.column(write.column).type, publish.interval)
    raise EtlError(f"{publish.dataset.name}: {type(write).__name__} is not published to a database")


def within(dataset: Dataset, scope: Scope, kinds: Mapping[str, str]) -> str:
    """Return the condition of the rows that a scope asks for; empty for all.

    Args:
        dataset: the table.
        scope: what is asked for.
        kinds: its columns' types, Spark's.

    Raises:
        InputError: there is no such column.
    """
    if scope.column is None or scope.interval is None:
        return ""
    if scope.column not in kinds:
        raise InputError(
            f"dataset {dataset.name}: {dataset.table} has no column {scope.column!r}, which its interval is taken from",
            place=dataset.place,
        )
    scope.predicate(lambda column: kinds[column])  # a DATE cannot tell hours apart
    return words_of(target_of(dataset).connection).within(scope.column, kinds[scope.column], scope.interval)


def is_taken_back(_: SparkSession, __: Dataset, ___: str) -> bool:
    """Say no: a restored database brings its log back with it."""
    return False


def counted(_: Schema, __: Write, ___: tuple[str, ...], *, exists: bool) -> frozenset[str]:  # noqa: ARG001 the protocol's
    """Return none: the staging table keeps no statistics by itself."""
    return frozenset()


def refuse_twice(write: Merge, twice: Sequence[tuple[Any, ...]]) -> None:
    """Refuse keys that were found to be there more than once, if there are any.

    Raises:
        PublishError: with them.
    """
    if twice:
        found = "; ".join(", ".join(str(value) for value in row) for row in twice)
        raise PublishError(
            f"keys are there more than once: ({', '.join(write.keys)}) = {found}",
            remedy="make them unique in the step, or say sequence_by",
        )


def deletes(publish: Publish) -> str:
    """Return the condition of the rows that delete their key; empty where none does."""
    return (publish.write.apply_as_deletes or "") if isinstance(publish.write, Merge) else ""


def watermark(applied: Applied | None) -> Mapping[str, str] | None:
    """Return up to where a target has consumed each source; nothing before the first publish, None if nobody knows."""
    if applied is None:
        return {}
    return applied.watermark if applied.consumes else None


def later(marks: Iterable[str], prefix: str, key: str) -> tuple[str, ...]:
    """Return the keys after ``key`` of the marks with this prefix, sorted."""
    keys = (name.removeprefix(prefix) for name in marks if name.startswith(prefix))
    return tuple(sorted(found for found in keys if found > key))
