"""What a table of a database says of its publishes: rows of ``headrace_publishes`` in its schema."""

from __future__ import annotations

import json

from etl.storage.database import Database
from etl.storage.staging import Applied, TargetState
from etl.storage.tables import Target
from etl.storage.vendors import words_of


def looked(database: Database, target: Target, mark: str) -> TargetState:
    """Return the target's version and what was last published under a mark."""
    if not words_of(target.connection).has(database, target.log):
        return TargetState(None)
    ((version,),) = database.rows(f"SELECT max(version) FROM {target.log} WHERE target = ?", target.table)
    last = database.rows(
        f"SELECT applied FROM {target.log} WHERE target = ? AND mark = ? ORDER BY version DESC LIMIT 1",
        *(target.table, mark),
    )
    return TargetState(version, Applied(**json.loads(str(last[0][0]))) if last else None)


def make_log(database: Database, target: Target) -> None:
    """Make the log of a schema where there is none: one of several who do so at once, a database itself lets fail."""
    words = words_of(target.connection)
    if not words.has(database, target.log):
        words.lock(database, target.log)
        database.run(words.LOG.format(log=target.log))


def marks(database: Database, target: Target) -> list[str]:
    """Return the marks of all publishes."""
    if looked(database, target, "").version is None:
        return []
    return [
        str(row[0]) for row in database.rows(f"SELECT DISTINCT mark FROM {target.log} WHERE target = ?", target.table)
    ]
