"""MySQL's words, and MariaDB's: names, what a table is made of, and where its rows can be parted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from etl.errors import AnalysisError
from etl.model.interval import Interval
from etl.storage.database import Database
from etl.storage.mysql_columns import TIMES, WHOLE, Column, made, quoted
from etl.storage.mysql_tables import LOG, created, given, lock, staging

__all__ = [
    "KEEPS_DDL",
    "LOG",
    "OPTIONS",
    "beside",
    "columns",
    "created",
    "digest",
    "earlier",
    "given",
    "has",
    "literal",
    "lock",
    "made",
    "quoted",
    "ranges",
    "refuse_engine",
    "snapshot",
    "staging",
    "table_name",
    "text",
    "within",
]

NO_OPTIONS: Mapping[str, str] = {}
KEEPS_DDL = False
ZEROS = "zero_dates"
OPTIONS = ("partitions", "fetchsize", ZEROS)
OF_TABLE = "table_schema = coalesce(nullif(?, ''), database()) AND table_name = ?"
ENGINE = f"SELECT engine FROM information_schema.tables WHERE {OF_TABLE}"
COLUMNS = f"""
SELECT column_name, column_type, is_nullable = 'NO',
       (column_default IS NOT NULL AND column_default <> 'NULL') OR extra LIKE '%auto_increment%'
       OR extra LIKE '%GENERATED%', data_type, coalesce(character_set_name, ''), coalesce(collation_name, '')
FROM information_schema.columns WHERE {OF_TABLE} ORDER BY ordinal_position
"""
KEYS = f"""
SELECT column_name FROM information_schema.statistics
JOIN information_schema.columns USING (table_schema, table_name, column_name)
WHERE {OF_TABLE} AND seq_in_index = 1 AND index_type = 'BTREE' AND data_type IN ({", ".join(map(repr, WHOLE))})
ORDER BY index_name <> 'PRIMARY', non_unique, index_name LIMIT 1
"""


def parts(table: str) -> tuple[str, str]:
    """Return database and name of a table; the database is empty for the connection's own."""
    schema, _, name = table.rpartition(".")
    return schema, name


def table_name(table: str) -> str:
    """Return a table as SQL names it: ``shop.orders`` in quotes, each part."""
    return beside(table, parts(table)[1])


def beside(table: str, name: str) -> str:
    """Return another table of a table's database, as SQL names it."""
    schema = parts(table)[0]
    return f"{quoted(schema)}.{quoted(name)}" if schema else quoted(name)


def has(database: Database, table: str) -> bool:
    """Say whether there is a table, named as SQL names it."""
    names = [each.replace("``", "`") for each in re.findall(r"`((?:[^`]|``)*)`", table)]
    return bool(database.rows(ENGINE, names[0] if names[1:] else "", names[-1]))


def columns(database: Database, table: str, options: Mapping[str, str] = NO_OPTIONS) -> tuple[Column, ...]:
    """Return a table's columns; none where there is no such table."""
    zeros = options.get(ZEROS) == "null"
    return tuple(
        Column(str(name), str(kind), bool(required), bool(filled), str(word).lower(), str(charset), str(order), zeros)
        for name, kind, required, filled, word, charset, order in database.rows(COLUMNS, *parts(table))
    )


def refuse_engine(database: Database, table: str) -> None:
    """Refuse a target that knows no transactions.

    Raises:
        AnalysisError: it is of another engine than InnoDB, or no table.
    """
    for (engine,) in database.rows(ENGINE, *parts(table)):
        if engine != "InnoDB":
            raise AnalysisError(
                f"table {table} is of engine {engine or 'none: a view'}, which knows no transactions",
                remedy=f"ALTER TABLE {table} ENGINE = InnoDB, or publish to another table",
            )


def snapshot(_: Database) -> str | None:
    """Return None: no connection takes over what another one sees."""
    return None


def text(sql: str) -> str:
    """Return SQL of a value as the database writes it."""
    return f"CAST({sql} AS CHAR)"


def literal(value: str, column: Column) -> str:
    """Return a value that the database has written, as a literal of a column's type."""
    if column.word not in TIMES:
        return value
    return f"{'DATE' if column.word == 'date' else 'TIMESTAMP'} '{value}'"


def earlier(value: str, distance: timedelta | int) -> str:
    """Return SQL of what lies a distance before a value."""
    if isinstance(distance, timedelta):
        return f"{value} - INTERVAL {distance // timedelta(microseconds=1)} MICROSECOND"
    return f"{value} - {distance}"


def within(column: str, kind: str, interval: Interval) -> str:
    """Return the condition that is true for an interval's rows, as ``etl.storage.reading.interval_predicate``."""
    start, end = (_instant(at, kind) for at in (interval.start, interval.end))
    return f"{quoted(column)} >= {start} AND {quoted(column)} < {end}"


def _instant(at: datetime, kind: str) -> str:
    return f"DATE '{at:%Y-%m-%d}'" if kind == "DATE" else f"TIMESTAMP '{at:%Y-%m-%d %H:%M:%S}'"


def digest(database: Database, table: str, there: Sequence[Column], where: str) -> tuple[int, str]:
    """Return how many rows there are, and a sum of their digests, made by the database."""
    row = f"md5(concat_ws(',', {', '.join(each.digested for each in there)}))"
    summed = f"CAST(coalesce(sum(CAST(conv(left({row}, 16), 16, 10) AS UNSIGNED)), 0) AS CHAR)"
    asked = f"SELECT count(*), {summed} FROM {table_name(table)}" + (f" WHERE {where}" if where else "")
    ((count, found),) = database.rows(asked)
    return int(count), str(found)


def ranges(
    database: Database, table: str, parts_wanted: int | None, rows_each: int, rows: int | None, where: str
) -> tuple[str, ...]:
    """Return conditions that part a table's rows: by an index's first column of whole numbers, into like shares.

    The bounds are found in the index itself, one step of so many rows after the other, so that they follow where
    the rows are. None where one reader is enough, or no index serves.

    Args:
        database: a connection.
        table: the table.
        parts_wanted: how many; None: as many as the rows ask for.
        rows_each: then so many rows are one reader's.
        rows: how many are read; None where nobody has counted them.
        where: the condition of these.
    """
    keys = database.rows(KEYS, *parts(table))
    if not keys:
        return ()
    name, scope = quoted(str(keys[0][0])), f" AND ({where})" if where else ""
    count = rows
    if count is None:
        ((count,),) = database.rows(f"SELECT count(*) FROM {table_name(table)} WHERE true{scope}")
    shares = parts_wanted or min(64, int(count or 0) // rows_each + 1)
    if shares <= 1:
        return ()
    step, bounds = max(1, int(count or 0) // shares), list[int]()
    while len(bounds) < shares - 1:
        above = f"{name} > {bounds[-1]}" if bounds else f"{name} IS NOT NULL"
        found = database.rows(
            f"SELECT {name} FROM {table_name(table)} WHERE {above}{scope} ORDER BY {name} LIMIT 1 OFFSET {step - 1}"
        )
        if not found:
            break
        bounds.append(int(found[0][0]))
    return _parted(name, bounds)


def _parted(name: str, bounds: Sequence[int]) -> tuple[str, ...]:
    if not bounds:
        return ()
    between = [f"{name} > {low} AND {name} <= {high}" for low, high in pairwise(bounds)]
    return (f"{name} <= {bounds[0]} OR {name} IS NULL", *between, f"{name} > {bounds[-1]}")
