"""A promise of a format, the rows it is tried with, and what readers find of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from attrs import frozen

from etl.model.dataset import Dataset
from etl.model.schema import parse_schema
from etl.storage.formats import source_for
from etl.storage.reading import Scope
from etl.testing.lake import Lake

DDL = "id INT, day DATE, v STRING"
DAY = date(2013, 2, 8)
Rows = Sequence[tuple[int, date, str | None]]


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


def found(lake: Lake, dataset: Dataset) -> list[tuple[Any, ...]]:
    """Return what readers find, sorted."""
    frame = source_for(dataset).read(lake.spark, dataset, Scope()).frame
    return sorted((tuple(row) for row in frame.select("id", "day", "v").collect()), key=repr)


def schema() -> Any:
    """Return the columns of the cases' rows."""
    return parse_schema(DDL)
