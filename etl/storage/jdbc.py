"""Tables of databases, read and published: by Spark's JDBC reader and writer, in the database's own transactions.

A reading sees one snapshot, whatever is written meanwhile: the driver's transaction exports it, and each partition's
takes it over. Where a database has no such thing, as MySQL, one reader's statement sees one moment; of several it
is looked afterwards whether the rows are the same still.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from etl.errors import EtlError, InputError, MissingDatasetError, ProjectError
from etl.model.connection import Connection
from etl.model.dataset import Dataset
from etl.spark.kept import keep
from etl.storage.database import REPEATABLE_READ, Database, connect, connected
from etl.storage.fitting import declared_types, of_table
from etl.storage.increments import identity as named
from etl.storage.jdbc_increments import rows_above
from etl.storage.jdbc_rows import FETCHED, loaded
from etl.storage.jdbc_target import changes, consumed, later_intervals, recall, stage, state
from etl.storage.numerals import exact, truth
from etl.storage.progress import Progress
from etl.storage.reading import Reading, Scope, check_scope, empty, nothing_changed
from etl.storage.sqlstate import condition, is_of_driver
from etl.storage.tables import counted, is_taken_back, within
from etl.storage.vendors import Readable, Words, words_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["changes", "consumed", "counted", "is_taken_back", "later_intervals", "read", "recall", "stage", "state"]

ROWS_EACH = 500_000  # of a table, by the database's estimate, for one reader
NUMBERS = ("numeric", "decimal")
TRUTHS = ("tinyint(1)", "bit(1)")


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
    words = words_of(connection)
    options = _options(dataset, words)
    exporter, begins = _snapshot(session, connection)
    try:
        with connected(session, connection) as database:
            _transact(database, begins)
            there = words.columns(database, table, options)
            if not there:
                exporter.close()
                return _absent(session, dataset, scope)
            where, identity, progress = _chosen(dataset, scope, database, there)
            wanted, rows = int(options.get("partitions", 0)) or None, None if progress else int(identity[0])
            parts = words.ranges(database, table, wanted, ROWS_EACH, rows, where)
            unsettled = bool(parts) and not begins  # several readers, each at a moment of its own
            before = _identity(words, database, table, there, where) if unsettled and progress else identity
        name, fetched = words.table_name(table), options.get("fetchsize", FETCHED)
        frame = loaded(session, connection, name, there, where=where, parts=parts, begins=begins, fetched=fetched)
        frame, extra = _declared(session, dataset, frame, there)
    except BaseException:
        exporter.close()
        raise
    return Reading(
        frame=frame,
        identity=identity,
        progress=progress,
        ignored=extra,
        recheck=partial(_recheck, session, dataset, where, before) if unsettled else nothing_changed,
        explain=lambda error: _explained(connection, error),
    )


def _snapshot(session: SparkSession, connection: Connection) -> tuple[Database, str]:
    """Return a transaction that holds a snapshot, and nothing locked, and the statements that take the snapshot over.

    It ends with the step: what was read is read once more where Spark's account of it is in doubt. A database whose
    snapshots nobody can take over gives no such statements.
    """
    database = connect(session, connection)
    _transact(database)
    begins = words_of(connection).snapshot(database)
    if begins is None:
        database.close()
        return database, ""
    keep(session, database.close)
    return database, begins


def _transact(database: Database, begins: str = "") -> None:
    if begins:
        database.run(begins)
    else:
        database.java.setTransactionIsolation(REPEATABLE_READ)
        database.java.setReadOnly(True)


def _recheck(session: SparkSession, dataset: Dataset, where: str, before: Any) -> None:
    """Refuse rows that changed while several readers read them, each at a moment of its own.

    Raises:
        InputError: their digest is another one now.
    """
    connection, table = _place(dataset)
    words = words_of(connection)
    with connected(session, connection) as database:
        there = words.columns(database, table, dataset.options)
        if _identity(words, database, table, there, where) != before:
            raise InputError(
                f"dataset {dataset.name}: rows of {table} changed while several readers read them",
                place=dataset.place,
                remedy='the target is unchanged; run it again, or read at one moment: options = { partitions = "1" }',
            )


def _place(dataset: Dataset) -> tuple[Connection, str]:
    if dataset.connection is None or not dataset.table:
        raise ProjectError(
            f"dataset {dataset.name}: format 'jdbc' needs connection and table",
            place=dataset.place,
            remedy='write connection = "name" and table = "schema.table" in conf/datasets.toml',
        )
    return dataset.connection, dataset.table


def _options(dataset: Dataset, words: Words) -> dict[str, str]:
    unknown = [name for name in dataset.options if name not in words.OPTIONS]
    if unknown:
        known = ", ".join(words.OPTIONS)
        raise ProjectError(
            f"dataset {dataset.name}: option {unknown[0]!r} is not one of this database's; known: {known}",
            place=dataset.place,
        )
    return dict(dataset.options)


def _absent(session: SparkSession, dataset: Dataset, scope: Scope) -> Reading:
    if not (scope.optional or dataset.allow_empty):
        raise MissingDatasetError(dataset.name, dataset.uri, written_here=bool(dataset.written_by), place=dataset.place)
    return Reading(frame=empty(session, dataset), identity=None)


def _chosen(
    dataset: Dataset, scope: Scope, database: Database, there: tuple[Readable, ...]
) -> tuple[str, Any, Progress | None]:
    """Return the condition of the rows that are read, what names them, and of an increment what is new."""
    if scope.increment is not None:
        above, progress = rows_above(dataset, database, scope.increment, there)
        return above, named(scope.increment, progress), progress
    where = within(dataset, scope, {each.name: each.spark for each in there})
    return where, _identity(words_of(database.connection), database, dataset.table, there, where), None


def _identity(words: Words, database: Database, table: str, there: Sequence[Readable], where: str) -> list[str]:
    """Return how many rows there are and a sum of their digests, and what the columns are."""
    count, digest = words.digest(database, table, there, where)
    return [str(count), digest, ", ".join(f"{each.name} {each.type}" for each in there)]


def _declared(
    session: SparkSession, dataset: Dataset, frame: DataFrame, there: tuple[Readable, ...]
) -> tuple[DataFrame, tuple[str, ...]]:
    """Return the declared columns, and what of the table nobody declared; all of it where nothing is declared.

    A number without bounds came as text, and a truth value of MySQL's as a number: each is exactly one of the declared
    type, or the run fails.
    """
    declared = declared_types(session, dataset.schema) if dataset.schema else {}
    for each in there:
        wanted = str(declared.get(each.name))
        if each.type.startswith(NUMBERS) and each.spark == "STRING" and wanted.startswith("decimal"):
            frame = frame.withColumn(each.name, exact(each.name, wanted))
        elif each.type in TRUTHS and wanted == "boolean":
            frame = frame.withColumn(each.name, truth(each.name))
    return of_table(session, dataset, frame, [(each.name, each.type) for each in there])


def _explained(connection: Connection, error: BaseException) -> EtlError | None:
    """Return the condition of a failure that the database raised in a task."""
    return condition(error, connection) if is_of_driver(error) else None
