"""A connection to a database, by the JVM's driver: the one that Spark's readers and writers use too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attrs import frozen

from etl.aws.secrets import resolve
from etl.errors import EtlError, PlatformError, PublishError
from etl.model.connection import Connection, is_secret
from etl.spark.added import added_class
from etl.spark.causes import summary
from etl.spark.jvm import java_class
from etl.storage.drivers import DRIVERS, address
from etl.storage.sqlstate import condition

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

REPEATABLE_READ = 4  # java.sql.Connection's number


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
    for key, value in {**DRIVERS[connection.vendor].properties, **credentials(connection)}.items():
        properties.setProperty(key, value)
    try:
        with told(connection):
            java = driver(session, connection).connect(address(connection), properties)
    except PublishError as error:
        raise _misread(connection, error.message) from error
    except EtlError:
        raise
    except Exception as error:  # a driver that trips over the address
        raise _misread(connection, summary(error)) from error
    if java is None:
        raise _misread(connection, "the driver takes none such")
    with told(connection):
        java.setAutoCommit(False)
    return Database(java, connection)


def _misread(connection: Connection, said: str) -> PlatformError:
    scheme = DRIVERS[connection.vendor].scheme
    return PlatformError(f"{connection.url} leads to no database: {said}", remedy=f"write {scheme}//host:port/name")


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
    used = DRIVERS[connection.vendor]
    return added_class(session, used.name, used.jars, connection.url).newInstance()


def spark_options(connection: Connection, *, writes: bool = False) -> dict[str, str]:
    """Return what Spark's reader or writer is told, secrets in it: for the driver alone."""
    used = DRIVERS[connection.vendor]
    return {
        **used.properties,
        **(used.written if writes else used.read),
        **credentials(connection),
        "driver": used.name,
    }


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
