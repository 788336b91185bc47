"""What a snapshot says as events: what is new or another in it, and that what it lacks is deleted.

The state at an instant is what the last event before it says. An event that says nothing new is ``spare``, and dropped.
"""

from __future__ import annotations

from datetime import datetime

from attrs import frozen
from pyspark.sql import DataFrame

from etl.model.history import EVENTS
from etl.sql import literal, quoted
from etl.storage.history_events import Rule, fresh, joined, remembered


@frozen
class Later:
    """The snapshot that follows: its interval's key, and the instant it is valid at."""

    origin: str
    at: datetime


def newest(said: Rule, batch: DataFrame, table: DataFrame, at: datetime) -> DataFrame:
    """Return the events of a snapshot that none follows, and of which the table has none: its differences alone."""
    now = table.where(f"{quoted(said.write.end_at)} IS NULL").selectExpr(*said.named())
    both = joined(said, batch.selectExpr(*said.named()), now, "full")
    other = both.where(f"l.row IS NULL OR r.row IS NULL OR NOT ({said.same('l.row', 'r.row')})")
    keys = [f"IF(l.row IS NULL, r.{key}, l.{key}) AS {key}" for key in said.keys]
    rows = other.selectExpr(*keys, "coalesce(l.row, r.row) AS row", "l.row IS NULL AS missing")
    return fresh(said, rows, literal(at), "missing", spare=True)


def between(said: Rule, batch: DataFrame, table: DataFrame, at: datetime, later: Later | None) -> DataFrame:
    """Return the events of a snapshot that others may follow, or that is taken again.

    The one that follows must go on to say what it said: where nothing had changed up to it, it has no event yet.
    """
    rows, known = batch.selectExpr(*said.named()), table.selectExpr(*said.named()).dropDuplicates([*said.keys])
    lacking = joined(said, known, rows, "left_anti")
    events = fresh(said, rows, literal(at), "false", spare=True)
    events = events.unionByName(fresh(said, lacking, literal(at), "true", spare=True))
    if later is None:
        return events
    there = _state(said, table, later.at)
    absent = joined(said, rows.unionByName(known).dropDuplicates([*said.keys]), there, "left_anti")
    for state, gone in ((there, "false"), (absent, "true")):
        events = events.unionByName(fresh(said, state, literal(later.at), gone, origin=later.origin, spare=True))
    return events


def _state(said: Rule, table: DataFrame, at: datetime) -> DataFrame:
    """Return what was valid at an instant, with the values that it had then."""
    start, end, when = quoted(said.write.start_at), quoted(said.write.end_at), literal(at)
    valid = table.where(f"{start} <= {when} AND ({end} IS NULL OR {end} > {when})")
    upto = f"filter({quoted(EVENTS)}, each -> each.at <= {when} AND NOT each.gone)"
    was = f"try_element_at({upto}, -1).was AS was" if EVENTS in table.columns else "NULL AS was"
    return valid.selectExpr(*said.named(), was).selectExpr(*said.keys, f"{remembered(said, table)} AS row")
