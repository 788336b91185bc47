"""A warehouse of Redshift by its Data API: statements that need no driver, and no way to it through a network.

Amazon Redshift Data API Reference, ``ExecuteStatement``, ``BatchExecuteStatement``, ``DescribeStatement``: what is sent
together is one transaction; a statement goes on when nobody asks for it any more, so one that is given up is cancelled.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from attrs import frozen

from etl.aws.answers import Service, answered
from etl.errors import ConflictError, EtlError, PlatformError, PublishError
from etl.model.connection import Connection

MOST = 40  # statements of one transaction
FIRST, LONGEST = 0.1, 5.0  # seconds between looks at a statement
ENDED = frozenset({"FINISHED", "FAILED", "ABORTED"})
ABSENT = re.compile(r"(?:relation|schema|table) .* (?:does not exist|not found)", re.IGNORECASE)
GUARD = re.compile(r"divi(?:de|sion) by zero", re.IGNORECASE)
_CONFLICT = re.compile(
    r"serializable isolation violation|conflict with concurrent transaction|deadlock|could not serialize", re.IGNORECASE
)
_RIGHTS = re.compile(r"permission denied|not authorized|must be owner|access denied", re.IGNORECASE)
Pause = Callable[[float], None]


@frozen(eq=False)
class Warehouse:
    """A database of a cluster or of a Serverless workgroup.

    Args:
        client: of ``redshift-data``.
        uri: it, for messages.
        said: what each request says: the database, where it is, who asks.
        staging: the folder of S3 that rows pass through, without a slash at its end.
        role: of IAM, by which Redshift reads and writes there; ``default`` for the one that it has.
    """

    client: Any
    uri: str
    said: Mapping[str, str]
    staging: str
    role: str


def opened(connection: Connection) -> Warehouse:
    """Return a connection's warehouse; nobody has been asked yet.

    Raises:
        PlatformError: boto3 is not installed, or there is no such profile.
    """
    properties = connection.properties
    said = {"Database": connection.database}
    for key, word in (("workgroup", "WorkgroupName"), ("cluster", "ClusterIdentifier")):
        if key in properties:
            said[word] = properties[key]
    if connection.user:
        said["DbUser"] = connection.user
    if connection.password:
        said["SecretArn"] = connection.password.removeprefix("secretsmanager://")
    return Warehouse(
        client=Service.of(connection).client("redshift-data"),
        uri=connection.url,
        said=said,
        staging=properties["staging"].rstrip("/"),
        role=properties.get("iam_role", "default"),
    )


def run(warehouse: Warehouse, sqls: Sequence[str], *, token: str = "", pause: Pause = time.sleep) -> list[int]:
    """Carry out statements in one transaction, and return how many rows each changed; -1 where that is not told.

    Args:
        warehouse: where.
        sqls: the statements, at most 40.
        token: of at most 64 letters; what was sent under one token is not carried out again.
        pause: waits between looks.

    Raises:
        ConflictError: another transaction was first.
        PlatformError: the service, or a right there, is missing.
        PublishError: a statement is refused; nothing of it is left.
    """
    if len(sqls) > MOST:
        raise PublishError(f"{warehouse.uri}: {len(sqls)} statements in one transaction; Redshift takes {MOST}")
    more = {"ClientToken": token} if token else {}
    ended = _ended(warehouse, "batch_execute_statement", {"Sqls": list(sqls), **more}, pause)
    return [int(each.get("ResultRows", -1)) for each in ended.get("SubStatements", ())]


def rows(warehouse: Warehouse, sql: str, *, pause: Pause = time.sleep) -> list[tuple[Any, ...]]:
    """Return what a query finds, all pages of it.

    Raises:
        EtlError: see ``run``.
    """
    ended = _ended(warehouse, "execute_statement", {"Sql": sql}, pause)
    said, found = {"Id": ended["Id"]}, []
    while True:
        page = answered(warehouse.client.get_statement_result, warehouse.uri, said)
        found += [tuple(_value(field) for field in record) for record in page["Records"]]
        if not page.get("NextToken"):
            return found
        said["NextToken"] = page["NextToken"]


def condition(uri: str, said: str) -> EtlError:
    """Return what a failed statement means, by the words of the database."""
    what = f"{uri}: {' '.join(said.split())}"
    if _CONFLICT.search(said):
        return ConflictError(what, remedy="run it again: the target is unchanged")
    if _RIGHTS.search(said):
        return PlatformError(what, remedy="docs/redshift.md lists the rights of the user and of its role")
    return PublishError(what, remedy="the target is unchanged; of a COPY sys_load_error_detail tells more")


def _ended(warehouse: Warehouse, operation: str, said: dict[str, Any], pause: Pause) -> Any:
    """Send statements, and return what the service says of them once they have ended well."""
    ask = getattr(warehouse.client, operation)
    sent = answered(ask, warehouse.uri, {**warehouse.said, **said}, pause=pause)
    wait = FIRST
    try:
        while True:
            told = answered(warehouse.client.describe_statement, warehouse.uri, {"Id": sent["Id"]}, pause=pause)
            if told["Status"] in ENDED:
                break
            pause(wait)
            wait = min(LONGEST, 1.5 * wait)
    except BaseException:
        with suppress(Exception):  # it may have ended meanwhile: what stopped us is what is told
            warehouse.client.cancel_statement(Id=sent["Id"])
        raise
    if told["Status"] != "FINISHED":
        raise condition(warehouse.uri, str(told.get("Error") or f"the statement was {told['Status'].lower()}"))
    return told


def _value(field: Mapping[str, Any]) -> Any:
    """Return a value of a result: a text, a number, a truth, bytes, or None."""
    return None if field.get("isNull") else next(iter(field.values()))
