"""Items of a DynamoDB table, written one by one: each by its key, as fast as the table or its writer's share allows.

Amazon DynamoDB API Reference, ``UpdateItem`` and ``DeleteItem``: each is atomic and repeats itself without harm; a
condition is judged with the write. Nothing here needs Spark: executors write their shares by it.
"""

from __future__ import annotations

import base64
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any

from attrs import frozen

from etl.aws.answers import answered
from etl.aws.dynamodb import Table, client
from etl.errors import EtlError, PublishError

AT_ONCE = 8  # requests of one writer
REFUSED = "ValidationException"
HELD = "ConditionalCheckFailedException"
Item = dict[str, dict[str, Any]]


@frozen
class Writing:
    """How items are written.

    Args:
        keys: the table's key, its partition key first.
        sequence: an item that holds a greater value of this attribute is newer, and stays; empty: none is newer.
        insert_only: an item that is there stays.
        units: write capacity units a second that this writer may take; None for as many as there are.
    """

    keys: tuple[str, ...]
    sequence: str = ""
    insert_only: bool = False
    units: float | None = None


def write(
    table: Table,
    writing: Writing,
    lines: Iterable[tuple[str, bool]],
    *,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Counter[str]:
    """Write items and return how many were ``inserted``, ``updated``, ``deleted``, and ``kept`` as they were.

    Args:
        table: where to.
        writing: how.
        lines: an item as JSON, each value wrapped in its type; and whether it is to be deleted.
        pause: waits.
        clock: seconds that only grow.

    Raises:
        EtlError: the service refuses an item, or is busy for too long. What was written stays.
    """
    asked, counts, began = client(table), Counter[str](), clock()
    used = 0.0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for what, units in _done(pool, (partial(_one, asked, table, writing, *each) for each in lines)):
            counts[what] += 1
            used += units
            if writing.units:
                pause(max(0.0, used / writing.units - (clock() - began)))
    return counts


def _done(pool: ThreadPoolExecutor, tasks: Iterator[Callable[[], tuple[str, float]]]) -> Iterator[tuple[str, float]]:
    """Yield what tasks return, a few of them at once, so that no more are begun than are being waited for."""
    running: set[Future[tuple[str, float]]] = set()
    for task in tasks:
        running.add(pool.submit(task))
        while len(running) >= AT_ONCE:
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (each.result() for each in ended)
    yield from (each.result() for each in running)


def _one(asked: Any, table: Table, writing: Writing, line: str, deletes: bool) -> tuple[str, float]:
    item: Item = {name: _given(value) for name, value in json.loads(line).items()}
    said = {
        "TableName": table.name,
        "Key": {name: item[name] for name in writing.keys},
        "ReturnValues": "ALL_OLD",
        "ReturnConsumedCapacity": "TOTAL",
        **_expressions(writing, item, deletes=deletes),
    }
    try:
        answer = answered(asked.delete_item if deletes else asked.update_item, table.uri, said, absent=HELD)
    except EtlError as error:
        if REFUSED not in error.message:
            raise
        raise PublishError(
            error.message, remedy=f"the item with the key {said['Key']} is none that the table takes"
        ) from error
    if answer is None:
        return "kept", 1.0
    before, units = answer.get("Attributes"), float(answer.get("ConsumedCapacity", {}).get("CapacityUnits", 1.0))
    if deletes:
        return "deleted" if before else "kept", units
    if not before:
        return "inserted", units
    changed = any(before.get(name) != (None if "NULL" in value else value) for name, value in item.items())
    return "updated" if changed else "kept", units


def _expressions(writing: Writing, item: Item, *, deletes: bool) -> dict[str, Any]:
    """Return what an update sets and takes away, and the condition of it; names and values are said beside."""
    own = [] if deletes else [name for name in item if name not in writing.keys]
    compared = [] if writing.insert_only else list(filter(None, [writing.sequence]))
    asked = [*own, *compared, *([writing.keys[0]] if writing.insert_only else [])]
    number = {name: place for place, name in enumerate(dict.fromkeys(asked))}
    held = {name for name in (*own, *compared) if "NULL" not in item[name]}
    sets = ", ".join(f"#a{number[name]} = :a{number[name]}" for name in own if name in held)
    gone = ", ".join(f"#a{number[name]}" for name in own if name not in held)
    condition = f"attribute_not_exists(#a{number[asked[-1]]})" if writing.insert_only or compared else ""
    if compared and writing.sequence in held:
        condition += " OR #a{0} <= :a{0}".format(number[writing.sequence])
    said = {
        "UpdateExpression": " ".join(filter(None, [sets and f"SET {sets}", gone and f"REMOVE {gone}"])),
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {f"#a{place}": name for name, place in number.items()},
        "ExpressionAttributeValues": {f":a{number[name]}": item[name] for name in held},
    }
    return {key: each for key, each in said.items() if each}


def _given(value: Any) -> Any:
    """Return a wrapped value with bytes as the SDK wants them."""
    if not isinstance(value, dict):
        return value
    (wrapper, inner), *_ = value.items()
    if wrapper == "B":
        return {"B": base64.b64decode(inner)}
    if wrapper == "L":
        return {"L": [_given(each) for each in inner]}
    return {"M": {name: _given(each) for name, each in inner.items()}} if wrapper == "M" else value
