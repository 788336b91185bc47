"""The read seam: what the engine asks of a source, what it gets, and the protocol each readable format keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from attrs import frozen

from etl.errors import EtlError, InputError, ProjectError
from etl.model.dataset import Dataset
from etl.model.formats import format_of
from etl.model.interval import Interval
from etl.model.schema import Schema
from etl.spark.jvm import no_rows
from etl.sql import quoted
from etl.storage.progress import Increment, Progress

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


HEADER_AGAIN = "the header again"
"""The reason of a line that is a file's header; the first of each file is none of its records."""


@frozen(kw_only=True)
class Scope:
    """Which rows of a source a step reads.

    Args:
        column: DATE or TIMESTAMP column that the interval is taken from; None reads the whole dataset.
        interval: the run's, with what lies before it where the step looks back; None reads the whole dataset.
        required: the part of the interval that must be there; None for all of it.
        increment: only what the step has not consumed yet is read; None reads what is there.
        version: the version to read, for formats that have versions; None is the newest, which the reading then names.
        optional: an absent dataset, or an absent partition of it, is an empty frame.
    """

    column: str | None = None
    interval: Interval | None = None
    required: Interval | None = None
    increment: Increment | None = None
    version: str | None = None
    optional: bool = False

    def predicate(self, kind: Callable[[str], str]) -> str | None:
        """Return SQL that is true for the interval's rows, None where all are read; ``kind`` gives a column's type."""
        if self.column is None or self.interval is None:
            return None
        return interval_predicate(self.column, kind(self.column), self.interval)


@frozen(kw_only=True)
class Corrupt:
    """How a format tells the records that did not parse.

    Args:
        column: holds the record's text where it did not parse, null elsewhere; not a column of the dataset.
        reason: the column that says why, such as ``km is no INT``; not a column of the dataset either.
        headers: rows of the frame that are told as corrupt and are the files' own headers, one a file.
        place: the column that says where the record stands, likewise; empty where its file says it.
    """

    column: str
    reason: str
    headers: int = 0
    place: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """All of the frame's columns that are none of the dataset's."""
        return tuple(filter(None, (self.column, self.reason, self.place)))

    @property
    def count(self) -> str:
        """The aggregate that counts the records that did not parse."""
        return self._less_headers(f"count_if({quoted(self.column)} IS NOT NULL)")

    @property
    def rows(self) -> str:
        """The aggregate that counts all records."""
        return self._less_headers("count(1)")

    def _less_headers(self, count: str) -> str:
        return f"greatest({count} - {self.headers}, 0)" if self.headers else count


def nothing_changed() -> None:
    """Refuse nothing: what is pinned to a version, or read by one statement, cannot change under its reader."""


def _no_explanation(_: BaseException) -> None:
    """Most failures of a write have nothing to do with the source."""


@frozen(kw_only=True)
class Reading:
    """A source as read: nothing has been scanned yet.

    Args:
        frame: the scope's rows, with the column of ``corrupt`` where the format can have corrupt records.
        identity: JSON that names the content: equal identities mean equal rows.
        upto: watermark of the content, a version; None where the source has none.
        progress: what was new; None where the scope asked for no increment.
        corrupt: None where every record is a row.
        ignored: names of files that were passed over.
        recheck: raises InputError if the content changed while it was read; called once the rows are written.
        explain: the error of the source that a failed write met, None where the source is not at fault.
    """

    frame: DataFrame
    identity: Any
    upto: str | None = None
    progress: Progress | None = None
    corrupt: Corrupt | None = None
    ignored: tuple[str, ...] = ()
    recheck: Callable[[], None] = nothing_changed
    explain: Callable[[BaseException], EtlError | None] = _no_explanation

    @property
    def rows(self) -> str:
        """The aggregate that counts the rows, records that did not parse among them."""
        return self.corrupt.rows if self.corrupt else "count(1)"


class Source(Protocol):
    """What the engine needs of a format that steps read."""

    def read(self, session: SparkSession, dataset: Dataset, scope: Scope) -> Reading:
        """Return the scope's rows; runs no Spark job over them.

        Raises:
            InputError: the dataset is missing, or not what it was declared to be.
        """


def check_scope(dataset: Dataset, scope: Scope) -> None:
    """Refuse a scope the format cannot give.

    Raises:
        ProjectError: an increment of a format that cannot tell what is new.
    """
    if scope.increment is not None and not format_of(dataset.format).incremental:
        raise ProjectError(
            f"dataset {dataset.name}: format {dataset.format!r} cannot tell what is new in it: incremental=True",
            place=dataset.place,
            remedy="read it by interval_column, or whole",
        )
    if scope.increment is not None and scope.increment.column and dataset.format != "jdbc":
        raise ProjectError(
            f"dataset {dataset.name}: a {dataset.format} dataset tells what is new without "
            f"watermark_column={scope.increment.column!r}",
            place=dataset.place,
            remedy="leave it out",
        )


def declared_schema(dataset: Dataset) -> Schema:
    """Return the columns of a dataset whose format needs them.

    Raises:
        ProjectError: nobody declared them.
    """
    if dataset.schema is None:
        raise ProjectError(f"dataset {dataset.name}: format {dataset.format!r} needs a schema", place=dataset.place)
    return dataset.schema


def empty(session: SparkSession, dataset: Dataset, extra: Mapping[str, str] | None = None) -> DataFrame:
    """Return no rows of the dataset's declared columns, and of ``extra`` ones: name to type.

    Raises:
        InputError: nobody declared the columns.
    """
    if dataset.schema is None:
        raise InputError(
            f"dataset {dataset.name}: nothing is there, and no schema says what its columns are",
            place=dataset.place,
            remedy="deliver it, or declare its schema in conf/datasets.toml",
        )
    more = "".join(f", {quoted(name)} {kind}" for name, kind in (extra or {}).items())
    return no_rows(session, dataset.schema.nullable().ddl + more)


def interval_predicate(column: str, kind: str, interval: Interval) -> str:
    """Return SQL that is true for the interval's rows.

    Raises:
        ProjectError: a DATE column cannot tell the hours of one day apart.
    """
    name = quoted(column)
    if kind == "DATE":
        if interval.start.time() != interval.end.time() or interval.start.hour or interval.start.minute:
            raise ProjectError(
                f"column {column!r} is a DATE and cannot hold the interval {interval.key}: "
                "use a TIMESTAMP column or a daily schedule"
            )
        return f"{name} >= DATE'{interval.start:%Y-%m-%d}' AND {name} < DATE'{interval.end:%Y-%m-%d}'"
    start, end = (f"TIMESTAMP'{at:%Y-%m-%d %H:%M:%S}'" for at in (interval.start, interval.end))
    return f"{name} >= {start} AND {name} < {end}"
