"""What keeps a declared ``Merge`` or ``History`` from being carried out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from etl.errors import did_you_mean
from etl.model.history import EVENTS
from etl.model.names import LETTERS
from etl.model.schema import Schema
from etl.model.write import History, Merge


def lost(schema: Schema, column: Any, who: str) -> str | None:
    """Say that the target has no such column; None if it has."""
    if not isinstance(column, str):
        return f"{who}: {column!r} is not the name of a column"
    if column in schema:
        return None
    same = next((name for name in schema.names if name.lower() == column.lower()), None)
    meant = f"it has {same!r}, and case counts here" if same else did_you_mean(column, schema.names)
    return f"{who}: column {column!r} is not in the target's schema; {meant}"


def of_a_merge(schema: Schema, write: Merge) -> Iterator[str]:
    """Yield what is wrong with a merge into a target of these columns."""
    yield from _of_the_columns(schema, write)
    given = [name for name in ("sequence_by", "apply_as_deletes") if getattr(write, name) is not None]
    if write.insert_only and given:
        yield (
            f"Merge insert_only with {given[0]}: a row that is there is never touched, so nothing replaces or deletes "
            f"it; leave out insert_only, or {given[0]}"
        )


def of_a_history(schema: Schema, write: History, *, by_interval: bool) -> Iterator[str]:
    """Yield what is wrong with a history of a target of these columns."""
    yield from _of_the_columns(schema, write)
    if write.from_snapshots and (write.sequence_by is not None or write.apply_as_deletes is not None):
        yield (
            "History from_snapshots: a snapshot is valid at the end of its interval, and what it lacks is deleted; "
            "leave out sequence_by and apply_as_deletes"
        )
    elif write.from_snapshots and not by_interval:
        yield "History from_snapshots needs the interval: give a source interval_column, or take `run`"
    elif not write.from_snapshots and write.sequence_by is None:
        yield "History needs sequence_by, the column that orders the events of a key, or from_snapshots=True"
    if write.sequence_by in write.keys:
        yield f"History sequence_by {write.sequence_by!r} is a key too: a key with another instant would be another key"
    yield from _of_the_tracked(schema, write)
    yield from _of_the_added(schema, write)


def _of_the_columns(schema: Schema, write: Merge | History) -> Iterator[str]:
    kind = type(write).__name__
    if not write.keys:
        yield f"{kind} needs at least one key"
    sequence = (write.sequence_by,) if write.sequence_by is not None else ()
    for role, columns in (("key", write.keys), ("sequence_by", sequence)):
        for position, column in enumerate(columns):
            missing = lost(schema, column, kind)
            if missing:
                yield missing
            elif column in columns[:position]:
                yield f"{kind} {role} {column!r} is named twice"
            elif "MAP<" in schema.column(column).type:
                said = schema.column(column).type
                yield f"{kind} {role} {column!r} is {said}: Spark compares no maps; take a column of another type"
    deletes = write.apply_as_deletes
    if deletes is not None and not (isinstance(deletes, str) and deletes.strip()):
        yield f"{kind} apply_as_deletes={deletes!r} is no SQL condition"


def _of_the_tracked(schema: Schema, write: History) -> Iterator[str]:
    given: dict[str, Sequence[Any]] = {
        "track_history_column_list": write.track_history_column_list,
        "track_history_except_column_list": write.track_history_except_column_list,
    }
    if all(given.values()):
        yield f"History: {' and '.join(given)} exclude each other; name the tracked columns, or those that are not"
    for name, columns in given.items():
        for column in columns:
            missing = lost(schema, column, f"History {name}")
            if missing:
                yield missing
            elif column in write.keys or column == write.sequence_by:
                yield f"History {name}: {column!r} says which version an event is of, and never changes within one"


def _of_the_added(schema: Schema, write: History) -> Iterator[str]:
    named = {"start_at": write.start_at, "end_at": write.end_at}
    lower = {name.lower() for name in schema.names}
    for role, name in named.items():
        if not (isinstance(name, str) and name) or any(letter in LETTERS + "\n" for letter in name):
            yield f"History {role}={name!r} cannot be a column's name"
        elif name.lower() in lower:
            yield f"History {role}={name!r} is a column of the schema: History gives it; leave it out there"
        elif name.upper() == EVENTS:
            yield f"History {role}={name!r}: Headrace keeps a version's events there; take another name"
    if str(write.start_at).lower() == str(write.end_at).lower():
        yield f"History start_at and end_at are both {write.start_at!r}"
