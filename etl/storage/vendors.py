"""The databases that are known by their driver: what each is asked, in its own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, cast

from etl.model.connection import Connection
from etl.model.interval import Interval
from etl.model.schema import Schema
from etl.storage import mysql, postgresql
from etl.storage.database import Database
from etl.storage.jdbc_columns import Column

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class Readable(Column, Protocol):
    """A column, and how Spark gets its values without loss."""

    @property
    def selected(self) -> str:
        """It in a query, as a value that the driver hands over as it is."""

    @property
    def loaded(self) -> str:
        """Spark's type of that value; empty where the driver's own is right."""

    @property
    def turned(self) -> str:
        """SQL of Spark's that makes of it a value of ``spark``; empty where it is one."""


class Words(Protocol):
    """A database's words, a module for each; tables are named as ``table_name`` and ``beside`` do unless it is said."""

    OPTIONS: tuple[str, ...]
    """Of a dataset, that are known here."""
    LOG: str
    """Makes the log ``{log}``, where there is none."""
    KEEPS_DDL: bool
    """A table that is made or dropped ends no transaction."""

    def quoted(self, name: str) -> str:
        """Return a name in the database's quotes."""

    def table_name(self, table: str) -> str:
        """Return a dataset's table, ``schema.table``, as SQL names it."""

    def beside(self, table: str, name: str) -> str:
        """Return another table of the schema of a dataset's table, as SQL names it."""

    def has(self, database: Database, table: str) -> bool:
        """Say whether there is a table."""

    def columns(self, database: Database, table: str, options: Mapping[str, str] = ...) -> tuple[Readable, ...]:
        """Return the columns of a dataset's table; none where there is no such table."""

    def made(self, kind: str) -> str:
        """Return the type of a column that is made for a declared one.

        Raises:
            ProjectError: the database has none.
        """

    def created(self, table: str, schema: Schema) -> str:
        """Return the statement that makes a table of declared columns."""

    def staging(self, table: str, schema: Schema, there: Sequence[Any], keys: Sequence[str], deletes: str) -> str:
        """Return the statement that makes a run's own table.

        Args:
            table: its name.
            schema: the declared columns.
            there: the target's columns.
            keys: that the target's rows will be found by.
            deletes: a column more, for rows that delete; empty for none.
        """

    def given(self, frame: DataFrame) -> DataFrame:
        """Return rows as the driver hands them over without loss."""

    def lock(self, database: Database, target: str) -> None:
        """Let nobody else publish to a target until the connection's transaction, or the connection, ends.

        Raises:
            ConflictError: somebody else does so for too long.
        """

    def refuse_engine(self, database: Database, table: str) -> None:
        """Refuse a dataset's table that cannot be a target.

        Raises:
            AnalysisError: it knows no transactions.
        """

    def snapshot(self, database: Database) -> str | None:
        """Return statements that let another connection see what this one sees; None where there are none."""

    def text(self, sql: str) -> str:
        """Return SQL of a value as the database writes it."""

    def literal(self, value: str, column: Any) -> str:
        """Return a value that the database has written, as a literal of a column's type."""

    def earlier(self, value: str, distance: timedelta | int) -> str:
        """Return SQL of what lies a distance before a value."""

    def within(self, column: str, kind: str, interval: Interval) -> str:
        """Return the condition that is true for an interval's rows; ``kind`` is Spark's."""

    def digest(self, database: Database, table: str, there: Sequence[Any], where: str) -> tuple[int, str]:
        """Return how many rows of a dataset's table there are, and a sum of their digests, made by the database."""

    def ranges(
        self, database: Database, table: str, parts_wanted: int | None, rows_each: int, rows: int | None, where: str
    ) -> tuple[str, ...]:
        """Return conditions that part the rows of a dataset's table into like shares; none where one reader is enough.

        Args:
            database: a connection.
            table: the table.
            parts_wanted: how many; None: as many as there are rows for.
            rows_each: then so many rows are one reader's.
            rows: how many are read; None where nobody has counted them.
            where: the condition of these; empty for all.
        """


MODULES = {"postgresql": postgresql, "redshift": postgresql, "mysql": mysql, "mariadb": mysql}


def words_of(connection: Connection) -> Words:
    """Return the words of a connection's database; Redshift's are PostgreSQL's, as far as they are asked here."""
    return cast("Words", MODULES[connection.vendor])
