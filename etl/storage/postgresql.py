"""PostgreSQL's words: types both ways, names, what a table is made of, and where its rows can be parted.

Types: PostgreSQL documentation, chapter 8; what pgjdbc and Spark make of them was tried.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from attrs import frozen

from etl.errors import ProjectError
from etl.model.interval import Interval
from etl.model.schema import Schema
from etl.storage.database import Database

SAME = {
    "smallint": "SMALLINT",
    "integer": "INT",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double precision": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "text": "STRING",
    "bytea": "BINARY",
    "timestamp with time zone": "TIMESTAMP",
    "timestamp without time zone": "TIMESTAMP_NTZ",
}
MADE = {spark: theirs for theirs, spark in SAME.items()} | {"TINYINT": "smallint"}
MONEY = "DECIMAL(19,2)"
MOST_DIGITS = 38
_NUMERIC = re.compile(r"numeric\((\d+),(-?\d+)\)")
DECIMAL = re.compile(r"DECIMAL\((\d+), ?(\d+)\)")
_TEXT = re.compile(r"character(?: varying)?(?:\(\d+\))?|\"char\"")
_PRECISE = re.compile(r"(time(?:stamp)?)\(\d\)")
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


@frozen
class Column:
    """A column of a table.

    Args:
        name: as the database has it.
        type: the database's own word.
        required: it takes no null.
        filled: the database gives it a value where none is given.
    """

    name: str
    type: str
    required: bool = False
    filled: bool = False

    @property
    def spark(self) -> str:
        """Spark's type that holds every value of it; a number without bounds and what Spark does not know are text."""
        kind = _PRECISE.sub(r"\1", self.type)
        found = _NUMERIC.fullmatch(kind)
        if found and int(found[1]) <= MOST_DIGITS and 0 <= int(found[2]) <= int(found[1]):
            return f"DECIMAL({found[1]},{found[2]})"
        if kind == "money":
            return MONEY
        if kind.endswith("[]") and SAME.get(kind[:-2], "STRING") != "STRING":
            return f"ARRAY<{SAME[kind[:-2]]}>"
        return SAME.get(kind, "STRING")

    @property
    def selected(self) -> str:
        """The column in a query, as a value that Spark reads without loss."""
        name = quoted(self.name)
        if self.type == "money":
            return f"{name}::numeric(19,2) AS {name}"
        plain = _PRECISE.sub(r"\1", self.type) in SAME or _TEXT.fullmatch(self.type) or self.spark != "STRING"
        return name if plain else f"{name}::text AS {name}"


def quoted(name: str) -> str:
    """Return a name in the database's quotes."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def table_name(table: str) -> str:
    """Return a table as SQL names it: ``public.orders`` in quotes, each part."""
    return ".".join(quoted(part) for part in parts(table))


def parts(table: str) -> tuple[str, str]:
    """Return schema and name of a table; ``public`` where no schema is said."""
    schema, dot, name = table.rpartition(".")
    return (schema, name) if dot else ("public", table)


def columns(database: Database, table: str) -> tuple[Column, ...]:
    """Return a table's columns; none where there is no such table."""
    return tuple(Column(*row) for row in database.rows(COLUMNS, table_name(table)))


def made(kind: str) -> str:
    """Return the type of a column that is made for a declared one.

    Raises:
        ProjectError: the database has none.
    """
    found = DECIMAL.fullmatch(kind)
    if found:
        return f"numeric({found[1]},{found[2]})"
    if kind.startswith("ARRAY<") and kind[6:-1] in MADE:
        return f"{MADE[kind[6:-1]]}[]"
    if kind.startswith(("VARCHAR", "CHAR")):
        return "text"
    if kind not in MADE:
        raise ProjectError(f"PostgreSQL has no type for {kind}", remedy="publish it as text: to_json(…) in the step")
    return MADE[kind]


def created(table: str, schema: Schema, *, unlogged: bool = False) -> str:
    """Return the statement that makes a table of declared columns."""
    said = ", ".join(
        f"{quoted(each.name)} {made(each.type)}{'' if each.nullable or unlogged else ' NOT NULL'}" for each in schema
    )
    return f"CREATE {'UNLOGGED ' if unlogged else ''}TABLE {table} ({said})"


def within(column: str, kind: str, interval: Interval) -> str:
    """Return the condition that is true for an interval's rows, as ``etl.storage.reading.interval_predicate``."""
    name = quoted(column)
    start, end = (_instant(at, kind) for at in (interval.start, interval.end))
    return f"{name} >= {start} AND {name} < {end}"


def _instant(at: datetime, kind: str) -> str:
    if kind == "DATE":
        return f"DATE '{at:%Y-%m-%d}'"
    return f"TIMESTAMPTZ '{at:%Y-%m-%d %H:%M:%S}+00'" if kind == "TIMESTAMP" else f"TIMESTAMP '{at:%Y-%m-%d %H:%M:%S}'"


def ranges(database: Database, table: str, parts_wanted: int | None, rows_each: int) -> tuple[str, ...]:
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
