"""Statements that a database is asked to carry out as they are, by its driver."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from etl.errors import PublishError
from etl.model.connection import Connection
from etl.storage.database import Database, connected, told

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

POLL = 0.2  # seconds between looks at whether it is to end
Look = Callable[[int], None]
"""Raises where the statement with this number, from 1, is to end."""


class RefusedError(PublishError):
    """A statement that the database refuses, by its number from 1."""

    def __init__(self, number: int, said: str) -> None:
        self.number = number
        super().__init__(said)


def carry_out(
    session: SparkSession, connection: Connection, texts: Sequence[str], look: Look, *, transaction: bool
) -> list[int]:
    """Have statements carried out one after the other, and return how many rows each changed; -1 for a query.

    Args:
        session: the step's.
        connection: the database.
        texts: the statements.
        look: raises where they are to end; the one that is at work is cancelled.
        transaction: in one transaction; else each takes effect by itself.

    Raises:
        RefusedError: the database refuses one of them; in a transaction nothing of them is left.
        EtlError: it cannot be reached, or another transaction was in the way.
    """
    with connected(session, connection) as database, ThreadPoolExecutor(1) as pool:
        if not transaction:
            with told(connection):
                database.java.setAutoCommit(True)
        counts = [_one(database, pool, text, number, look) for number, text in enumerate(texts, 1)]
        if transaction:
            database.commit()
    return counts


def _one(database: Database, pool: ThreadPoolExecutor, text: str, number: int, look: Look) -> int:
    look(number)
    with told(database.connection):
        statement = database.java.createStatement()
    running = pool.submit(_executed, database, statement, text)
    try:
        while True:
            with suppress(NotYet):
                return running.result(POLL)
            look(number)
    except PublishError as error:
        raise RefusedError(number, error.message) from error
    except BaseException:
        with suppress(Exception):  # it may have ended meanwhile: what stopped us is what is told
            statement.cancel()
        raise


def _executed(database: Database, statement: Any, text: str) -> int:
    with told(database.connection):
        statement.setEscapeProcessing(False)  # braces are the author's, none of JDBC's
        statement.execute(text)
        count = int(statement.getUpdateCount())
        statement.close()
    return count
