"""Publishing to a table of a database: a staging table that nobody reads, and one transaction that makes it visible.

The target's log is the table ``headrace_publishes`` of its schema. The transaction that changes the target writes it
too, so a publish that was interrupted at any point is either there with its entry, or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import asdict

from etl.errors import EtlError
from etl.model.connection import PUBLISHES
from etl.model.dataset import Dataset
from etl.model.schema import Schema
from etl.model.write import Merge, Write
from etl.storage import mysql_merge, postgresql_merge
from etl.storage.database import Database, connected, spark_options
from etl.storage.drivers import address
from etl.storage.jdbc_columns import check
from etl.storage.jdbc_log import looked, make_log, marks
from etl.storage.jdbc_rows import loaded
from etl.storage.sqlstate import condition, is_of_driver
from etl.storage.staging import Applied, Publish, Published, Staged, TargetState
from etl.storage.tables import DELETES, Target, compare, deletes, later, replaced, target_of, watermark
from etl.storage.vendors import words_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

BATCH = "10000"
MERGES = {"postgresql": postgresql_merge.merge, "mysql": mysql_merge.merge, "mariadb": mysql_merge.merge}


def state(session: SparkSession, dataset: Dataset, mark: str) -> TargetState:
    """Return the target's version and what was last published under this mark."""
    target = target_of(dataset)
    with connected(session, target.connection) as database:
        return looked(database, target, mark)


def recall(session: SparkSession, dataset: Dataset, mark: str) -> Applied | None:
    """Return what the last publish under this mark was made from."""
    return state(session, dataset, mark).applied


def consumed(session: SparkSession, dataset: Dataset, mark: str) -> Mapping[str, str] | None:
    """Return up to where each source is consumed, by name; nothing before the first publish, None if nobody knows."""
    return watermark(state(session, dataset, mark).applied)


def later_intervals(session: SparkSession, dataset: Dataset, prefix: str, key: str) -> tuple[str, ...]:
    """Return the keys of the intervals after ``key`` that were published under marks with this prefix, sorted."""
    target = target_of(dataset)
    with connected(session, target.connection) as database:
        return later(marks(database, target), prefix, key)


def changes(session: SparkSession, dataset: Dataset, schema: Schema, _: Write, __: tuple[str, ...]) -> tuple[str, ...]:
    """Return nothing: columns of a table are its owner's.

    Raises:
        AnalysisError: the table cannot take the declared columns, with all that stands against them.
    """
    with connected(session, target_of(dataset).connection) as database:
        _checked(database, dataset, schema)
    return ()


def stage(session: SparkSession, publish: Publish) -> Staged:
    """Write the rows into a table of this run's own.

    Raises:
        ConflictError: the target's log does not say what ``publish.mark`` follows.
        EtlError: the database refuses.
    """
    target, run = target_of(publish.dataset), f"{publish.mark.name} {publish.mark.applied.run_id}"
    staging, words = target.staging(run), words_of(target.connection)
    kept = publish.kept
    rows = publish.frame.where(kept).drop(kept) if kept else publish.frame
    if deletes(publish):
        rows = rows.selectExpr("*", f"coalesce({deletes(publish)}, false) AS {DELETES}")
    with connected(session, target.connection) as database:
        before = looked(database, target, publish.mark.name)
        compare(publish, before)
        there = _checked(database, publish.dataset, publish.schema)
        keys = publish.write.keys if isinstance(publish.write, Merge) else ()
        database.run(f"DROP TABLE IF EXISTS {staging}")
        database.run(words.staging(staging, publish.schema, there, keys, DELETES if deletes(publish) else ""))
        database.commit()
    properties = spark_options(target.connection, writes=True) | {"batchsize": BATCH}
    try:
        words.given(rows).write.jdbc(address(target.connection), staging, mode="append", properties=properties)
    except Exception as error:
        # The source may be a database too: whose fault it was, its own words tell.
        raise (condition(error, target.connection) if is_of_driver(error) else error) from error
    with connected(session, target.connection) as database:
        ((count,),) = database.rows(f"SELECT count(*) FROM {staging}")
    return Staged(
        publish=publish,
        rows=int(count),
        version_before=before.version,
        read=partial(_staged, session, target, target.staged(run), publish.schema),
        aside=(lambda: publish.frame.where(f"NOT ({kept})").drop(kept)) if kept else None,
        commit=partial(_commit, session, publish, target, staging),
        drop=partial(_drop, session, target, staging),
        drop_aside=lambda: None,
    )


def _commit(session: SparkSession, publish: Publish, target: Target, staging: str, applied: Applied) -> Published:
    """Change the target and its log in one transaction; of one whose answer was lost the log tells."""
    try:
        with connected(session, target.connection) as database:
            published = _change(database, publish, target, staging, applied)
            database.commit()
            if not words_of(target.connection).KEEPS_DDL:
                with suppress(EtlError):  # it is published; a table more harms nobody
                    database.run(f"DROP TABLE IF EXISTS {staging}")
    except EtlError as error:
        if not error.retryable:
            raise
        with connected(session, target.connection) as database:
            now = looked(database, target, publish.mark.name)
        if now.applied is None or now.applied.run_id != applied.run_id or now.version is None:
            raise
        return Published(version=now.version)
    return published


def _change(database: Database, publish: Publish, target: Target, staging: str, applied: Applied) -> Published:
    words = words_of(target.connection)
    make_log(database, target)
    # One publisher at a time: what the log says now is still so when this commits.
    words.lock(database, f"{PUBLISHES} {target.table}")
    now = looked(database, target, publish.mark.name)
    compare(publish, now)
    if not words.has(database, target.name):
        database.run(words.created(target.name, publish.schema))
    metrics: dict[str, int] = {}
    if isinstance(publish.write, Merge):
        there = words.columns(database, target.table)
        merge: Any = MERGES[target.connection.vendor]
        metrics = merge(database, publish.write, publish.schema, target.name, staging, there)
    else:
        names = ", ".join(words.quoted(each.name) for each in publish.schema)
        gone = replaced(publish, target)
        if gone is not None:
            # Not TRUNCATE: whoever reads meanwhile keeps the rows of their snapshot.
            database.run(f"DELETE FROM {target.name}" + (f" WHERE {gone}" if gone else ""))
        database.run(f"INSERT INTO {target.name} ({names}) SELECT {names} FROM {staging}")
    version = 0 if now.version is None else now.version + 1
    database.run(
        f"INSERT INTO {target.log} (target, version, mark, applied, run_id) VALUES (?, ?, ?, ?, ?)",
        *(target.table, version, publish.mark.name, json.dumps(asdict(applied)), applied.run_id),
    )
    if words.KEEPS_DDL:
        database.run(f"DROP TABLE {staging}")
    return Published(version=version, metrics=metrics)


def _staged(session: SparkSession, target: Target, staging: str, schema: Schema) -> DataFrame:
    words = words_of(target.connection)
    with connected(session, target.connection) as database:
        there = {each.name: each for each in words.columns(database, staging)}
    return loaded(session, target.connection, words.table_name(staging), [there[name] for name in schema.names])


def _checked(database: Database, dataset: Dataset, schema: Schema) -> tuple[Any, ...]:
    """Return the target's columns; none where it is not there."""
    words = words_of(database.connection)
    there = words.columns(database, dataset.table)
    words.refuse_engine(database, dataset.table)
    check(there, words.made, dataset, schema)
    return there


def _drop(session: SparkSession, target: Target, staging: str) -> None:
    with connected(session, target.connection) as database:
        database.run(f"DROP TABLE IF EXISTS {staging}")
        database.commit()
