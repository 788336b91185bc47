"""The drivers of databases: how each kind is talked to, so that no value is lost on the way."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from etl.model.connection import Connection


@frozen
class Driver:
    """How a kind of database is talked to.

    Args:
        name: the class.
        jars: what its jars are pinned as.
        scheme: which the address begins with, for Spark's dialect.
        query: of the address.
        properties: of every connection.
        written: of Spark's writer's, besides.
        read: of Spark's reader's.
    """

    name: str
    jars: str
    scheme: str
    query: str = ""
    properties: Mapping[str, str] = field(factory=dict, hash=False)
    written: Mapping[str, str] = field(factory=dict, hash=False)
    read: Mapping[str, str] = field(factory=dict, hash=False)


POSTGRESQL = Driver(
    name="org.postgresql.Driver",
    jars="postgresql",
    scheme="jdbc:postgresql:",
    written={"reWriteBatchedInserts": "true", "stringtype": "unspecified"},
    read={"preferTimestampNTZ": "true"},
)
# A lax session would cut texts off and store what is no date as zeros. The database compares texts as their collation
# does, which Spark does not: no condition of Spark's is handed to it.
MYSQL = Driver(
    name="org.mariadb.jdbc.Driver",
    jars="mysql",
    scheme="jdbc:mysql:",
    query="permitMysqlScheme=true",
    properties={
        "sessionVariables": "time_zone='+00:00',sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_ZERO_DATE,"
        "NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO'",
        "tinyInt1isBit": "false",
    },
    written={"rewriteBatchedStatements": "true"},
    read={"pushDownPredicate": "false"},
)
DRIVERS = {"postgresql": POSTGRESQL, "mysql": MYSQL, "mariadb": MYSQL}


def address(connection: Connection) -> str:
    """Return the address as Spark and the driver take it."""
    used = DRIVERS[connection.vendor]
    url = used.scheme + connection.url.split(":", 2)[2]
    return url + ("&" if "?" in url else "?") * bool(used.query) + used.query
