"""A merge into a table of PostgreSQL: its statements, which one transaction carries out."""

from __future__ import annotations

from collections.abc import Sequence

from etl.model.schema import Schema
from etl.model.write import Merge
from etl.storage.database import Database
from etl.storage.postgresql_columns import Column, quoted
from etl.storage.tables import DELETES, SHOWN, refuse_twice


def merge(
    database: Database, write: Merge, schema: Schema, target: str, staging: str, _: Sequence[Column]
) -> dict[str, int]:
    """Put staged rows into a target by their keys; return how many were updated, inserted and deleted.

    Rows that would not change are left alone. Of several rows of one key the greatest by ``sequence_by`` counts;
    without it there may be one only.

    Raises:
        PublishError: a key is there twice.
    """
    _one_each(database, write, staging)
    matched = " AND ".join(_equal(name, schema) for name in write.keys)
    newer = ""
    if write.sequence_by:
        column = quoted(write.sequence_by)
        newer = f" AND (t.{column} IS NULL OR s.{column} >= t.{column})"
    deleting = write.apply_as_deletes is not None
    kept = f" AND NOT s.{DELETES}" if deleting else ""
    counts = {"inserted": 0, "updated": 0, "deleted": 0}
    if deleting:
        counts["deleted"] = database.run(
            f"DELETE FROM {target} t USING {staging} s WHERE {matched} AND s.{DELETES}{newer}"
        )
    values = [name for name in schema.names if name not in write.keys]
    if values and not write.insert_only:
        sets = ", ".join(f"{quoted(name)} = s.{quoted(name)}" for name in values)
        changed = " OR ".join(f"t.{quoted(name)} IS DISTINCT FROM s.{quoted(name)}" for name in values)
        counts["updated"] = database.run(
            f"UPDATE {target} t SET {sets} FROM {staging} s WHERE {matched}{newer}{kept} AND ({changed})"
        )
    names = ", ".join(quoted(name) for name in schema.names)
    given = ", ".join(f"s.{quoted(name)}" for name in schema.names)
    counts["inserted"] = database.run(
        f"INSERT INTO {target} ({names}) SELECT {given} FROM {staging} s "
        f"WHERE NOT EXISTS (SELECT 1 FROM {target} t WHERE {matched}){kept}"
    )
    return counts


def _one_each(database: Database, write: Merge, staging: str) -> None:
    keys = ", ".join(quoted(name) for name in write.keys)
    if write.sequence_by:
        order = f"{quoted(write.sequence_by)} DESC NULLS LAST"
        database.run(
            f"DELETE FROM {staging} s USING (SELECT ctid AS place, row_number() OVER (PARTITION BY {keys} "
            f"ORDER BY {order}) AS place_of FROM {staging}) n WHERE s.ctid = n.place AND n.place_of > 1"
        )
        return
    shown = ", ".join(f"{quoted(name)}::text" for name in write.keys)
    twice = database.rows(
        f"SELECT {shown} FROM {staging} GROUP BY {keys} HAVING count(*) > 1 ORDER BY {keys} LIMIT {SHOWN}"
    )
    refuse_twice(write, twice)


def _equal(name: str, schema: Schema) -> str:
    """Return when keys are equal: null equals null, which no index serves, so that only a key that may be null asks."""
    column = quoted(name)
    if schema.column(name).nullable:
        return f"t.{column} IS NOT DISTINCT FROM s.{column}"
    return f"t.{column} = s.{column}"
