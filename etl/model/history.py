"""The columns of a ``History``: what its step declares, what readers find, and what the table keeps beside that."""

from __future__ import annotations

from etl.model.schema import Column, Schema
from etl.model.write import History, Write

EVENTS = "__EVENTS"
"""The column in which a version keeps the events it is made of; readers have no use for it."""


def readable(schema: Schema, write: Write) -> Schema:
    """Return the columns that readers find: those declared, and for a ``History`` the two that say when."""
    if not isinstance(write, History):
        return schema
    kind = instants(schema, write)
    return Schema((*schema.columns, Column(write.start_at, kind, nullable=False), Column(write.end_at, kind)))


def stored(schema: Schema, write: History) -> Schema:
    """Return the columns of the table; null is allowed in all, for a deletion without a version has no values."""
    return Schema((*readable(schema, write).nullable().columns, Column(EVENTS, events(schema, write))))


def instants(schema: Schema, write: History) -> str:
    """Return the type of what orders events: that of ``sequence_by``, an instant for snapshots."""
    named = write.sequence_by in schema  # what is not is told where the step's faults are
    return schema.column(str(write.sequence_by)).type if named else "TIMESTAMP"


def events(schema: Schema, write: History) -> str:
    """Return the type of the events of a version.

    ``at`` is when, ``origin`` the interval whose run brought it, ``gone`` that it deletes, ``was`` its values where
    they are not those of the version.
    """
    fields = [column for column in schema.nullable() if column.name in content(schema, write)]
    was = ", ".join(column.spelled(": ") for column in fields).replace(" NOT NULL", "")
    return f"ARRAY<STRUCT<`at`: {instants(schema, write)}, `origin`: STRING, `gone`: BOOLEAN, `was`: STRUCT<{was}>>>"


def content(schema: Schema, write: History) -> tuple[str, ...]:
    """Return the columns whose values an event brings; the first key where there is no other, for a type needs one."""
    others = tuple(name for name in schema.names if name not in write.keys and name != write.sequence_by)
    return others or write.keys[:1]


def tracked(schema: Schema, write: History) -> tuple[str, ...]:
    """Return the columns in which a change begins a version."""
    if write.track_history_column_list:
        return write.track_history_column_list
    return tuple(name for name in content(schema, write) if name not in write.track_history_except_column_list)
