"""What a failure of a database's driver means: by its SQLSTATE, or by its words where only these came from a task."""

from __future__ import annotations

import re
from typing import Any

from etl.errors import ConflictError, EtlError, PlatformError, PublishError, UnreachableError
from etl.model.connection import Connection
from etl.spark.causes import chain, kinds, text_of

# Classes of SQLSTATE: the connection broke, the server is going down or full; the credentials; a serialization failure.
PASSING = ("08", "53", "57P")
CREDENTIALS = ("28",)
CONFLICT = ("40",)
NO_RIGHT = "42501"
# MySQL says most by numbers of its own (MySQL Error Message Reference): rights, waits for locks, ends of connections.
OF_MYSQL = {
    **dict.fromkeys((1044, 1142, 1143, 1227, 1370), NO_RIGHT),
    **dict.fromkeys((1205, 1213), "40001"),
    **dict.fromkeys((1040, 1203), "53300"),
    **dict.fromkeys((1053, 1152, 1184, 1927, 2006, 2013), "08006"),
}
# What a task's exception is known by on the driver: a line of its trace, and the words of a server that went away.
_OF_TASK = re.compile(r"(?:org\.postgresql\.util\.PSQLException|java\.sql\.\w*Exception): (.*)")
_PASSING = re.compile(
    r"connection has been closed|I/O error occurred|Connection to .* refused|terminating connection|"
    r"the database system is|connection attempt failed|Cannot change transaction .* in the middle|invalid snapshot|"
    r"Connection (?:was killed|reset|is closed)|Socket (?:error|fail)|server has gone away|unexpected end of stream|"
    r"Server shutdown in progress|Connection timed out",
    re.IGNORECASE,
)
# A driver that was added to a running session is unknown to what hands exceptions of tasks over.
LOST = "UnknownReason"
SQL_EXCEPTION = "SQLException"
CONNECTION = re.compile(r"^\(conn=\d+\) ")  # how MariaDB's driver begins


def condition(error: BaseException, connection: Connection) -> EtlError:
    """Return what a failure of the driver means: by its SQLSTATE, or by its words where only these came from a task."""
    state, said = _said(error)
    what = f"{connection.url}: {said}"
    if state.startswith(PASSING) or _PASSING.search(said):
        return UnreachableError(connection.url, said)
    if state.startswith(CREDENTIALS):
        return PlatformError(what, remedy="correct user and password of the connection, or where they lie")
    if state == NO_RIGHT:
        return PlatformError(what, remedy="give the connection's user the right that is named: docs/connectors.md")
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
        if SQL_EXCEPTION in kinds(exception):
            state = OF_MYSQL.get(exception.getErrorCode()) or str(exception.getSQLState() or "")
            return state, CONNECTION.sub("", (str(exception.getMessage() or "").splitlines() or [""])[0])
    text = text_of(error)
    if LOST in text:
        return "08006", "a task failed, and Spark could not tell what the driver had said"
    found = _OF_TASK.search(text)
    return "", CONNECTION.sub("", found[1].strip()) if found else (str(error).splitlines() or [""])[0]
