"""Tables of DynamoDB, scanned by executors, a segment a task; items are held to the contract like those in files.

What the items say is known only once they are read: so they are fetched first, and kept while the step works.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from attrs import evolve

from etl.aws.answers import Service
from etl.aws.dynamodb import Segment, Table, client, items, size
from etl.errors import MissingDatasetError, ProjectError
from etl.model.dataset import Dataset
from etl.model.items import PLAIN
from etl.model.schema import Column, Schema
from etl.sql import quoted
from etl.storage import items as parser
from etl.storage.dynamodb_target import changes, consumed, later_intervals, recall, stage, state
from etl.storage.fetched import account, fetched
from etl.storage.lines import LINE, Lines
from etl.storage.messages import CORRUPT_MESSAGES, PLACE, none
from etl.storage.reading import Reading, Scope, check_scope, declared_schema
from etl.storage.records import CORRUPT, REASON
from etl.storage.tables import counted, is_taken_back

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["changes", "consumed", "counted", "is_taken_back", "later_intervals", "read", "recall", "stage", "state"]

OPTIONS = ("segments", "read_units", "consistent", "write_units")
EACH = 256 * 1024 * 1024  # bytes of a table for one segment
MOST = 200


def read(session: SparkSession, dataset: Dataset, scope: Scope) -> Reading:
    """Scan the table, and take the interval's items; runs a Spark job to fetch them.

    Raises:
        MissingDatasetError: no such table.
        ProjectError: an option that there is not.
        EtlError: the service refuses.
    """
    check_scope(dataset, scope)
    if dataset.connection is None:
        raise ProjectError(f"dataset {dataset.name}: format 'dynamodb' needs a connection", place=dataset.place)
    table = Table(dataset.table, Service.of(dataset.connection))
    segments = _segments(dataset, size(client(table), table))
    if not segments:
        if not (scope.optional or dataset.allow_empty):
            raise MissingDatasetError(
                dataset.name, dataset.uri, what="table", written_here=bool(dataset.written_by), place=dataset.place
            )
        return Reading(frame=none(session, dataset), identity=None, corrupt=CORRUPT_MESSAGES)
    lines = fetched(session, segments, partial(_fetched, table), f"{LINE} STRING, {PLACE} STRING")
    count, found = account(lines, LINE)
    schema = declared_schema(dataset)
    inner = evolve(
        dataset,
        format="dynamodb-json",
        options={"layout": PLAIN},
        schema=Schema((*schema.columns, Column(PLACE, "STRING"))),
        partitioned_by=(PLACE,),
    )
    columns = [*map(quoted, schema.names), CORRUPT, REASON, PLACE]
    frame = parser.parsed(Lines(lines), inner, inner.rules).selectExpr(*columns)
    where = scope.predicate(lambda column: schema.column(column).type)
    return Reading(
        frame=frame.where(f"({where}) OR {CORRUPT} IS NOT NULL") if where else frame,
        identity=[str(count), found],
        corrupt=CORRUPT_MESSAGES,
    )


def _segments(dataset: Dataset, size: int | None) -> list[Segment]:
    """Return the segments to scan; none where there is no table."""
    unknown = [name for name in dataset.options if name not in OPTIONS]
    if unknown:
        raise ProjectError(
            f"dataset {dataset.name}: option {unknown[0]!r} is not one of format 'dynamodb'; "
            f"known: {', '.join(OPTIONS)}",
            place=dataset.place,
        )
    if size is None:
        return []
    count = int(dataset.options.get("segments", 0)) or min(MOST, 1 + size // EACH)
    units = float(dataset.options["read_units"]) / count if "read_units" in dataset.options else None
    consistent = dataset.options.get("consistent", "false").lower() == "true"
    return [Segment(number, count, units, consistent) for number in range(count)]


def _fetched(table: Table, segment: Segment) -> Iterator[tuple[str, str]]:
    """Scan one segment, on an executor."""
    place = f"{table.uri}, segment {segment.number} of {segment.of}"
    for item in items(client(table), table, segment):
        yield item, place
