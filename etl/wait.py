"""Preconditions for job authors: what ``Job(wait_for=[…])`` lists.

Every builder takes ``timeout`` (an interval that waited so long fails) and ``poll`` (between two questions), as text
like ``"2 hours"``. Texts may name the interval, ``s3://in/{start:%Y/%m/%d}/``; docs/scripts.md says what may stand in
braces. A path without ``s3://`` is one of this machine: so the same job waits on a laptop.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TypedDict, Unpack

from etl.errors import DefinitionError
from etl.model.precondition import (
    CommandSucceeds,
    KeyExists,
    PartitionExists,
    PrefixNotEmpty,
    RowsReturned,
    SuccessMarker,
    TableExists,
    TableHasData,
)


class Patience(TypedDict, total=False):
    """What every builder takes besides its own arguments."""

    timeout: str | timedelta
    poll: str | timedelta


def s3_key_exists(uri: str, **patience: Unpack[Patience]) -> KeyExists:
    """Wait until an object exists."""
    return KeyExists(_text("uri", uri), **patience)


def s3_prefix_not_empty(uri: str, **patience: Unpack[Patience]) -> PrefixNotEmpty:
    """Wait until an object's key begins with a prefix."""
    return PrefixNotEmpty(_text("uri", uri), **patience)


def success_marker(where: str, **patience: Unpack[Patience]) -> SuccessMarker:
    """Wait until ``_SUCCESS`` lies in a folder, or in the folder of a dataset, ``zone.name``."""
    return SuccessMarker(_text("where", where), **patience)


def dynamodb_table_exists(table: str, *, region: str = "", **patience: Unpack[Patience]) -> TableExists:
    """Wait until a table is there and active."""
    return TableExists(_text("table", table), region, **patience)


def dynamodb_data_exists(table: str, *, region: str = "", **patience: Unpack[Patience]) -> TableHasData:
    """Wait until a table holds an item."""
    return TableHasData(_text("table", table), region, **patience)


def partition_exists(
    dataset: str, values: dict[str, str], *, table: str = "", **patience: Unpack[Patience]
) -> PartitionExists:
    """Wait until a dataset has a partition, ``partition_exists("raw.orders", {"day": "{start:%Y-%m-%d}"})``.

    Args:
        dataset: ``zone.name``. A Delta table's log is asked, else its folders.
        values: partition column to value.
        table: ``database.table``: the Glue Data Catalog is asked instead.
        patience: see above.
    """
    if not values:
        raise DefinitionError("partition_exists needs a partition column and its value")
    return PartitionExists(_text("dataset", dataset), tuple(values.items()), _text("table", table or " "), **patience)


def sql_returns_rows(sql: str, *, connection: str, **patience: Unpack[Patience]) -> RowsReturned:
    """Wait until a query finds a row, ``sql_returns_rows("SELECT 1 FROM loads WHERE day = '{start:%Y-%m-%d}'", …)``.

    Args:
        sql: in the database's own SQL; it is asked for one row.
        connection: one of ``[connections]``: PostgreSQL, MySQL, MariaDB or Redshift.
        patience: see above.
    """
    return RowsReturned(_text("sql", sql), _text("connection", connection), **patience)


def command_succeeds(argv: Sequence[str], **patience: Unpack[Patience]) -> CommandSucceeds:
    """Wait until a program ends with exit code 0; it runs without a shell and is ended after a poll interval."""
    if isinstance(argv, str) or not argv:
        raise DefinitionError(
            f"argv={argv!r} is no list of words", remedy='write ["bash", "-c", "test -f x"] where a shell is wanted'
        )
    return CommandSucceeds(tuple(argv), **patience)


def _text(name: str, value: str) -> str:
    if not isinstance(value, str) or not value:
        raise DefinitionError(f"{name}={value!r} is no text")
    return value.strip()
