"""MySQL's tables that are published to: how they are made, a run's own beside them, and who may change them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from etl.errors import ConflictError
from etl.model.schema import Column as Declared
from etl.model.schema import Schema
from etl.storage.database import Database
from etl.storage.mysql_columns import MADE, Column, made, quoted

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

BINARY = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
LOG = (
    f"CREATE TABLE IF NOT EXISTS {{log}} (target varchar(255) {BINARY} NOT NULL, version bigint NOT NULL, "
    f"mark text {BINARY} NOT NULL, applied longtext {BINARY} NOT NULL, run_id varchar(255) NOT NULL, "
    "at timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), PRIMARY KEY (target, version)) ENGINE = InnoDB"
)
ROW = "headrace_row"  # a number of each staged row
PREFIX = 100  # letters of a text that an index of staged keys has
WAIT_SECONDS = 300  # for who publishes to the same table


def created(table: str, schema: Schema) -> str:
    """Return the statement that makes a table of declared columns; texts are told apart by their bytes."""
    said = (f"{quoted(each.name)} {_spelled(each.type)} {_required(each)}" for each in schema)
    return f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(said)}) ENGINE = InnoDB"


def _required(column: Declared) -> str:
    """Return whether a column takes nulls; a ``timestamp`` that says no more may be set anew by updates of its row.

    Source: MySQL Reference Manual, "Automatic Initialization and Updating for TIMESTAMP and DATETIME".
    """
    if column.nullable:
        return "NULL"
    return "NOT NULL" + " DEFAULT '1970-01-02 00:00:00'" * (column.type == "TIMESTAMP")


def staging(table: str, schema: Schema, there: Sequence[Column], keys: Sequence[str], deletes: str) -> str:
    """Return the statement that makes a run's own table, for rows on their way to one with columns ``there``.

    Its texts are of the target's collations, so that an index of the target finds them.
    """
    known = {each.name: each for each in there}
    said = [f"{quoted(each.name)} {_spelled(each.type, known.get(each.name))} NULL" for each in schema]
    said += [f"{deletes} tinyint(1) NOT NULL"] if deletes else []
    said += [f"{ROW} bigint NOT NULL AUTO_INCREMENT PRIMARY KEY"]
    if keys:
        long = {each.name for each in schema if made(each.type) in (MADE["STRING"], MADE["BINARY"])}
        said += [f"KEY headrace_keys ({', '.join(quoted(name) + f'({PREFIX})' * (name in long) for name in keys)})"]
    return f"CREATE TABLE {table} ({', '.join(said)}) ENGINE = InnoDB"


def _spelled(kind: str, there: Column | None = None) -> str:
    word = made(kind)
    if word != MADE["STRING"]:
        return word
    known = there is not None and there.charset
    return f"{word} CHARACTER SET {there.charset} COLLATE {there.collation}" if there and known else f"{word} {BINARY}"


def given(frame: DataFrame) -> DataFrame:
    """Return rows with dates and times as texts, in UTC: a driver's own go through the time zone of its JVM."""
    names = {field.name: field.dataType.typeName() for field in frame.schema.fields}
    times = {name for name, kind in names.items() if kind in ("date", "timestamp", "timestamp_ntz")}
    return frame.selectExpr(
        *(f"CAST({quoted(name)} AS STRING) AS {quoted(name)}" if name in times else quoted(name) for name in names)
    )


def lock(database: Database, target: str) -> None:
    """Let nobody else publish to a target until the connection ends; what was read before is read anew.

    Raises:
        ConflictError: somebody else does so for too long.
    """
    name = "concat('headrace ', sha1(concat(coalesce(database(), ''), '/', ?)))"
    ((got,),) = database.rows(f"SELECT coalesce(get_lock({name}, {WAIT_SECONDS}), 0)", target)
    if not int(got):
        raise ConflictError(
            f"{target}: another run has been publishing to it for {WAIT_SECONDS} s",
            remedy="run it again once that run has ended: the target is unchanged",
        )
    database.commit()
