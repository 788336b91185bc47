"""What a schema of Redshift says of its publishes: rows of ``headrace_publishes``, as in every database."""

from __future__ import annotations

import json
from typing import Any

from attrs import asdict, evolve

from etl.aws.redshift import ABSENT, Warehouse, rows, run
from etl.errors import EtlError, PublishError
from etl.storage.redshift_columns import literal
from etl.storage.staging import Applied, Publish, TargetState
from etl.storage.tables import Target

DDL = (
    "CREATE TABLE IF NOT EXISTS {log} (target varchar(512) NOT NULL, version bigint NOT NULL, "
    "mark varchar(1024) NOT NULL, applied varchar(65535) NOT NULL, run_id varchar(128) NOT NULL, "
    "at timestamp NOT NULL)"
)
MOST = 60_000  # bytes of an entry: a varchar takes 65,535, and a statement 100,000


def looked(warehouse: Warehouse, target: Target, mark: str) -> TargetState:
    """Return the target's version and what was last published under a mark."""
    own = f"SELECT max(version) FROM {target.log} WHERE target = {literal(target.table)}"
    found = logged(
        warehouse,
        f"SELECT version, mark, applied FROM {target.log} WHERE target = {literal(target.table)} "
        f"AND (version = ({own}) OR version = ({own} AND mark = {literal(mark)})) ORDER BY version DESC",
    )
    last = [applied for _, of, applied in found if of == mark]
    version = int(found[0][0]) if found else None
    return TargetState(version, Applied(**json.loads(str(last[0]))) if last else None)


def make_log(warehouse: Warehouse, target: Target) -> None:
    """Make the log of a schema where there is none: one of several who do so at once may be refused."""
    try:
        run(warehouse, [DDL.format(log=target.log)])
    except PublishError:
        rows(warehouse, f"SELECT count(*) FROM {target.log}")


def marks(warehouse: Warehouse, target: Target) -> list[str]:
    """Return the marks of all publishes."""
    found = logged(warehouse, f"SELECT DISTINCT mark FROM {target.log} WHERE target = {literal(target.table)}")
    return [str(row[0]) for row in found]


def logged(warehouse: Warehouse, sql: str) -> list[tuple[Any, ...]]:
    """Return what a query of the log finds; nothing where there is no log yet."""
    try:
        return rows(warehouse, sql)
    except PublishError as error:
        if ABSENT.search(error.message):
            return []
        raise


def guarded(publish: Publish, target: Target) -> str:
    """Return the query that fails unless the log still says what the publish follows.

    In a transaction that has locked the log it is the compare of compare-and-set; SQL has no other way to end one.
    """
    follows = publish.mark.after.generation if publish.mark.after else 0
    said = f"target = {literal(target.table)} AND mark = {literal(publish.mark.name)}"
    return f"SELECT 1 / CASE WHEN count(*) = {follows} THEN 1 ELSE 0 END FROM {target.log} WHERE {said}"


def entered(publish: Publish, target: Target, applied: Applied) -> str:
    """Return the statement that writes a publish's entry.

    Raises:
        EtlError: what it has consumed does not fit into an entry.
    """
    text = json.dumps(asdict(applied))
    if len(literal(text).encode()) > MOST:  # what people would read of its parts; the digests of all of them stay
        text = json.dumps(asdict(evolve(applied, details={})))
    if len(literal(text).encode()) > MOST:
        raise EtlError(f"{publish.dataset.name}: what {publish.mark.name} was made from does not fit into {target.log}")
    target_is, mark, said, run = map(literal, (target.table, publish.mark.name, text, applied.run_id))
    return (
        f"INSERT INTO {target.log} (target, version, mark, applied, run_id, at) "
        f"SELECT {target_is}, coalesce(max(version), -1) + 1, {mark}, {said}, {run}, getdate() "
        f"FROM {target.log} WHERE target = {target_is}"
    )
