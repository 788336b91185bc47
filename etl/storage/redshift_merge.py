"""What a publish changes in a table of Redshift: statements that one transaction carries out.

Amazon Redshift Developer Guide, "UPDATE", "DELETE": the target has no alias there, and ``IS DISTINCT FROM`` is unknown.
"""

from __future__ import annotations

from etl.aws.redshift import Warehouse, rows
from etl.model.schema import Schema
from etl.model.write import Merge
from etl.storage.postgresql_columns import quoted
from etl.storage.redshift_columns import given
from etl.storage.tables import DELETES, SHOWN, refuse_twice

PLACE = "headrace_place"  # of a row among those of its key, 1 for the one that counts
THERE = "headrace_there"  # not null where a target has the key


def inserted(schema: Schema, target: str, staging: str, where: str = "") -> str:
    """Return the statement that puts staged rows into a target."""
    names = ", ".join(quoted(name) for name in schema.names)
    values = ", ".join(given(schema, name, "s") for name in schema.names)
    return f"INSERT INTO {target} ({names}) SELECT {values} FROM {staging} s{where}"


def merged(write: Merge, schema: Schema, target: str, staging: str) -> dict[str, str]:
    """Return the statements of a merge, in their order, by what their number of rows counts.

    Rows that would not change are left alone. Of several rows of one key the greatest by ``sequence_by`` counts;
    without it there is one only, ``check_keys`` has seen to it.
    """
    own, matched = _own(target), " AND ".join(_equal(schema, name, _own(target)) for name in write.keys)
    statements, rows_of = {}, staging
    if write.sequence_by:
        keys = ", ".join(quoted(name) for name in write.keys)
        order = f"{quoted(write.sequence_by)} DESC NULLS LAST"
        statements["ordered"] = (
            f"CREATE TEMP TABLE headrace_ordered AS "
            f"SELECT *, row_number() OVER (PARTITION BY {keys} ORDER BY {order}) AS {PLACE} FROM {staging}"
        )
        statements["passed over"] = f"DELETE FROM headrace_ordered WHERE {PLACE} > 1"
        rows_of = "headrace_ordered"
        column, new = f"{own}.{quoted(write.sequence_by)}", given(schema, write.sequence_by, "s")
        newer = f" AND ({column} IS NULL OR {new} >= {column})"
    else:
        newer = ""
    deleting = write.apply_as_deletes is not None
    kept = f" AND NOT s.{DELETES}" if deleting else ""
    if deleting:
        statements["deleted"] = f"DELETE FROM {target} USING {rows_of} s WHERE {matched} AND s.{DELETES}{newer}"
    values = [name for name in schema.names if name not in write.keys]
    if values and not write.insert_only:
        sets = ", ".join(f"{quoted(name)} = {given(schema, name, 's')}" for name in values)
        changed = " OR ".join(_differs(schema, name, own) for name in values)
        statements["updated"] = (
            f"UPDATE {target} SET {sets} FROM {rows_of} s WHERE {matched}{newer}{kept} AND ({changed})"
        )
    statements["inserted"] = inserted(schema, target, rows_of, f"{_absent(write, schema, target)}{kept}")
    if write.sequence_by:
        statements["dropped"] = "DROP TABLE headrace_ordered"
    return statements


def _absent(write: Merge, schema: Schema, target: str) -> str:
    """Return what leaves staged rows whose keys are new: by a join, for Redshift knows few subqueries that look out."""
    keys = ", ".join(quoted(name) for name in write.keys)
    matched = " AND ".join(_equal(schema, name, "t") for name in write.keys)
    return f" LEFT JOIN (SELECT {keys}, 1 AS {THERE} FROM {target}) t ON {matched} WHERE t.{THERE} IS NULL"


def check_keys(warehouse: Warehouse, write: Merge, staging: str) -> None:
    """Refuse staged rows that a merge cannot choose among.

    Raises:
        PublishError: a key is there twice.
    """
    if write.sequence_by:
        return
    keys = ", ".join(quoted(name) for name in write.keys)
    twice = rows(
        warehouse, f"SELECT {keys} FROM {staging} GROUP BY {keys} HAVING count(*) > 1 ORDER BY {keys} LIMIT {SHOWN}"
    )
    refuse_twice(write, twice)


def _own(target: str) -> str:
    """Return the name that a table's columns are told by in its own statement: without its schema."""
    return target.rpartition('"."')[2].join(('"', ""))


def _equal(schema: Schema, name: str, own: str) -> str:
    """Return when keys are equal: null equals null, which only a key that may be null asks."""
    there, new = f"{own}.{quoted(name)}", given(schema, name, "s")
    return (
        f"({there} = {new} OR ({there} IS NULL AND {new} IS NULL))"
        if schema.column(name).nullable
        else f"{there} = {new}"
    )


def _differs(schema: Schema, name: str, own: str) -> str:
    there, new = f"{own}.{quoted(name)}", given(schema, name, "s")
    return f"{there} <> {new} OR ({there} IS NULL AND {new} IS NOT NULL) OR ({there} IS NOT NULL AND {new} IS NULL)"
