"""Tables of databases, read and published: by Spark's JDBC reader and writer, in the database's own transactions.

A reading sees one snapshot, whatever is written meanwhile: the driver's transaction exports it, and each partition's
takes it over (PostgreSQL documentation, "Snapshot Synchronization Functions").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from etl.errors import EtlError, MissingDatasetError, ProjectError
from etl.model.connection import Connection
from etl.model.dataset import Dataset
from etl.spark.kept import keep
from etl.storage import postgresql
from etl.storage.database import (
    REPEATABLE_READ,
    Database,
    condition,
    connect,
    connected,
    credentials,
    is_of_driver,
    told,
)
from etl.storage.fitting import declared_types, of_table
from etl.storage.increments import identity as named
from etl.storage.jdbc_increments import rows_above
from etl.storage.jdbc_target import changes, consumed, later_intervals, recall, stage, state
from etl.storage.numerals import exact
from etl.storage.progress import Progress
from etl.storage.reading import Reading, Scope, check_scope, empty
from etl.storage.tables import counted, is_taken_back, within

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["changes", "consumed", "counted", "is_taken_back", "later_intervals", "read", "recall", "stage", "state"]

ROWS_EACH = 500_000  # of a table, by the database's estimate, for one reader
FETCHED = "10000"  # rows at a time; pgjdbc else holds a whole result in memory
OPTIONS = ("partitions", "fetchsize")


def read(session: SparkSession, dataset: Dataset, scope: Scope) -> Reading:
    """Read a table's rows of the interval, in as many parts as it is large, all of one snapshot.

    The identity is a digest that the database makes of just these rows: it looks at all of them, and sends none.

    Raises:
        InputError: no such table; columns that are not exactly within the declared ones.
        PlatformError: no driver, wrong credentials.
        UnreachableError: the database does not answer.
    """
    check_scope(dataset, scope)
    connection, table = _place(dataset)
    options = _options(dataset)
    exporter, takes = _snapshot(session, connection)
    try:
        with connected(session, connection) as database:
            _transact(database, takes)
            there = postgresql.columns(database, table)
            if not there:
                exporter.close()
                return _absent(session, dataset, scope)
            kinds = {each.name: each.spark for each in there}
            where, identity, progress = _chosen(dataset, scope, database, there)
            parts = postgresql.ranges(database, table, int(options.get("partitions", 0)) or None, ROWS_EACH)
        query = f"(SELECT {', '.join(each.selected for each in there)} FROM {postgresql.table_name(table)}"
        query += f" WHERE {where}) AS read" if where else ") AS read"
        frame = _loaded(session, connection, query, kinds, parts, options | {"sessionInitStatement": takes})
        frame, extra = _declared(session, dataset, frame, there)
    except BaseException:
        exporter.close()
        raise
    return Reading(
        frame=frame,
        identity=identity,
        progress=progress,
        ignored=extra,
        explain=lambda error: _explained(connection, error),
    )


def _snapshot(session: SparkSession, connection: Connection) -> tuple[Database, str]:
    """Return a transaction that holds a snapshot, and nothing locked, and the statements that take the snapshot over.

    It ends with the step: what was read is read once more where Spark's account of it is in doubt.
    """
    database = connect(session, connection)
    _transact(database)
    ((snapshot,),) = database.rows("SELECT pg_export_snapshot()")
    keep(session, database.close)
    begins = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
    return database, f"{begins}; SET TRANSACTION SNAPSHOT '{snapshot}'"


def _transact(database: Database, takes: str = "") -> None:
    if takes:
        database.run(takes)
    else:
        database.java.setTransactionIsolation(REPEATABLE_READ)
        database.java.setReadOnly(True)


def _place(dataset: Dataset) -> tuple[Connection, str]:
    if dataset.connection is None or not dataset.table:
        raise ProjectError(
            f"dataset {dataset.name}: format 'jdbc' needs connection and table",
            place=dataset.place,
            remedy='write connection = "name" and table = "schema.table" in conf/datasets.toml',
        )
    return dataset.connection, dataset.table


def _options(dataset: Dataset) -> dict[str, str]:
    unknown = [name for name in dataset.options if name not in OPTIONS]
    if unknown:
        raise ProjectError(
            f"dataset {dataset.name}: option {unknown[0]!r} is not one of format 'jdbc'; known: {', '.join(OPTIONS)}",
            place=dataset.place,
        )
    return dict(dataset.options)


def _absent(session: SparkSession, dataset: Dataset, scope: Scope) -> Reading:
    if not (scope.optional or dataset.allow_empty):
        raise MissingDatasetError(dataset.name, dataset.uri, written_here=bool(dataset.written_by), place=dataset.place)
    return Reading(frame=empty(session, dataset), identity=None)


def _chosen(
    dataset: Dataset, scope: Scope, database: Database, there: tuple[postgresql.Column, ...]
) -> tuple[str, Any, Progress | None]:
    """Return the condition of the rows that are read, what names them, and of an increment what is new."""
    if scope.increment is not None:
        above, progress = rows_above(dataset, database, scope.increment, there)
        return above, named(scope.increment, progress), progress
    where = within(dataset, scope, {each.name: each.spark for each in there})
    return where, _digest(database, dataset.table, there, where), None


def _digest(database: Database, table: str, there: tuple[postgresql.Column, ...], where: str) -> list[str]:
    """Return a number of rows and a sum of their digests, made by the database; and what the columns are."""
    names = ", ".join(postgresql.quoted(each.name) for each in there)
    rows = f"SELECT {names} FROM {postgresql.table_name(table)}" + (f" WHERE {where}" if where else "")
    digest = "coalesce(sum(hashtextextended(r::text, 0)::numeric), 0)::text"
    ((count, found),) = database.rows(f"SELECT count(*), {digest} FROM ({rows}) r")
    return [str(count), str(found), ", ".join(f"{each.name} {each.type}" for each in there)]


def _loaded(
    session: SparkSession,
    connection: Connection,
    query: str,
    kinds: dict[str, str],
    parts: tuple[str, ...],
    options: dict[str, str],
) -> DataFrame:
    properties = credentials(connection) | {
        "driver": "org.postgresql.Driver",
        "fetchsize": options.get("fetchsize", FETCHED),
        "sessionInitStatement": options["sessionInitStatement"],
        "preferTimestampNTZ": "true",
        "customSchema": ", ".join(f"`{name}` {kind}" for name, kind in kinds.items() if not kind.startswith("ARRAY")),
    }
    with told(connection):  # Spark asks the database for the columns
        return session.read.jdbc(connection.url, query, predicates=list(parts) or ["1 = 1"], properties=properties)


def _declared(
    session: SparkSession, dataset: Dataset, frame: DataFrame, there: tuple[postgresql.Column, ...]
) -> tuple[DataFrame, tuple[str, ...]]:
    """Return the declared columns, and what of the table nobody declared; all of it where nothing is declared."""
    declared = declared_types(session, dataset.schema) if dataset.schema else {}
    for each in there:  # a number without bounds came as text: it is a number of the declared digits, or the run fails
        wanted = declared.get(each.name)
        if each.type.startswith("numeric") and each.spark == "STRING" and str(wanted).startswith("decimal"):
            frame = frame.withColumn(each.name, exact(each.name, str(wanted)))
    return of_table(session, dataset, frame, [(each.name, each.type) for each in there])


def _explained(connection: Connection, error: BaseException) -> EtlError | None:
    """Return the condition of a failure that the database raised in a task."""
    return condition(error, connection) if is_of_driver(error) else None
