"""Under which name a step's publishes stand in its target's log: one a step, or one an interval that owns rows."""

from __future__ import annotations

from typing import Any

from etl.model.interval import Interval
from etl.model.step import Step
from etl.model.write import ReplaceInterval, ReplacePartitions, ReplaceTable


def mark_name(step: Step[Any, Any], interval: Interval | None) -> str:
    """Return the name of a step's publishes, one per interval where the interval owns rows of its own.

    A whole-table replacement has one name: its content is that of the last run, whichever interval that was. The names
    hold the dataset, never the step: a step that gets another name would append its intervals again.
    """
    prefix = marks_of_intervals(step)
    return f"headrace/{step.target.dataset}" if prefix is None or interval is None else f"{prefix}{interval.key}"


def marks_of_intervals(step: Step[Any, Any]) -> str | None:
    """Return what the names of a step's publishes start with, before the interval; None where all have one name."""
    if isinstance(step.target.write, ReplaceTable) or not step.by_interval:
        return None
    if isinstance(step.target.write, ReplacePartitions | ReplaceInterval):
        return partition_mark(step.target.dataset, "")
    return interval_marks(step.target.dataset)


def partition_mark(dataset: str, key: str) -> str:
    """Return the name under which the writer of a dataset replaces the rows of the interval with this key."""
    return f"headrace/partitions/{dataset}@{key}"


def interval_marks(dataset: str) -> str:
    """Return what the names of publishes start with where each interval adds to the rows of the others."""
    return f"headrace/interval/{dataset}@"
