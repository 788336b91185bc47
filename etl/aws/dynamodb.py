"""Items of a DynamoDB table by a parallel scan, each as the service writes it, in JSON.

Amazon DynamoDB API Reference, ``Scan``: what is written meanwhile may be seen or not, each item as it was at some
moment of the scan. Nothing here needs Spark: executors scan their segments by it.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from attrs import frozen

from etl.aws.answers import GONE, Service, answered


@frozen
class Table:
    """A table, and how it is reached."""

    name: str
    service: Service

    @property
    def uri(self) -> str:
        """It, for messages."""
        return f"dynamodb://{self.service.region}#{self.name}"


@frozen
class Segment:
    """A share of a table's items.

    Args:
        number: from 0.
        of: how many there are.
        units: read capacity units a second that this one may take; None for as many as there are.
        consistent: an item is seen with all that was written before it was read, at twice the units.
    """

    number: int
    of: int
    units: float | None = None
    consistent: bool = False


def client(table: Table) -> Any:
    """Return a client of DynamoDB.

    Raises:
        PlatformError: boto3 is not installed, or there is no such profile.
    """
    return table.service.client("dynamodb")


def size(asked: Any, table: Table) -> int | None:
    """Return a table's bytes, as the service last counted them; None where there is no such table.

    Raises:
        EtlError: the service refuses.
    """
    found = described(asked, table)
    return None if found is None else int(found.get("TableSizeBytes", 0))


def described(asked: Any, table: Table) -> dict[str, Any] | None:
    """Return what the service says of a table; None where there is no such table.

    Raises:
        EtlError: the service refuses.
    """
    found = answered(asked.describe_table, table.uri, {"TableName": table.name}, absent=GONE)
    return None if found is None else dict(found["Table"])


def items(asked: Any, table: Table, segment: Segment, pause: Callable[[float], None] = time.sleep) -> Iterator[str]:
    """Yield the items of a segment, an object of JSON each, keys in order; as slowly as its units ask for.

    Raises:
        EtlError: the service refuses, or is busy for too long.
    """
    said: dict[str, Any] = {
        "TableName": table.name,
        "Segment": segment.number,
        "TotalSegments": segment.of,
        "ConsistentRead": segment.consistent,
        "ReturnConsumedCapacity": "TOTAL",
    }
    while True:
        began = time.monotonic()
        page = answered(asked.scan, table.uri, said, pause=pause)
        for item in page["Items"]:
            yield json.dumps(item, default=_text, ensure_ascii=False, sort_keys=True)
        if not page.get("LastEvaluatedKey"):
            return
        said["ExclusiveStartKey"] = page["LastEvaluatedKey"]
        if segment.units:
            used = float(page.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0))
            pause(max(0.0, used / segment.units - (time.monotonic() - began)))


def _text(value: Any) -> str:
    """Return bytes as the service's own JSON has them."""
    return base64.b64encode(bytes(value)).decode()
