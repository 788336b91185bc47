"""The versions that events make, in the order of their instants; and which of them the table does not have yet.

At one instant of a key one event counts: a deletion, else that of the latest interval. The others are kept with it, for
its interval may take it back.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from etl.model import history
from etl.model.history import EVENTS
from etl.sql import quoted
from etl.storage.history_events import ADOPTED, Rule

NEW, ACT = "headrace_new", "headrace_act"
"""Of a version to put into the table: whether it begins where none began before, and what is to be done where."""


def changes(said: Rule, events: DataFrame) -> DataFrame:
    """Return what is to be done to the table so that it holds the versions of these events; one row a version.

    Args:
        said: the step's rule.
        events: all events of each key in it, those that come and those that are in the table.

    Returns:
        The table's columns; ``NEW``; and ``ACT``, an array of ``at``, ``gone``: the versions that begin at these
        instants are to be taken away (``gone``) or put. A version that is in the table as it is has no row.
    """
    return _written(said, _versions(said, _placed(said, events)))


def _placed(said: Rule, events: DataFrame) -> DataFrame:
    """Say of each event whether it counts, begins a version, and which version it belongs to."""
    # Last comes what an event at the same instant may stand for: the end of a version that another writer put there.
    rank = f"CASE WHEN undone THEN 3 WHEN gone AND origin = '{ADOPTED}' THEN 2 WHEN spare THEN 1 ELSE 0 END AS rank"
    order = f"PARTITION BY {', '.join(said.keys)} ORDER BY at, rank, gone DESC, origin DESC"
    before = "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
    until = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
    tracked = history.tracked(said.schema, said.write)
    unchanged = said.same("latest.row", "row", tracked)
    told = (
        f"IF(gone, coalesce(latest.gone, true), coalesce(NOT latest.gone AND {said.same('latest.row', 'row')}, false))"
    )
    first = f"NOT (lag(at) OVER ({order}) <=> at)"
    placed = events.selectExpr("*", rank).selectExpr("*", f"NOT undone AND {first} AS counts")
    placed = placed.selectExpr(
        "*",
        f"last_value(IF(counts, named_struct('gone', gone, 'row', row), NULL)) IGNORE NULLS OVER ({order} {before}) "
        "AS latest",
    )
    placed = placed.selectExpr(
        "*",
        f"counts AND NOT gone AND coalesce(latest.gone OR NOT ({unchanged}), true) AS begins",
        f"undone OR (spare AND (NOT counts OR {told})) AS dropped",
    )
    return placed.drop("latest", "undone", "spare").selectExpr(
        "*",
        f"sum(int(begins)) OVER ({order} {until}) AS number",
        f"max(IF(begins, at, NULL)) OVER ({order} {until}) AS started",
    )


def _versions(said: Rule, placed: DataFrame) -> DataFrame:
    """Gather each version's events; deletions before the first version belong to the first."""
    differs = set(history.tracked(said.schema, said.write)) != set(said.content)
    kept = "row" if differs else "IF(counts, NULL, row)"
    event = f"named_struct('at', at, 'origin', origin, 'gone', gone, 'row', IF(gone, NULL, {kept}))"
    gathered = placed.selectExpr("*", "greatest(number, 1) AS version").groupBy(*said.keys, "version")
    measures = {
        "start": "min(IF(begins, at, NULL))",
        "closed": "min(IF(counts AND gone AND NOT dropped AND started IS NOT NULL, at, NULL))",
        "buried": "min(IF(counts AND gone AND NOT dropped, at, NULL))",
        "latest": "max_by(named_struct('at', at, 'row', row), IF(counts AND NOT gone AND NOT dropped, at, NULL))",
        "events": f"collect_list(IF(dropped, NULL, {event}))",
        "opened": "array_distinct(collect_list(IF(opened, old.start, NULL)))",
        "as_it_was": "count_if(old IS NULL AND NOT dropped) = 0 AND count_if(old IS NOT NULL AND dropped) = 0 "
        "AND count_if(NOT dropped) = max(old.events) AND min(old.start) <=> max(old.start)",
        "was_start": "min(old.start)",
        "was_end": "max(old.end)",
    }
    return gathered.agg(*[F.expr(sql).alias(name) for name, sql in measures.items()])


def _written(said: Rule, versions: DataFrame) -> DataFrame:
    """Return the rows of the versions as the table keeps them, without those that it has."""
    write = said.write
    order = f"PARTITION BY {', '.join(said.keys)} ORDER BY version"
    ended = versions.selectExpr(
        "*",
        "coalesce(start, buried) AS begins_at",
        f"IF(start IS NULL, buried, coalesce(closed, lead(start) OVER ({order}))) AS ends_at",
    )
    ended = ended.selectExpr(
        "*",
        "begins_at IS NOT NULL AND NOT coalesce(as_it_was AND was_start <=> begins_at AND was_end <=> ends_at, false) "
        "AS put",
        "filter(opened, each -> NOT (each <=> begins_at)) AS left",
    ).where("put OR size(left) > 0")
    each = {key: f"k{n}" for n, key in enumerate(write.keys)}
    each |= {name: f"IF(start IS NULL, NULL, latest.row.{quoted(name)})" for name in said.content if name not in each}
    each |= {str(write.sequence_by): "IF(start IS NULL, buried, latest.at)"} if write.sequence_by else {}
    columns = [f"{each[name]} AS {quoted(name)}" for name in said.schema.names]
    return ended.selectExpr(
        *columns,
        f"begins_at AS {quoted(write.start_at)}",
        f"ends_at AS {quoted(write.end_at)}",
        f"CAST({_events(said)} AS {history.events(said.schema, write)}) AS {EVENTS}",
        f"NOT exists(opened, each -> each <=> begins_at) AS {NEW}",
        "concat(IF(put, array(named_struct('at', begins_at, 'gone', false)), array()), "
        f"transform(left, each -> named_struct('at', each, 'gone', true))) AS {ACT}",
    )


def _events(said: Rule) -> str:
    """Return SQL for a version's events in order; of each the values only where they are not the version's own."""
    order = "CASE WHEN a.at < b.at THEN -1 WHEN a.at > b.at THEN 1 WHEN a.origin < b.origin THEN -1 "
    order += "WHEN a.origin > b.origin THEN 1 ELSE int(a.gone) - int(b.gone) END"
    ordered = f"array_sort(events, (a, b) -> {order})"
    was = f"IF(e.row IS NULL OR (latest IS NOT NULL AND {said.same('e.row', 'latest.row')}), NULL, e.row)"
    one = f"named_struct('at', e.at, 'origin', e.origin, 'gone', e.gone, 'was', {was})"
    return f"transform({ordered}, e -> {one})"
