"""Asking whether a precondition is met: one question, an answer that says why not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from functools import singledispatch
from typing import Any

from attrs import frozen

from etl.errors import DefinitionError, EtlError
from etl.model.precondition import (
    CommandSucceeds,
    KeyExists,
    PartitionExists,
    Precondition,
    PrefixNotEmpty,
    RowsReturned,
    SuccessMarker,
    TableExists,
    TableHasData,
)
from etl.schedule.places import Context, beginning_with, read
from etl.schedule.queries import finds_a_row

SHOWN = 300
LOGS = 200  # versions of a Delta log, the newest first, that are looked through for a partition


@frozen
class Answer:
    """Whether a precondition is met, and what was found."""

    met: bool
    said: str


def met(precondition: Precondition, context: Context) -> Answer:
    """Ask whether a precondition is met now.

    What the network or a service does wrong is no answer but ``False`` with the reason: the next poll asks again. A
    right that is missing is said the same way; the precondition's time-out ends it.
    """
    try:
        return _ask(precondition, context)
    except EtlError as error:
        return Answer(met=False, said=error.message)
    except OSError as error:
        return Answer(met=False, said=f"{type(error).__name__}: {error}")


@singledispatch
def _ask(precondition: Precondition, _: Context) -> Answer:
    raise DefinitionError(f"{precondition!r} is no precondition", remedy="etl.wait has the builders")


@_ask.register
def _(asked: KeyExists, context: Context) -> Answer:
    uri = context.render(asked.uri)
    found = any(key == uri for key in beginning_with(uri, context, exact=True))
    return Answer(found, f"{uri} is there" if found else f"{uri} is not there")


@_ask.register
def _(asked: PrefixNotEmpty, context: Context) -> Answer:
    uri = context.render(asked.uri)
    found = next(beginning_with(uri, context), None)
    return Answer(found is not None, f"{found} is there" if found else f"nothing lies under {uri}")


@_ask.register
def _(asked: SuccessMarker, context: Context) -> Answer:
    where = context.render(asked.where)
    folder = where if "/" in where else context.folder(where)
    return _ask(KeyExists(f"{folder.rstrip('/')}/_SUCCESS"), context)


@_ask.register
def _(asked: TableExists, context: Context) -> Answer:
    table = context.render(asked.table)
    status = _called(context, "dynamodb", asked.region, "describe_table", TableName=table)
    if status is None:
        return Answer(met=False, said=f"DynamoDB has no table {table}")
    state = str(status["Table"]["TableStatus"])
    return Answer(state in {"ACTIVE", "UPDATING"}, f"table {table} is {state}")


@_ask.register
def _(asked: TableHasData, context: Context) -> Answer:
    table = context.render(asked.table)
    # A scan's page may be empty though items follow; it says so by a key to go on from.
    page = _called(context, "dynamodb", asked.region, "scan", TableName=table, Limit=1, Select="COUNT")
    if page is None:
        return Answer(met=False, said=f"DynamoDB has no table {table}")
    found = bool(page.get("Count")) or "LastEvaluatedKey" in page
    return Answer(found, f"table {table} has data" if found else f"table {table} is empty")


@_ask.register
def _(asked: PartitionExists, context: Context) -> Answer:
    values = {name: context.render(value) for name, value in asked.values}
    path = "/".join(f"{name}={value}" for name, value in values.items())
    if asked.table:
        return _in_catalog(asked.table, values, path, context)
    folder = context.folder(asked.dataset).rstrip("/")
    log = sorted((key for key in beginning_with(f"{folder}/_delta_log/", context) if _is_version(key)), reverse=True)
    if log:
        return _in_log(log, values, path, context)
    found = next(beginning_with(f"{folder}/{path}/", context), None)
    return Answer(found is not None, f"{found} is there" if found else f"{folder} has no files in {path}")


@_ask.register
def _(asked: RowsReturned, context: Context) -> Answer:
    found = finds_a_row(context.connection(asked.connection), context.render(asked.sql), context.secret)
    return Answer(found, f"{asked.connection} returned {'a row' if found else 'no row'}")


@_ask.register
def _(asked: CommandSucceeds, context: Context) -> Answer:
    argv = [context.render(word) for word in asked.argv]
    program = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = program.communicate(timeout=asked.poll.total_seconds())
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.communicate()
        return Answer(met=False, said=f"{argv[0]} had not ended after {asked.poll}, and was ended")
    last = (output.strip().splitlines() or [""])[-1][:SHOWN]
    code = program.returncode
    return Answer(code == 0, ": ".join(filter(None, (f"{argv[0]} ended with {code}", last))))


def _in_catalog(table: str, values: Mapping[str, str], path: str, context: Context) -> Answer:
    database, _, name = table.partition(".")
    names = {"DatabaseName": database, "TableName": name, "PartitionValues": list(values.values())}
    found = _called(context, "glue", "", "get_partition", **names)
    return Answer(
        found is not None, f"the catalog has {table} {path}" if found else f"no {path} in the catalog's {table}"
    )


def _in_log(log: list[str], values: Mapping[str, str], path: str, context: Context) -> Answer:
    """Look for a live file of the partition, from the newest version back: what is removed later is not alive."""
    removed: set[str] = set()
    for key in log[:LOGS]:
        entries = [json.loads(line) for line in read(key, context).splitlines() if line.strip()]
        removed |= {entry["remove"]["path"] for entry in entries if "remove" in entry}
        for entry in entries:
            file = entry.get("add") or {}
            kept = file.get("partitionValues", {})
            if all(kept.get(name) == value for name, value in values.items()) and file and file["path"] not in removed:
                return Answer(met=True, said=f"{path} is in version {_version(key)} of the log")
    oldest = _version(log[:LOGS][-1])
    past = f" since version {oldest}" if oldest else ""
    return Answer(met=False, said=f"the log has no {path}{past}")


def _version(key: str) -> int:
    return int(key.rsplit("/", 1)[-1].partition(".")[0])


def _is_version(key: str) -> bool:
    name = key.rsplit("/", 1)[-1]
    return name.endswith(".json") and name[:-5].isdigit()


def _called(context: Context, service: str, region: str, operation: str, **asked: Any) -> Any | None:
    """Return what a service answers; None where it has no such thing."""
    from botocore.exceptions import BotoCoreError, ClientError

    from etl.aws.failures import condition

    try:
        return getattr(context.service(service, region), operation)(**asked)
    except (BotoCoreError, ClientError) as error:
        code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
        if code in {"ResourceNotFoundException", "EntityNotFoundException"}:
            return None
        raise condition(error, f"{service} {operation}") from error
