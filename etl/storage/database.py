"""A connection to a database, by the JVM's driver: the one that Spark's readers and writers use too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attrs import frozen

from etl.aws.secrets import resolve
from etl.errors import ConflictError, EtlError, PlatformError, PublishError, UnreachableError
from etl.model.connection import Connection, is_secret
from etl.spark.added import added_class
from etl.spark.causes import chain, text_of
from etl.spark.jvm import java_class

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DRIVERS = {"postgresql": "org.postgresql.Driver"}
REPEATABLE_READ = 4  # java.sql.Connection's number
# Classes of SQLSTATE: the connection broke, the server is going down or full; the credentials; a serialization failure.
PASSING = ("08", "53", "57P")
CREDENTIALS = ("28",)
CONFLICT = ("40",)
NO_TABLE = frozenset({"42P01", "3F000"})
NO_RIGHT = "42501"
# What a task's exception is known by on the driver: a line of its trace, and the words of a server that went away.
_OF_TASK = re.compile(r"(?:org\.postgresql\.util\.PSQLException|java\.sql\.\w*Exception): (.*)")
_PASSING = re.compile(
    r"connection has been closed|I/O error occurred|Connection to .* refused|terminating connection|"
    r"the database system is|connection attempt failed|Cannot change transaction .* in the middle|invalid snapshot",
    re.IGNORECASE,
)
# A driver that was added to a running session is unknown to what hands exceptions of tasks over.
LOST = "UnknownReason"
SQL_EXCEPTIONS = ("SQLException", "BatchUpdateException")


@frozen
class Database:
    """An open connection."""

    java: Any
    connection: Connection

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return what a query finds: texts and numbers as Python has them.

        Raises:
            EtlError: the database refuses, see ``condition``.
        """
        with self._prepared(sql, values) as statement:
            result = statement.executeQuery()
            width = result.getMetaData().getColumnCount()
            found = []
            while result.next():
                found.append(tuple(_python(result.getObject(number)) for number in range(1, width + 1)))
            return found

    def run(self, sql: str, *values: Any) -> int:
        """Carry out a statement, and return how many rows it changed.

        Raises:
            EtlError: the database refuses, see ``condition``.
        """
        with self._prepared(sql, values) as statement:
            return int(statement.executeUpdate())

    def commit(self) -> None:
        """End the transaction, and begin the next."""
        with told(self.connection):
            self.java.commit()

    def close(self) -> None:
        """Give the connection back; what was not committed is undone."""
        if not self.java.isClosed():
            if not self.java.getAutoCommit():
                with told(self.connection):
                    self.java.rollback()
            self.java.close()

    @contextmanager
    def _prepared(self, sql: str, values: Sequence[Any]) -> Iterator[Any]:
        with told(self.connection):
            statement = self.java.prepareStatement(sql)
            try:
                for number, value in enumerate(values, start=1):
                    statement.setObject(number, value)
                yield statement
            finally:
                statement.close()


def connect(session: SparkSession, connection: Connection) -> Database:
    """Open a connection; nothing is committed by itself.

    Raises:
        PlatformError: no driver, wrong credentials, no such database.
        UnreachableError: nobody answers.
    """
    properties = java_class(session, "java.util.Properties")()
    for key, value in credentials(connection).items():
        properties.setProperty(key, value)
    with told(connection):
        java = driver(session, connection).connect(connection.url, properties)
        java.setAutoCommit(False)
    return Database(java, connection)


@contextmanager
def connected(session: SparkSession, connection: Connection) -> Iterator[Database]:
    """Open a connection for a block; what it does not commit is undone."""
    database = connect(session, connection)
    try:
        yield database
    finally:
        database.close()


def credentials(connection: Connection) -> dict[str, str]:
    """Return the driver's properties, secrets in them: for the driver alone."""
    said = dict(connection.properties)
    for key, value in (("user", connection.user), ("password", connection.password)):
        if value:
            said[key] = resolve(value) if is_secret(value) else value
    return said


def driver(session: SparkSession, connection: Connection) -> Any:
    """Return the driver; on one machine its jar is fetched once, and added to the session.

    Raises:
        PlatformError: the session is on a cluster and was submitted without the jar, or the jar cannot be fetched.
    """
    return added_class(session, DRIVERS[connection.vendor], connection.vendor, connection.url).newInstance()


def condition(error: BaseException, connection: Connection) -> EtlError:
    """Return what a failure of the driver means: by its SQLSTATE, or by its words where only these came from a task."""
    state, said = _said(error)
    what = f"{connection.url}: {said}"
    if state.startswith(PASSING) or _PASSING.search(said):
        return UnreachableError(connection.url, said)
    if state.startswith(CREDENTIALS):
        return PlatformError(what, remedy="correct user and password of the connection, or where they lie")
    if state == NO_RIGHT:
        return PlatformError(what, remedy="give the connection's user the right that is named; docs/jdbc.md lists all")
    if state.startswith(CONFLICT):
        return ConflictError(what, remedy="run it again: the target is unchanged")
    return PublishError(f"{what} (SQLSTATE {state or 'unknown'})", remedy="the target is unchanged")


def is_of_driver(error: BaseException) -> bool:
    """Say whether the driver raised an error, here or in a task."""
    text = text_of(error)
    return bool(_said(error)[0]) or LOST in text or _OF_TASK.search(text) is not None


def _said(error: BaseException) -> tuple[str, str]:
    """Return SQLSTATE and message of the driver's exception; the state is empty where only its words are left."""
    for java in chain(error):
        exception: Any = java
        if exception.getClass().getSimpleName().endswith(SQL_EXCEPTIONS):
            return str(exception.getSQLState() or ""), str(exception.getMessage() or "").splitlines()[0]
    text = text_of(error)
    if LOST in text:
        return "08006", "a task failed, and Spark could not tell what the driver had said"
    found = _OF_TASK.search(text)
    return "", found[1].strip() if found else (str(error).splitlines() or [""])[0]


@contextmanager
def told(connection: Connection) -> Iterator[None]:
    """Turn what the driver raises into what it means, see ``condition``."""
    from py4j.protocol import Py4JJavaError

    try:
        yield
    except Py4JJavaError as error:
        raise condition(error, connection) from error


def _python(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
