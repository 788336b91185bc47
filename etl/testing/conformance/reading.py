"""What a format must do that steps read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from etl.errors import InputError
from etl.model.dataset import Dataset
from etl.model.formats import format_of
from etl.model.interval import Unit, containing, parse_instant
from etl.storage.formats import source_for
from etl.storage.reading import Scope
from etl.testing.conformance.case import DAY, Case, Rows, found
from etl.testing.lake import Lake

Land = Callable[[Rows], None]
"""Makes a source hold exactly these rows."""


def reading(name: str) -> tuple[Case, ...]:
    """Return the cases of a format that steps read. Each wants ``case(lake, dataset, land)``."""
    format_of(name)
    return tuple(Case(said, check) for said, check in SOURCE.items())


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
