"""What a format must do that steps publish to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from etl import expect
from etl.model.dataset import Dataset, Source, Target
from etl.model.declare import step
from etl.model.formats import format_of
from etl.model.result import GOOD, Outcome, Status
from etl.model.step import Step
from etl.model.write import Append, Merge, ReplaceInterval, ReplacePartitions, ReplaceTable, Write
from etl.testing.conformance.case import DAY, DDL, Case, Rows, found
from etl.testing.lake import Lake

KINDS: tuple[Write, ...] = (ReplaceTable(), ReplacePartitions("day"), ReplaceInterval("day"), Append(), Merge("id"))


def publishing(name: str) -> tuple[Case, ...]:
    """Return the cases of a format that steps publish to, for each kind of write that it registers.

    Each wants ``case(lake, dataset)``; the dataset is new, has the columns ``DDL`` and nobody has written it.
    """
    able = [write for write in KINDS if type(write) in format_of(name).writes]
    return tuple(
        Case(f"{type(write).__name__}: {said}", partial(check, write))
        for write in able
        for said, check in TARGET.items()
    )


def copying(dataset: str, write: Write, *expectations: Any, source: str = "raw.rows") -> Step[Any, Any]:
    """Return a step that publishes a source's rows as they are."""

    @step(
        sources={"rows": Source(source, interval_column="day")},
        target=Target(dataset, DDL, write),
        expectations=expectations,
    )
    def copied(rows: Any) -> Any:
        return rows

    return copied


def _land(lake: Lake, rows: Rows) -> None:
    lake.write("raw.rows", DDL, rows, mode="overwrite")


def _published_rows_are_found(write: Write, lake: Lake, dataset: Dataset) -> None:
    rows: Rows = [(1, DAY, "a"), (2, DAY, None), (3, DAY, "é \"'\\\n,")]
    _land(lake, rows)

    result = lake.run_step(copying(dataset.name, write))

    assert result.status is Status.PASS, result.error
    assert result.outcome is Outcome.PUBLISHED
    assert (result.rows.published, found(lake, dataset)) == (3, sorted(rows, key=repr))


def _again_is_a_no_op(write: Write, lake: Lake, dataset: Dataset) -> None:
    _land(lake, [(1, DAY, "a")])
    first = lake.run_step(copying(dataset.name, write))

    again = lake.run_step(copying(dataset.name, write))

    assert (first.status, again.status) == (Status.PASS, Status.NO_OP), again.error or again.reason
    assert found(lake, dataset) == [(1, DAY, "a")]


def _three_times_leaves_the_rows_once(write: Write, lake: Lake, dataset: Dataset) -> None:
    _land(lake, [(1, DAY, "a"), (2, DAY, "b")])
    for _ in range(3):
        result = lake.run_step(copying(dataset.name, write), force=True)
        assert result.status in GOOD, result.error

    assert found(lake, dataset) == [(1, DAY, "a"), (2, DAY, "b")]


def _intervals_stand_beside_each_other(write: Write, lake: Lake, dataset: Dataset) -> None:
    after = DAY + timedelta(days=1)
    _land(lake, [(1, DAY, "a"), (2, after, "b")])
    for day in (DAY, after):
        result = lake.run_step(copying(dataset.name, write), date=str(day))
        assert result.status in GOOD, result.error

    whole = [(1, DAY, "a"), (2, after, "b")]
    assert found(lake, dataset) == (whole[1:] if isinstance(write, ReplaceTable) else whole)


def _a_gate_leaves_the_target_as_it_was(write: Write, lake: Lake, dataset: Dataset) -> None:
    _land(lake, [(1, DAY, "a")])
    lake.run_step(copying(dataset.name, write))
    after = DAY + timedelta(days=1)
    _land(lake, [(1, after, "z"), (-1, after, "b")])

    held = lake.run_step(copying(dataset.name, write, expect.column_values_to_be_between("id", 0)), date=str(after))

    assert (held.status, held.exit_code, held.rows.published) == (Status.FAIL, 3, 0)
    assert found(lake, dataset) == [(1, DAY, "a")]


def _rows_that_break_an_expectation_are_set_aside(write: Write, lake: Lake, dataset: Dataset) -> None:
    _land(lake, [(1, DAY, "a"), (-1, DAY, "b")])

    expectation = expect.column_values_to_be_between("id", 0, on_failure="quarantine")
    result = lake.run_step(copying(dataset.name, write, expectation))

    assert (result.rows.published, result.rows.quarantined) == (1, 1), result.error
    assert found(lake, dataset) == [(1, DAY, "a")]


def _an_interval_without_rows_is_published(write: Write, lake: Lake, dataset: Dataset) -> None:
    _land(lake, [(1, DAY, "a")])
    lake.run_step(copying(dataset.name, write))
    _land(lake, [])

    result = lake.run_step(copying(dataset.name, write))

    assert result.status in GOOD, result.error
    kept = isinstance(write, Append | Merge)
    assert found(lake, dataset) == ([(1, DAY, "a")] if kept else [])


def _of_two_runs_at_once_one_publishes(write: Write, lake: Lake, dataset: Dataset) -> None:
    """The second run is carried out whole while the first stands before its commit."""
    _land(lake, [(1, DAY, "a")])
    inner: list[Any] = []

    def second(_: str) -> None:
        if not inner:
            inner.append(None)
            inner[0] = lake.run_step(copying(dataset.name, write))

    outer = lake.run_step(copying(dataset.name, write), fence=second)

    ended = [each.status for each in (inner[0], outer)]
    assert ended[0] is Status.PASS, inner[0].error
    assert ended[1] is not Status.PASS, "both runs say that they published one interval"
    assert found(lake, dataset) == [(1, DAY, "a")]


TARGET: dict[str, Callable[..., None]] = {
    "published rows are found": _published_rows_are_found,
    "again is a no-op": _again_is_a_no_op,
    "three times leaves the rows once": _three_times_leaves_the_rows_once,
    "intervals stand beside each other": _intervals_stand_beside_each_other,
    "a gate leaves the target as it was": _a_gate_leaves_the_target_as_it_was,
    "rows that break an expectation are set aside": _rows_that_break_an_expectation_are_set_aside,
    "an interval without rows is published": _an_interval_without_rows_is_published,
    "of two runs at once one publishes": _of_two_runs_at_once_one_publishes,
}
