"""The events of a ``History``: those that a batch brings, and those that the versions in the table are made of.

A frame of events has the columns ``k0``, ``k1`` … (the keys), ``at``, ``origin`` (the interval that brought it),
``gone`` (it deletes), ``row`` (its values), ``old`` (start, end and number of events of the version it is kept in; null
for one that comes now), ``opened`` (that version begins with it), ``undone`` (its interval takes it back) and ``spare``
(it says nothing where the state is already what it says).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from etl.model import history
from etl.model.history import EVENTS
from etl.model.schema import Schema
from etl.model.write import History
from etl.sql import literal, quoted
from etl.storage.equality import all_same

ALWAYS = "-"
"""The origin of events that no interval takes back: the step does not depend on one."""
ADOPTED = ""
"""The origin of events made of versions that another writer has put into the table."""


@frozen(kw_only=True)
class Rule:
    """What a step declares of its history.

    Args:
        write: the declaration.
        schema: of the step's rows.
        kinds: the types of the columns that an event brings, as Spark's ``simpleString`` has them.
        origin: of the events that come now.
        again: events of this origin may be in the table.
    """

    write: History
    schema: Schema
    kinds: Mapping[str, str]
    origin: str
    again: bool

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns of a frame of events that hold the keys."""
        return tuple(f"k{n}" for n in range(len(self.write.keys)))

    @property
    def content(self) -> tuple[str, ...]:
        """The columns whose values an event brings."""
        return history.content(self.schema, self.write)

    def same(self, left: str, right: str, names: Iterable[str] | None = None) -> str:
        """Return SQL that is true where two structs of values are the same, in these columns or in all."""
        return all_same(left, right, self.kinds, self.content if names is None else names)

    def named(self, table: str = "") -> list[str]:
        """Return SQL for the keys and values of a row of this table."""
        before = f"{table}." if table else ""
        keys = [f"{before}{quoted(key)} AS k{n}" for n, key in enumerate(self.write.keys)]
        values = ", ".join(f"{literal(name)}, {before}{quoted(name)}" for name in self.content)
        return [*keys, f"named_struct({values}) AS row"]


def rule(write: History, schema: Schema, batch: DataFrame, origin: str, *, again: bool) -> Rule:
    """Return the rule for a batch with the step's columns."""
    kinds = {field.name: field.dataType.simpleString() for field in batch.schema}
    return Rule(write=write, schema=schema, kinds=kinds, origin=origin, again=again)


def fresh(
    said: Rule, rows: DataFrame, at: str, gone: str, *, origin: str | None = None, spare: bool = False
) -> DataFrame:
    """Return rows with ``k0`` … and ``row`` as events that come now; ``at`` and ``gone`` are SQL on their columns."""
    old = f"named_struct('start', {at}, 'end', {at}, 'events', 0)"
    return rows.selectExpr(
        *said.keys,
        f"{at} AS at",
        f"{literal(said.origin if origin is None else origin)} AS origin",
        f"{gone} AS gone",
        "row",
        f"IF(true, NULL, {old}) AS old",
        "false AS opened",
        "false AS undone",
        f"{literal(spare)} AS spare",
    )


def of_batch(said: Rule, batch: DataFrame) -> DataFrame:
    """Return the events that a batch brings: one for each key and instant."""
    # The author's condition names the step's own columns, and sees them alone.
    marked = batch.selectExpr("*", f"coalesce({said.write.apply_as_deletes or 'false'}, false) AS `_deletes`")
    rows = marked.selectExpr(*said.named(), f"{quoted(str(said.write.sequence_by))} AS at", "`_deletes` AS gone")
    return fresh(said, rows, "at", "gone")


def of_table(said: Rule, table: DataFrame) -> DataFrame:
    """Return the events of the versions in the table.

    A version that another writer put there is an event that began it and, where it has an end, one that ended it: so a
    history that was kept by hand can be taken over. An event of a snapshot says nothing once the one before it is
    taken again, and says the same.
    """
    write, known = said.write, EVENTS in table.columns
    began, ended = (
        f"named_struct('at', {at}, 'origin', '{ADOPTED}', 'gone', {gone})"
        for at, gone in (("begins_at", "false"), ("ends_at", "true"))
    )
    adopted = f"IF(ends_at IS NULL, array({began}), array({began}, {ended}))"
    kept = "transform(events, e -> named_struct('at', e.at, 'origin', e.origin, 'gone', e.gone))"
    versions = table.selectExpr(
        *said.named(),
        f"{quoted(write.start_at)} AS begins_at",
        f"{quoted(write.end_at)} AS ends_at",
        f"{quoted(EVENTS) if known else 'NULL'} AS events",
    )
    each = versions.selectExpr("*", f"posexplode({f'coalesce({kept}, {adopted})' if known else adopted}) AS (n, event)")
    was = "events[n].was" if known else "NULL"
    return each.selectExpr("*", f"{was} AS was").selectExpr(
        *said.keys,
        "event.at AS at",
        "event.origin AS origin",
        "event.gone AS gone",
        f"{remembered(said, table)} AS row",
        f"named_struct('start', begins_at, 'end', ends_at, 'events', {'coalesce(size(events), -1)' if known else -1}) "
        "AS old",
        "event.at <=> begins_at AS opened",
        f"{literal(said.again)} AND event.origin = {literal(said.origin)} AS undone",
        f"{literal(write.from_snapshots)} AS spare",
    )


def remembered(said: Rule, table: DataFrame) -> str:
    """Return SQL for an event's values, from ``was`` where it kept its own, else from the version's ``row``."""
    if EVENTS not in table.columns:
        return "row"
    there = table.schema[EVENTS].dataType.elementType["was"].dataType.names  # type: ignore[attr-defined]
    fields = [f"{literal(name)}, {f'was.{quoted(name)}' if name in there else 'NULL'}" for name in said.content]
    return f"IF(was IS NULL, row, named_struct({', '.join(fields)}))"


def padded(schema: Schema, table: DataFrame) -> DataFrame:
    """Return a table with null in the columns that it does not have yet."""
    lacking = [column for column in schema if column.name not in table.columns and column.name != EVENTS]
    nulls = [f"CAST(NULL AS {column.type.replace(' NOT NULL', '')}) AS {quoted(column.name)}" for column in lacking]
    return table.selectExpr("*", *nulls) if nulls else table


def paired(said: Rule, events: DataFrame) -> DataFrame:
    """Settle what an origin brings again: an event that is the same stays what it was, another one replaces it.

    Needed only where the table may have events of an origin that events come of now.
    """
    one, group = "named_struct('gone', gone, 'row', row)", f"PARTITION BY {', '.join(said.keys)}, at, origin"
    seen = events.repartition(*said.keys).selectExpr(
        "*",
        f"max_by({one}, IF(old IS NULL, 1, NULL)) OVER ({group}) AS comes",
        f"max_by({one}, IF(old IS NULL, NULL, 1)) OVER ({group}) AS was",
    )
    equal = f"(comes.gone = was.gone AND (comes.gone OR ({said.same('comes.row', 'was.row')})))"
    seen = seen.selectExpr("*", f"coalesce(comes IS NOT NULL AND was IS NOT NULL AND {equal}, false) AS stays")
    ours = f"origin = {literal(said.origin)}"
    kept = seen.where(f"old IS NOT NULL OR NOT (stays OR (was IS NOT NULL AND NOT ({ours})))")
    undone = f"old IS NOT NULL AND {ours} AND NOT stays AND (undone OR comes IS NOT NULL) AS undone"
    return kept.selectExpr(*[undone if name == "undone" else name for name in events.columns])


def joined(said: Rule, left: DataFrame, right: DataFrame, how: str) -> DataFrame:
    """Join two frames with keys; null equals null."""
    on = " AND ".join(f"l.{key} <=> r.{key}" for key in said.keys)
    return left.alias("l").join(right.alias("r"), F.expr(on), how)
