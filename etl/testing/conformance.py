"""What every format must do, as cases that a connector's own tests run: see docs/connectors-of-your-own.md.

A case is a function over a lake and a dataset of the format. It raises AssertionError where the format does not keep
what the engine, readers and the plan rely on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

from attrs import frozen

from etl import expect
from etl.errors import InputError
from etl.model.dataset import Dataset, Source, Target
from etl.model.declare import step
from etl.model.formats import format_of
from etl.model.interval import Unit, containing, parse_instant
from etl.model.result import GOOD, Outcome, Status
from etl.model.schema import parse_schema
from etl.model.step import Step
from etl.model.write import Append, Merge, ReplaceInterval, ReplacePartitions, ReplaceTable, Write
from etl.storage.formats import source_for
from etl.storage.reading import Scope
from etl.testing.lake import Lake

DDL = "id INT, day DATE, v STRING"
DAY = date(2013, 2, 8)
KINDS: tuple[Write, ...] = (ReplaceTable(), ReplacePartitions("day"), ReplaceInterval("day"), Append(), Merge("id"))
Rows = Sequence[tuple[int, date, str | None]]
Land = Callable[[Rows], None]
"""Makes a source hold exactly these rows."""


@frozen
class Case:
    """One promise; call it with a lake, a dataset and, of a source, what makes it hold rows."""

    name: str
    check: Callable[..., None]

    def __call__(self, *given: Any) -> None:
        """Hold the format to it.

        Raises:
            AssertionError: it is not kept.
        """
        self.check(*given)

    def __str__(self) -> str:
        return self.name


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


def reading(name: str) -> tuple[Case, ...]:
    """Return the cases of a format that steps read. Each wants ``case(lake, dataset, land)``."""
    format_of(name)
    return tuple(Case(said, check) for said, check in SOURCE.items())


def copying(dataset: str, write: Write, *expectations: Any) -> Step[Any, Any]:
    """Return a step that publishes the rows of ``raw.rows`` as they are."""

    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target(dataset, DDL, write),
        expectations=expectations,
    )
    def copied(rows: Any) -> Any:
        return rows

    return copied


def found(lake: Lake, dataset: Dataset) -> list[tuple[Any, ...]]:
    """Return what readers find, sorted."""
    frame = source_for(dataset).read(lake.spark, dataset, Scope()).frame
    return sorted((tuple(row) for row in frame.select("id", "day", "v").collect()), key=repr)


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


def _read(lake: Lake, dataset: Dataset, **scope: Any) -> Any:
    return source_for(dataset).read(lake.spark, dataset, Scope(**scope))


def _rows_are_read_as_they_are(lake: Lake, dataset: Dataset, land: Land) -> None:
    rows: Rows = [(1, DAY, "a"), (2, DAY, None), (3, DAY, "é \"'\\,")]
    land(rows)

    assert found(lake, dataset) == sorted(rows, key=repr)


def _only_the_interval_is_read(lake: Lake, dataset: Dataset, land: Land) -> None:
    land([(1, DAY, "a"), (2, DAY + timedelta(days=1), "b")])
    interval = containing(parse_instant(str(DAY)), Unit.DAY)

    read = _read(lake, dataset, column="day", interval=interval)

    assert [row["id"] for row in read.frame.collect()] == [1]
    read.recheck()


def _equal_identities_mean_equal_rows(lake: Lake, dataset: Dataset, land: Land) -> None:
    land([(1, DAY, "a")])
    first = _read(lake, dataset).identity
    land([(1, DAY, "b")])

    assert _read(lake, dataset).identity != first


def _what_is_absent_is_said(lake: Lake, dataset: Dataset, _: Land) -> None:
    said = ""
    try:
        _read(lake, dataset)
    except InputError as error:
        said = str(error)
    assert dataset.name in said, f"{dataset.name} is not there, and no InputError names it"
    assert _read(lake, dataset, optional=True).frame.collect() == []


SOURCE: dict[str, Callable[..., None]] = {
    "rows are read as they are": _rows_are_read_as_they_are,
    "only the interval is read": _only_the_interval_is_read,
    "equal identities mean equal rows": _equal_identities_mean_equal_rows,
    "what is absent is an error, or empty where it is optional": _what_is_absent_is_said,
}


def schema() -> Any:
    """Return the columns of the cases' rows."""
    return parse_schema(DDL)
