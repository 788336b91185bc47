"""A merge into a table of MySQL or MariaDB: its statements, which one transaction carries out.

Texts are equal where their bytes are. The collation is asked too, first: it is what an index goes by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from etl.model.schema import Schema
from etl.model.write import Merge
from etl.storage.database import Database
from etl.storage.mysql_columns import TEXTS, Column, quoted
from etl.storage.mysql_tables import ROW
from etl.storage.tables import DELETES, SHOWN, refuse_twice


def merge(
    database: Database, write: Merge, schema: Schema, target: str, staging: str, there: Sequence[Column]
) -> dict[str, int]:
    """Put staged rows into a target by their keys; return how many were updated, inserted and deleted.

    Rows that would not change are left alone. Of several rows of one key the greatest by ``sequence_by`` counts;
    without it there may be one only.

    Raises:
        PublishError: a key is there twice.
    """
    kinds = {each.name: each for each in there}
    _one_each(database, write, staging, kinds)
    matched = " AND ".join(_equal(name, schema, kinds) for name in write.keys)
    newer = ""
    if write.sequence_by:
        old, new = (_bytes(side, write.sequence_by, kinds) for side in ("t", "s"))
        newer = f" AND ({old} IS NULL OR {new} >= {old})"
    deleting = write.apply_as_deletes is not None
    kept = f" AND NOT s.{DELETES}" if deleting else ""
    counts = {"inserted": 0, "updated": 0, "deleted": 0}
    if deleting:
        counts["deleted"] = database.run(
            f"DELETE t FROM {target} t JOIN {staging} s ON {matched} WHERE s.{DELETES}{newer}"
        )
    values = [name for name in schema.names if name not in write.keys]
    if values and not write.insert_only:
        sets = ", ".join(f"t.{quoted(name)} = s.{quoted(name)}" for name in values)
        same = " AND ".join(f"{_bytes('t', name, kinds)} <=> {_bytes('s', name, kinds)}" for name in values)
        counts["updated"] = database.run(
            f"UPDATE {target} t JOIN {staging} s ON {matched} SET {sets} WHERE NOT ({same}){newer}{kept}"
        )
    names = ", ".join(quoted(name) for name in schema.names)
    given = ", ".join(f"s.{quoted(name)}" for name in schema.names)
    counts["inserted"] = database.run(
        f"INSERT INTO {target} ({names}) SELECT {given} FROM {staging} s "
        f"WHERE NOT EXISTS (SELECT 1 FROM {target} t WHERE {matched}){kept}"
    )
    return counts


def _one_each(database: Database, write: Merge, staging: str, kinds: Mapping[str, Column]) -> None:
    keys = ", ".join(_bytes("s", name, kinds) for name in write.keys)
    if write.sequence_by:
        newest = _bytes("s", write.sequence_by, kinds)
        database.run(
            f"DELETE d FROM {staging} d JOIN (SELECT s.{ROW} AS place, row_number() OVER (PARTITION BY {keys} "
            f"ORDER BY {newest} IS NULL, {newest} DESC) AS place_of FROM {staging} s) n ON d.{ROW} = n.place "
            "WHERE n.place_of > 1"
        )
        return
    shown = ", ".join(f"CAST(min(s.{quoted(name)}) AS CHAR)" for name in write.keys)
    twice = database.rows(
        f"SELECT {shown} FROM {staging} s GROUP BY {keys} HAVING count(*) > 1 ORDER BY {keys} LIMIT {SHOWN}"
    )
    refuse_twice(write, twice)


def _equal(name: str, schema: Schema, kinds: Mapping[str, Column]) -> str:
    equal = "<=>" if schema.column(name).nullable else "="
    found = f"t.{quoted(name)} {equal} s.{quoted(name)}"
    told, given = (_bytes(side, name, kinds) for side in ("t", "s"))
    return found if found == f"{told} {equal} {given}" else f"{found} AND {told} {equal} {given}"


def _bytes(side: str, name: str, kinds: Mapping[str, Column]) -> str:
    """Return a column as what tells its values apart; both sides' texts have one character set."""
    column = f"{side}.{quoted(name)}"
    return f"CAST({column} AS BINARY)" if kinds[name].word in TEXTS else column
