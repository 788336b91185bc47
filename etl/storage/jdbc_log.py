"""What a table of a database says of its publishes: rows of ``headrace_publishes`` in its schema."""

from __future__ import annotations

import hashlib
import json

from attrs import frozen

from etl.errors import ConflictError, EtlError
from etl.model.connection import Connection
from etl.model.dataset import Dataset
from etl.storage import postgresql
from etl.storage.database import Database
from etl.storage.staging import Applied, Publish, TargetState

LOG = "headrace_publishes"
LOG_DDL = (
    "CREATE TABLE IF NOT EXISTS {log} (target text, version bigint, mark text NOT NULL, applied text NOT NULL, "
    "run_id text NOT NULL, at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (target, version))"
)


@frozen
class Target:
    """A table that is published to."""

    connection: Connection
    table: str

    @property
    def name(self) -> str:
        """The table, as SQL names it."""
        return postgresql.table_name(self.table)

    @property
    def log(self) -> str:
        """Its log, likewise."""
        schema, _ = postgresql.parts(self.table)
        return f"{postgresql.quoted(schema)}.{LOG}"

    def staging(self, run: str) -> str:
        """The table that holds one run's rows until they are published, likewise."""
        schema, _ = postgresql.parts(self.table)
        digest = hashlib.sha256(f"{self.table} {run}".encode()).hexdigest()
        return f"{postgresql.quoted(schema)}.headrace_{digest[:24]}"


def target_of(dataset: Dataset) -> Target:
    """Return the table of a dataset; the catalogue has seen to it that there is one."""
    if dataset.connection is None:
        raise EtlError(f"dataset {dataset.name} has no connection")
    return Target(dataset.connection, dataset.table)


def looked(database: Database, target: Target, mark: str) -> TargetState:
    """Return the target's version and what was last published under a mark."""
    if not database.rows("SELECT to_regclass(?)::text WHERE to_regclass(?) IS NOT NULL", target.log, target.log):
        return TargetState(None)
    ((version,),) = database.rows(f"SELECT max(version) FROM {target.log} WHERE target = ?", target.table)
    last = database.rows(
        f"SELECT applied FROM {target.log} WHERE target = ? AND mark = ? ORDER BY version DESC LIMIT 1",
        *(target.table, mark),
    )
    return TargetState(version, Applied(**json.loads(str(last[0][0]))) if last else None)


def make_log(database: Database, target: Target) -> None:
    """Make the log of a schema where there is none: one of several who do so at once, PostgreSQL itself lets fail."""
    if database.rows("SELECT 1 WHERE to_regclass(?) IS NULL", target.log):
        database.rows("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))::text", target.log)
        database.run(LOG_DDL.format(log=target.log))


def marks(database: Database, target: Target) -> list[str]:
    """Return the marks of all publishes."""
    if looked(database, target, "").version is None:
        return []
    return [
        str(row[0]) for row in database.rows(f"SELECT DISTINCT mark FROM {target.log} WHERE target = ?", target.table)
    ]


def compare(publish: Publish, now: TargetState) -> None:
    """Refuse a publish that does not follow what the log says now.

    Raises:
        ConflictError: another run has published meanwhile.
    """
    if now.applied != publish.mark.after:
        raise ConflictError(
            f"{publish.dataset.name}: another run has published {publish.mark.name} meanwhile",
            remedy="run it again: it compares anew",
        )
