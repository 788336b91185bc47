"""The numbers that a Delta table's log keeps for application ids: one for each interval, and never taken away.

What a process has learnt of a table it keeps, and adds what later commits say: so a look costs the same whether a table
remembers ten intervals or thirty thousand. Only the first look reads them all: without a Spark job from the version's
checksum file, as long as that lists them (``etl.spark.settings`` says how many it may), else by Delta's state
reconstruction, two or three jobs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from etl.spark.jvm import hadoop_path, java_class
from etl.storage.delta_bridge import Bridge

MOST_TABLES = 256  # kept in memory; a name takes about 300 bytes
MOST_STEPS = 100  # commits that are followed one by one; over more of them all is read anew
PRINTED = re.compile(r"^SetTransaction\((.*),(\d+),(?:Some\((\d+)\)|None)\)$", re.MULTILINE)
LINE = r'(?m)^\{"txn":.*$'  # in a text value the quotes would be escaped


@frozen
class Transaction:
    """A ``SetTransaction`` of the log: its number, and when it was written (milliseconds; 0 if Delta does not say)."""

    number: int
    written: int


@frozen
class Known:
    """What a table's log says up to a version."""

    version: int
    transactions: Mapping[str, Transaction]


_KNOWN: dict[tuple[str, str], Known] = {}  # by place and id of the table


def transaction(bridge: Bridge, snapshot: Any, uri: str, name: str) -> Transaction | None:
    """Return the transaction of this application id, None where there is none."""
    return transactions(bridge, snapshot, uri).get(name)


def transactions(bridge: Bridge, snapshot: Any, uri: str) -> Mapping[str, Transaction]:
    """Return all transactions of a snapshot of the table at ``uri``, by application id."""
    version = snapshot.version()
    if version < 0:
        return {}
    key = (uri, str(snapshot.metadata().id()))
    known = _KNOWN.get(key)
    if known is not None and known.version == version:
        return known.transactions
    found = _followed(bridge, uri, known, version) if known else None
    if found is None:
        found = Known(version, _read(bridge, snapshot))
    if known is None or known.version < version:
        if len(_KNOWN) >= MOST_TABLES:
            _KNOWN.clear()
        _KNOWN[key] = found
    return found.transactions


def remember(snapshot: Any, uri: str, version: int, name: str, said: Transaction) -> None:
    """Keep what this process has committed to the table of ``snapshot``, so that nobody reads the commit for it."""
    key = (uri, str(snapshot.metadata().id()))
    known = _KNOWN.get(key)
    if known is not None and known.version == version - 1:
        _KNOWN[key] = Known(version, {**known.transactions, name: said})


def _followed(bridge: Bridge, uri: str, known: Known, version: int) -> Known | None:
    """Return what is known with what the commits since then say; None where they are gone, too many, or newer."""
    if not known.version < version <= known.version + MOST_STEPS:
        return None
    found = dict(known.transactions)
    for number in range(known.version + 1, version + 1):
        said = _committed(bridge, uri, number)
        if said is None:
            return None
        found |= said
    return Known(version, found)


def _committed(bridge: Bridge, uri: str, version: int) -> dict[str, Transaction] | None:
    """Return the transactions of one commit, None where its log file is gone; its other lines stay in the JVM."""
    files, path = hadoop_path(bridge.session, f"{uri}/_delta_log/{version:020d}.json")
    if not files.exists(path):
        return None
    stream, found = files.open(path), {}
    try:
        scanner = java_class(bridge.session, "java.util.Scanner")(stream, "UTF-8")
        while line := scanner.findWithinHorizon(LINE, 0):
            said = json.loads(line)["txn"]
            found[said["appId"]] = Transaction(int(said["version"]), int(said.get("lastUpdated") or 0))
    finally:
        stream.close()
    return found


def _read(bridge: Bridge, snapshot: Any) -> dict[str, Transaction]:
    checksum = snapshot.checksumOpt()
    known = checksum.get().setTransactions() if checksum.isDefined() else bridge.option()
    # Read in one call, not in two for each.
    listed = known.get() if known.isDefined() else snapshot.setTransactions()
    return {said[1]: Transaction(int(said[2]), int(said[3] or 0)) for said in PRINTED.finditer(listed.mkString("\n"))}
