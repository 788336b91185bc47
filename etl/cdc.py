"""Changes of a database, as Debezium and AWS DMS write them, as rows that ``Merge`` and ``History`` take.

Each row that comes out is one change of one key: the columns of the table, ``_deleted``, and ``_sequence``, which
orders the changes of a key. A step declares both in its target and says ``sequence_by="_sequence",
apply_as_deletes="_deleted"``.
"""

from __future__ import annotations

from typing import Literal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from etl.errors import DefinitionError, did_you_mean
from etl.sql import literal, quoted
from etl.transforms import where

DELETED, SEQUENCE = "_deleted", "_sequence"
MESSAGES = "tombstones and messages"
"""Under this name records of a stream that change no row enter the accounts."""


def debezium(frame: DataFrame, *, order: str = "_offset", on_truncate: Literal["fail", "ignore"] = "fail") -> DataFrame:
    """Return the changes of Debezium's envelopes: creations, snapshots' reads, updates and deletions.

    A deletion has the values of ``before``: with PostgreSQL's default replica identity those of the key alone.
    Tombstones, heartbeats and logical messages change no row and are dropped, by name. An operation that nobody knows
    ends the run, and so does a truncation, which is a change of no key, unless it is to be ignored.

    Args:
        frame: with the columns ``op``, ``before``, ``after`` (Debezium documentation, "Data change events"); of
            messages with their schema these stand in ``payload``.
        order: SQL that orders the changes of a key: ``_offset`` where a key stays in its partition, ``source.lsn`` …
        on_truncate: what a truncation of the table does.

    Raises:
        DefinitionError: one of these columns is not there, or ``after`` is no struct.
    """
    if "payload" in frame.columns and "op" not in frame.columns:
        beside = [quoted(name) for name in frame.columns if name != "payload"]
        frame = frame.selectExpr(*beside, "payload.*")
    before, after = _fields(frame, "before", "debezium"), _fields(frame, "after", "debezium")
    _check(frame, "op", "debezium")
    kept = where(frame, MESSAGES, "op IS NOT NULL AND op <> 'm'")
    if on_truncate == "ignore":
        kept = where(kept, "truncations", "op <> 't'")
    gone = _told(kept, "op", {"c": False, "r": False, "u": False, "d": True}, "debezium")
    values = [
        F.when(F.col(DELETED), F.col(f"before.{quoted(name)}") if name in before else F.lit(None))
        .otherwise(F.col(f"after.{quoted(name)}"))
        .alias(name)
        for name in after
    ]
    return gone.withColumn(SEQUENCE, F.expr(order)).select(*values, DELETED, SEQUENCE)


def dms(frame: DataFrame, *, order: str, op: str = "Op") -> DataFrame:
    """Return the changes that AWS DMS writes: to files on S3, or to Kafka and Kinesis.

    Files have a column that says ``I``, ``U`` or ``D``; it is null or empty in those of a full load, unless
    ``IncludeOpForFullLoad`` is set. Streams have ``data`` and ``metadata``; their control records (a table that is
    created, altered …) change no row and are dropped, by name, but for one that drops or truncates the table: it ends
    the run, as an operation that nobody knows does.

    Args:
        frame: the rows or messages (AWS DMS User Guide, "Using Amazon S3 as a target", "… Apache Kafka as a target").
        order: SQL that orders the changes of a key: the column of ``AR_H_CHANGE_SEQ``, which is unique;
            ``TimestampColumnName`` where a key changes once a transaction; ``_offset`` of a stream. A null, as in a
            full load, is before all others.
        op: the column of files that says what happened.

    Raises:
        DefinitionError: a column is not there.
    """
    if "metadata" in frame.columns and "data" in frame.columns:
        return _streamed(frame, order)
    _check(frame, op, "dms")
    known = {"I": False, "U": False, "D": True, "": False}
    named = frame.withColumn(op, F.coalesce(F.col(quoted(op)), F.lit("")))
    told = _told(named, op, known, "dms").withColumn(SEQUENCE, F.expr(order))
    return told.select(*(quoted(name) for name in frame.columns if name != op), DELETED, SEQUENCE)


def _streamed(frame: DataFrame, order: str) -> DataFrame:
    columns = _fields(frame, "data", "dms")
    operation = "metadata.operation"
    changing = "'load', 'insert', 'update', 'delete', 'truncate-table', 'drop-table'"
    kept = where(frame, MESSAGES, f"{operation} IN ({changing}) OR metadata.`record-type` = 'data'")
    known = {"load": False, "insert": False, "update": False, "delete": True}
    told = _told(kept.withColumn("_operation", F.expr(operation)), "_operation", known, "dms")
    values = [F.col(f"data.{quoted(name)}").alias(name) for name in columns]
    return told.withColumn(SEQUENCE, F.expr(order)).select(*values, DELETED, SEQUENCE)


def _told(frame: DataFrame, op: str, known: dict[str, bool], who: str) -> DataFrame:
    """Add whether a change deletes its key; a change that nobody knows ends the run."""
    chosen = " ".join(f"WHEN {literal(name)} THEN {str(gone).lower()}" for name, gone in known.items())
    said = f"{who}: operation {{}} is a change of no key that can be applied; known: {', '.join(filter(None, known))}"
    before, _, behind = said.partition("{}")
    told = f"concat({literal(before)}, coalesce({quoted(op)}, 'null'), {literal(behind)})"
    return frame.withColumn(
        DELETED, F.expr(f"CASE {quoted(op)} {chosen} ELSE CAST(raise_error({told}) AS BOOLEAN) END")
    )


def _fields(frame: DataFrame, column: str, who: str) -> list[str]:
    """Return the fields of a struct column."""
    _check(frame, column, who)
    kind = frame.schema[column].dataType
    if not isinstance(kind, StructType):
        raise DefinitionError(f"{who}: column {column!r} is {kind.simpleString()}, not a struct of the table's columns")
    return kind.names


def _check(frame: DataFrame, column: str, who: str) -> Column:
    if column not in frame.columns:
        raise DefinitionError(f"{who}: column {column!r} is not there; {did_you_mean(column, frame.columns)}")
    return F.col(quoted(column))
