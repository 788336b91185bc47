"""What was published into tables of DynamoDB: a table of its own, an item for each mark of a target."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from etl.aws.answers import GONE, answered
from etl.aws.dynamodb import Table, client

COUNTER = "#version"  # no mark is called so
SECONDS = 120  # for a table to be made
CANCELLED = "TransactionCanceledException"


def entry(log: Table, target: str, mark: str) -> dict[str, str] | None:
    """Return what was last published under a mark; None where nothing was.

    Raises:
        EtlError: the service refuses.
    """
    said = {"TableName": log.name, "Key": _key(target, mark), "ConsistentRead": True}
    found = answered(client(log).get_item, log.uri, said, absent=GONE)
    item = (found or {}).get("Item")
    return {name: next(iter(value.values())) for name, value in item.items()} if item else None


def version(log: Table, target: str) -> int | None:
    """Return how many publishes a target has had, less one; None before the first.

    Raises:
        EtlError: the service refuses.
    """
    found = entry(log, target, COUNTER)
    return int(found["version"]) - 1 if found else None


def marks(log: Table, target: str) -> list[str]:
    """Return the marks of a target's publishes.

    Raises:
        EtlError: the service refuses.
    """
    said: dict[str, Any] = {
        "TableName": log.name,
        "KeyConditionExpression": "target = :t",
        "ExpressionAttributeValues": {":t": {"S": target}},
        "ProjectionExpression": "mark",
        "ConsistentRead": True,
    }
    asked, found = client(log), list[str]()
    while True:
        page = answered(asked.query, log.uri, said, absent=GONE) or {"Items": []}
        found += [item["mark"]["S"] for item in page["Items"] if item["mark"]["S"] != COUNTER]
        if not page.get("LastEvaluatedKey"):
            return found
        said["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def enter(log: Table, target: str, mark: str, applied: str, publish: str, after: str | None) -> bool:
    """Write a publish's entry and count it, if the log still says what it follows; say whether it did.

    Args:
        log: the table.
        target: what was published to.
        mark: under which name.
        applied: what it was made from.
        publish: what tells it from all others.
        after: what tells the one before it; None for the first.

    Raises:
        EtlError: the service refuses.
    """
    compare = "attribute_not_exists(target)" if after is None else "publish = :after"
    put = {
        "TableName": log.name,
        "Item": {**_key(target, mark), "applied": {"S": applied}, "publish": {"S": publish}},
        "ConditionExpression": compare,
        **({} if after is None else {"ExpressionAttributeValues": {":after": {"S": after}}}),
    }
    count = {
        "TableName": log.name,
        "Key": _key(target, COUNTER),
        "UpdateExpression": "ADD version :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    said = {"TransactItems": [{"Put": put}, {"Update": count}]}
    if answered(client(log).transact_write_items, log.uri, said, absent=CANCELLED) is not None:
        return True
    now = entry(log, target, mark)  # an answer may have been lost, and the repetition refused
    return now is not None and now["publish"] == publish


def make(log: Table, pause: Callable[[float], None] = time.sleep) -> None:
    """Make the log where there is none.

    Raises:
        EtlError: the service refuses.
    """
    asked, said = client(log), {"TableName": log.name}
    if answered(asked.describe_table, log.uri, said, absent=GONE) is None:
        keys = [("target", "HASH"), ("mark", "RANGE")]
        wanted = {
            **said,
            "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
            "BillingMode": "PAY_PER_REQUEST",
        }
        answered(asked.create_table, log.uri, wanted, absent="ResourceInUseException")
    for _ in range(SECONDS):
        if answered(asked.describe_table, log.uri, said)["Table"]["TableStatus"] in ("ACTIVE", "UPDATING"):
            return
        pause(1.0)


def _key(target: str, mark: str) -> dict[str, dict[str, str]]:
    return {"target": {"S": target}, "mark": {"S": mark}}
