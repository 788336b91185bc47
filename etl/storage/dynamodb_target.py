"""Publishing to a table of DynamoDB: item by item, each by its key, and an entry once all are written.

DynamoDB has no transaction over a step's items. A run that dies leaves some of them written and no entry, so the next
run writes all of them again, which changes nothing where they are there. The entry lies in a table of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from attrs import asdict

from etl.aws import dynamodb_log
from etl.aws.answers import Service
from etl.aws.dynamodb import Table, client, described
from etl.aws.dynamodb_writes import Writing, write
from etl.errors import AnalysisError, ConflictError, EtlError, MissingDatasetError
from etl.model.connection import Connection
from etl.model.dataset import Dataset
from etl.model.schema import Schema
from etl.model.write import Merge, Write
from etl.storage.fetched import said
from etl.storage.item_texts import item, letter_of
from etl.storage.staging import Applied, Publish, Published, Staged, TargetState
from etl.storage.tables import compare, deletes, later, watermark

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

UNITS = "write_units"
COUNTED = ("inserted", "updated", "deleted")


def state(_: SparkSession, dataset: Dataset, mark: str) -> TargetState:
    """Return the target's version and what was last published under this mark."""
    log = _log(dataset)
    found = dynamodb_log.entry(log, dataset.table, mark)
    version = dynamodb_log.version(log, dataset.table)
    return TargetState(version, Applied(**json.loads(found["applied"])) if found else None)


def recall(session: SparkSession, dataset: Dataset, mark: str) -> Applied | None:
    """Return what the last publish under this mark was made from."""
    return state(session, dataset, mark).applied


def consumed(session: SparkSession, dataset: Dataset, mark: str) -> Mapping[str, str] | None:
    """Return up to where each source is consumed, by name; nothing before the first publish, None if nobody knows."""
    return watermark(recall(session, dataset, mark))


def later_intervals(_: SparkSession, dataset: Dataset, prefix: str, key: str) -> tuple[str, ...]:
    """Return the keys of the intervals after ``key`` that were published under marks with this prefix, sorted."""
    return later(dynamodb_log.marks(_log(dataset), dataset.table), prefix, key)


def changes(_: SparkSession, dataset: Dataset, schema: Schema, write_as: Write, __: tuple[str, ...]) -> tuple[str, ...]:
    """Return nothing: items have the attributes that they are given.

    Raises:
        AnalysisError: the keys are not the table's.
        MissingDatasetError: there is no such table.
    """
    _keys(dataset, schema, write_as)
    return ()


def stage(_: SparkSession, publish: Publish) -> Staged:
    """Make the rows once, on the executors; what is lost of them ends the run, and is not made again.

    Raises:
        ConflictError: the log does not say what ``publish.mark`` follows.
        EtlError: the service refuses.
    """
    before = state(publish.frame.sparkSession, publish.dataset, publish.mark.name)
    compare(publish, before)
    keys = _keys(publish.dataset, publish.schema, publish.write)
    kept, made = publish.kept, publish.frame.localCheckpoint()
    rows = made.where(kept).drop(kept) if kept else made
    return Staged(
        publish=publish,
        rows=rows.count(),
        version_before=before.version,
        read=lambda: rows,
        aside=(lambda: made.where(f"NOT ({kept})").drop(kept)) if kept else None,
        commit=partial(_commit, publish, rows, keys),
        drop=lambda: None,
        drop_aside=lambda: None,
    )


def _commit(publish: Publish, rows: DataFrame, keys: tuple[str, ...], applied: Applied) -> Published:
    dataset, how = publish.dataset, publish.write
    if not isinstance(how, Merge):
        raise EtlError(f"{dataset.name}: {type(how).__name__} is not published to DynamoDB")
    log = _log(dataset)
    dynamodb_log.make(log)
    compare(publish, state(rows.sparkSession, dataset, publish.mark.name))
    counts = _write(publish, rows, keys, how)
    entry, before = json.dumps(asdict(applied)), publish.mark.after
    own, after = _number(applied), _number(before) if before else None
    if not dynamodb_log.enter(log, dataset.table, publish.mark.name, entry, own, after):
        raise ConflictError(
            f"{dataset.name}: another run has published {publish.mark.name} meanwhile; items of both are written",
            remedy="run it again: it writes its items over those of the other run",
        )
    return Published(version=dynamodb_log.version(log, dataset.table), metrics=counts)


def _number(applied: Applied) -> str:
    return f"{applied.generation} {applied.run_id}"


def _write(publish: Publish, rows: DataFrame, keys: tuple[str, ...], how: Merge) -> dict[str, int]:
    """Write the rows, each task its own; return how many items were inserted, updated and deleted."""
    units, tasks = publish.dataset.options.get(UNITS), rows.rdd.getNumPartitions()
    at_once = max(1, min(tasks, rows.sparkSession.sparkContext.defaultParallelism))
    writing = Writing(
        keys=keys,
        sequence=how.sequence_by or "",
        insert_only=how.insert_only,
        units=float(units) / at_once if units else None,
    )
    gone = f"coalesce({deletes(publish)}, false)" if deletes(publish) else "false"
    lines = rows.selectExpr(f"{item(publish.schema, publish.dataset.rules)} AS item", f"{gone} AS gone")
    task = partial(_written, _table(publish.dataset), writing)
    try:
        found = lines.rdd.map(tuple).mapPartitions(task).collect()
    except Exception as error:
        raise (said(error) or error) from error
    return {name: sum(each.get(name, 0) for each in found) for name in COUNTED}


def _written(table: Table, writing: Writing, lines: Iterable[tuple[str, bool]]) -> Iterator[Mapping[str, int]]:
    """Write a task's items, on an executor."""
    yield dict(write(table, writing, lines))


def _keys(dataset: Dataset, schema: Schema, how: object) -> tuple[str, ...]:
    """Return the table's key, its partition key first.

    Raises:
        AnalysisError: the step merges by other columns, or by columns of other types.
        MissingDatasetError: there is no such table.
    """
    found = described(client(_table(dataset)), _table(dataset))
    if found is None:
        raise MissingDatasetError(dataset.name, dataset.uri, what="table", written_here=True, place=dataset.place)
    there = {each["AttributeName"]: each["AttributeType"] for each in found["AttributeDefinitions"]}
    keys = tuple(each["AttributeName"] for each in sorted(found["KeySchema"], key=lambda each: each["KeyType"]))
    item(schema, dataset.rules)  # or there is a column that is none
    asked = {name: letter_of(schema.column(name).type, dataset.rules) for name in getattr(how, "keys", ())}
    wanted = {name: there[name] for name in keys}
    if asked != wanted:
        raise AnalysisError(
            f"dataset {dataset.name}: the step merges by {_told(asked)}; "
            f"the key of table {dataset.table} is {_told(wanted)}",
            place=dataset.place,
            remedy="merge by the table's key: its columns are all of it, text for S, a number for N, BINARY for B",
        )
    return keys


def _told(keys: Mapping[str, str]) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in keys.items()) or "no column"


def _table(dataset: Dataset) -> Table:
    return Table(dataset.table, Service.of(_connection(dataset)))


def _log(dataset: Dataset) -> Table:
    connection = _connection(dataset)
    return Table(connection.publishes, Service.of(connection))


def _connection(dataset: Dataset) -> Connection:
    if dataset.connection is None:
        raise EtlError(f"dataset {dataset.name} has no connection")
    return dataset.connection
