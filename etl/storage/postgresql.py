"""PostgreSQL's words: names, what a table is made of, its snapshots, and where its rows can be parted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from etl.model.interval import Interval
from etl.model.schema import Schema
from etl.storage.database import Database
from etl.storage.postgresql_columns import Column, made, quoted

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NO_OPTIONS: Mapping[str, str] = {}
KEEPS_DDL = True  # in a transaction
OPTIONS = ("partitions", "fetchsize")
LOG = (
    "CREATE TABLE IF NOT EXISTS {log} (target text, version bigint, mark text NOT NULL, applied text NOT NULL, "
    "run_id text NOT NULL, at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (target, version))"
)
COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> ''
FROM pg_attribute a WHERE a.attrelid = to_regclass(?) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
KEY = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_index i
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
WHERE i.indrelid = to_regclass(?) AND i.indpred IS NULL AND i.indisvalid
ORDER BY i.indisprimary DESC, i.indisunique DESC, i.indexrelid
"""
STATISTICS = """
SELECT greatest(c.reltuples, 0)::bigint, (SELECT s.histogram_bounds::text FROM pg_stats s
    WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = ?)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass(?)
"""
WHOLE = frozenset({"smallint", "integer", "bigint"})


def table_name(table: str) -> str:
    """Return a table as SQL names it: ``public.orders`` in quotes, each part."""
    return ".".join(quoted(part) for part in parts(table))


def parts(table: str) -> tuple[str, str]:
    """Return schema and name of a table; ``public`` where no schema is said."""
    schema, dot, name = table.rpartition(".")
    return (schema, name) if dot else ("public", table)


def beside(table: str, name: str) -> str:
    """Return another table of a table's schema, as SQL names it."""
    return f"{quoted(parts(table)[0])}.{name}"


def has(database: Database, table: str) -> bool:
    """Say whether there is a table, named as SQL names it."""
    return bool(database.rows("SELECT 1 WHERE to_regclass(?) IS NOT NULL", table))


def columns(database: Database, table: str, _: Mapping[str, str] = NO_OPTIONS) -> tuple[Column, ...]:
    """Return a table's columns; none where there is no such table."""
    return tuple(Column(*row) for row in database.rows(COLUMNS, table_name(table)))


def created(table: str, schema: Schema) -> str:
    """Return the statement that makes a table of declared columns."""
    said = ", ".join(f"{quoted(each.name)} {made(each.type)}{'' if each.nullable else ' NOT NULL'}" for each in schema)
    return f"CREATE TABLE {table} ({said})"


def staging(table: str, schema: Schema, _: tuple[Column, ...], __: Sequence[str], deletes: str) -> str:
    """Return the statement that makes a run's own table: its rows outlive no crash, and need not."""
    said = [f"{quoted(each.name)} {made(each.type)}" for each in schema]
    said += [f"{deletes} boolean NOT NULL"] if deletes else []
    return f"CREATE UNLOGGED TABLE {table} ({', '.join(said)})"


def given(frame: DataFrame) -> DataFrame:
    """Return rows as they are: the driver hands them over without loss."""
    return frame


def lock(database: Database, target: str) -> None:
    """Let nobody else publish to a target until the transaction ends."""
    database.rows("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))::text", target)


def refuse_engine(_: Database, __: str) -> None:
    """Refuse nothing: every table of PostgreSQL's knows transactions."""


def snapshot(database: Database) -> str | None:
    """Return statements that let another connection see what this one sees.

    Source: PostgreSQL documentation, "Snapshot Synchronization Functions".
    """
    ((name,),) = database.rows("SELECT pg_export_snapshot()")
    begins = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
    # Spark writes instants in its own zone, which is UTC, and the driver asks for the JVM's.
    return f"{begins}; SET TRANSACTION SNAPSHOT '{name}'; SET TIME ZONE 'UTC'"


def text(sql: str) -> str:
    """Return SQL of a value as the database writes it."""
    return f"{sql}::text"


def literal(value: str, column: Column) -> str:
    """Return a value that the database has written, as a literal of a column's type."""
    doubled = value.replace("'", "''")
    return f"CAST('{doubled}' AS {column.type})"


def earlier(value: str, distance: timedelta | int) -> str:
    """Return SQL of what lies a distance before a value."""
    if isinstance(distance, timedelta):
        return f"{value} - interval '{distance.total_seconds():.6f} seconds'"
    return f"{value} - {distance}"


def digest(database: Database, table: str, there: Sequence[Column], where: str) -> tuple[int, str]:
    """Return how many rows there are, and a sum of their digests, made by the database."""
    names = ", ".join(quoted(each.name) for each in there)
    rows = f"SELECT {names} FROM {table_name(table)}" + (f" WHERE {where}" if where else "")
    summed = "coalesce(sum(hashtextextended(r::text, 0)::numeric), 0)::text"
    ((count, found),) = database.rows(f"SELECT count(*), {summed} FROM ({rows}) r")
    return int(count), str(found)


def within(column: str, kind: str, interval: Interval) -> str:
    """Return the condition that is true for an interval's rows, as ``etl.storage.reading.interval_predicate``."""
    name = quoted(column)
    start, end = (_instant(at, kind) for at in (interval.start, interval.end))
    return f"{name} >= {start} AND {name} < {end}"


def _instant(at: datetime, kind: str) -> str:
    if kind == "DATE":
        return f"DATE '{at:%Y-%m-%d}'"
    return f"TIMESTAMPTZ '{at:%Y-%m-%d %H:%M:%S}+00'" if kind == "TIMESTAMP" else f"TIMESTAMP '{at:%Y-%m-%d %H:%M:%S}'"


def ranges(
    database: Database, table: str, parts_wanted: int | None, rows_each: int, _: int | None = None, __: str = ""
) -> tuple[str, ...]:
    """Return conditions that part a table's rows: by an index's first column of whole numbers, into like shares.

    The bounds are the histogram that the database keeps (``pg_stats``), so that they follow where the rows are, or an
    even split between least and greatest where there is none yet. None where one reader is enough, or no index serves.

    Args:
        database: a connection.
        table: the table.
        parts_wanted: how many; None: as many as the database's own estimate of rows asks for.
        rows_each: then so many rows are one reader's.
    """
    keys = [str(name) for name, kind in database.rows(KEY, table_name(table)) if kind in WHOLE]
    if not keys:
        return ()
    ((estimate, histogram),) = database.rows(STATISTICS, keys[0], table_name(table))
    count = parts_wanted or min(64, int(estimate) // rows_each + 1)
    if count <= 1:
        return ()
    known = [int(text) for text in str(histogram).strip("{}").split(",")] if histogram else []
    if len(known) > count:
        bounds = [known[len(known) * number // count] for number in range(1, count)]
    else:
        ((low, high),) = database.rows(
            f"SELECT min({quoted(keys[0])}), max({quoted(keys[0])}) FROM {table_name(table)}"
        )
        if low is None:
            return ()
        bounds = [int(low) + (int(high) - int(low)) * number // count for number in range(1, count)]
    return _parted(quoted(keys[0]), sorted(set(bounds)))


def _parted(name: str, bounds: Sequence[int]) -> tuple[str, ...]:
    if not bounds:
        return ()
    between = [f"{name} >= {low} AND {name} < {high}" for low, high in pairwise(bounds)]
    return (f"{name} < {bounds[0]} OR {name} IS NULL", *between, f"{name} >= {bounds[-1]}")
