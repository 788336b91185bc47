"""Rows that a step must never publish, whatever it declares: counted in the staging write, alike for every format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from etl.errors import RefusedPartitionError, RefusedRowsError
from etl.model.interval import Interval
from etl.model.plan import PlannedStep
from etl.model.write import History, ReplaceInterval, ReplacePartitions
from etl.sql import count_where, quoted
from etl.storage.reading import interval_predicate

LOST = {
    "STRING": "{column} IN ('', '__HIVE_DEFAULT_PARTITION__')",
    "BINARY": "NOT coalesce(hex({column}) RLIKE '^([2-7][0-9A-F])+$', true)",
}
"""By type, which values of a partition column do not come back: Delta keeps what it reads in the folder's name."""


@frozen
class Guard:
    """A measure that must be 0, and what is wrong where it is not.

    Args:
        partition: the partition column without which the rows could be kept; empty where nothing helps.
    """

    measure: str
    wrong: str
    remedy: str
    partition: str = ""


def guards(planned: PlannedStep, interval: Interval | None, kept: str | None) -> tuple[Guard, ...]:
    """Return the step's guards over the rows to publish; ``kept`` is true for those, None for all."""
    return (*_inside(planned, interval, kept), *_told_apart(planned, kept), *_in_order(planned, kept))


def _inside(planned: PlannedStep, interval: Interval | None, kept: str | None) -> Iterable[Guard]:
    """Rows outside the interval: the replacement of their own interval would delete others for them."""
    target = planned.step.target
    if not isinstance(target.write, ReplacePartitions | ReplaceInterval) or interval is None:
        return
    column = target.write.column
    inside = interval_predicate(column, target.schema.column(column).type, interval)
    yield Guard(
        count_where(kept, f"NOT coalesce({inside}, false)"),
        f"rows outside the interval {interval} ({inside})",
        "filter them in the transformation, or quarantine them",
    )


def _told_apart(planned: PlannedStep, kept: str | None) -> Iterable[Guard]:
    """Values of a partition column that a folder has no name for: readers would find null, or another value."""
    target = planned.step.target
    for column in target.partition_by:
        lost = LOST.get(target.schema.column(column).type)
        if lost:
            yield Guard(
                count_where(kept, lost.format(column=quoted(column))),
                f"rows whose partition column {column!r} is an empty text, or one that no folder can be named after: "
                "it would be read back as null",
                "give them another text or null, or do not partition by the column",
                partition=column,
            )


def _in_order(planned: PlannedStep, kept: str | None) -> Iterable[Guard]:
    """Events that come at no time: no version could begin or end by them."""
    write = planned.step.target.write
    if isinstance(write, History) and write.sequence_by:
        yield Guard(
            count_where(kept, f"{quoted(write.sequence_by)} IS NULL"),
            f"rows whose {write.sequence_by!r} is null: an event of a History has its instant",
            "give them one in the transformation, or quarantine them",
        )


def hold(planned: PlannedStep, guards: Iterable[Guard], values: Mapping[str, Any]) -> None:
    """Refuse a staged write with rows that a guard names.

    Raises:
        RefusedPartitionError: only partition columns keep the rows from being published.
        RefusedRowsError: the count and what is wrong with the rows.
    """
    broken = [(guard, int(values[guard.measure])) for guard in guards if values[guard.measure]]
    if broken and all(guard.partition for guard, _ in broken):
        columns = tuple(guard.partition for guard, _ in broken)
        raise RefusedPartitionError(f"job {planned.job}, step {planned.step.name}", columns, place=planned.step.place)
    if broken:
        raise RefusedRowsError(
            f"job {planned.job}, step {planned.step.name}",
            [(count, guard.wrong) for guard, count in broken],
            broken[0][0].remedy,
            place=planned.step.place,
        )
