"""Asking a database whether a query finds a row, without a JVM: a scheduler asks every minute, and has none."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from etl.errors import EtlError, PlatformError, UnreachableError
from etl.model.connection import REDSHIFT, Connection, is_secret

PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306}
SECONDS = 30  # for the database to be reached and to answer
# The drivers' words for how a server is known: pgjdbc's, and MariaDB's.
UNENCRYPTED = frozenset({"", "disable", "allow", "prefer"})
UNKNOWN = frozenset({"require", "trust"})


def finds_a_row(connection: Connection, sql: str, secret: Callable[[str], str]) -> bool:
    """Say whether a query finds a row; the database sends no more than one.

    Args:
        connection: PostgreSQL, MySQL, MariaDB or Redshift.
        sql: the query.
        secret: where a secret lies to what it is.

    Raises:
        PlatformError: the driver is not installed; the database refuses the query or the user.
        UnreachableError: it does not answer.
    """
    asked = f"SELECT 1 FROM ({sql.strip().rstrip(';')}) AS found LIMIT 1"  # noqa: S608 the author's query
    if connection.vendor == REDSHIFT:
        from etl.aws.redshift import opened, rows

        return bool(rows(opened(connection), asked))
    if connection.vendor not in PORTS:
        raise PlatformError(f"{connection.url} takes no queries of SQL")
    opened_by = _postgresql if connection.vendor == "postgresql" else _mysql
    said = {"user": connection.user, "password": connection.password}
    try:
        database = opened_by(connection, {key: secret(text) if is_secret(text) else text for key, text in said.items()})
        try:
            cursor = database.cursor()
            cursor.execute(asked)
            return cursor.fetchone() is not None
        finally:
            database.close()
    except ImportError as error:
        raise PlatformError(f"{error.name} is not installed", remedy="pip install 'headrace[sql]'") from None
    except (EtlError, OSError):
        raise
    except Exception as error:  # each driver has errors of its own
        raise _told(connection, error) from error


def _postgresql(connection: Connection, said: Mapping[str, str]) -> Any:
    from pg8000 import dbapi

    place, known = urlsplit(connection.url.removeprefix("jdbc:")), connection.properties
    return dbapi.connect(
        **said,
        host=place.hostname or "localhost",
        port=place.port or PORTS["postgresql"],
        database=place.path.lstrip("/") or said["user"],
        timeout=SECONDS,
        ssl_context=_ssl(known.get("sslmode", ""), known.get("sslrootcert")),
    )


def _mysql(connection: Connection, said: Mapping[str, str]) -> Any:
    import pymysql

    place, known = urlsplit(connection.url.removeprefix("jdbc:")), connection.properties
    return pymysql.connect(
        **said,
        host=place.hostname or "localhost",
        port=place.port or PORTS["mysql"],
        database=place.path.lstrip("/") or None,
        connect_timeout=SECONDS,
        read_timeout=SECONDS,
        ssl=_ssl(known.get("sslMode", ""), known.get("serverSslCert")),
        init_command="SET time_zone = '+00:00'",
    )


def _ssl(mode: str, authority: str | None) -> ssl.SSLContext | None:
    if mode.lower() in UNENCRYPTED:
        return None
    context = ssl.create_default_context(cafile=authority)
    if mode.lower() in UNKNOWN:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _told(connection: Connection, error: Exception) -> EtlError:
    """Return what a driver's error means: PostgreSQL's is a dictionary of letters, MySQL's a number and a text."""
    first = error.args[0] if error.args else ""
    said = str(first.get("M", first) if isinstance(first, dict) else error.args[-1] if error.args else error)
    if type(error).__name__ in ("InterfaceError", "OperationalError"):
        return UnreachableError(connection.url, said)
    return PlatformError(f"{connection.url}: {said}", remedy="mend the query, or the user's rights")
