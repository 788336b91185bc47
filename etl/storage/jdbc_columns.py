"""Whether a table of a database takes the columns of a publish."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from etl.errors import AnalysisError
from etl.model.dataset import Dataset
from etl.model.schema import Schema
from etl.model.types import holds


class Column(Protocol):
    """What is asked of a database's own account of a column."""

    @property
    def name(self) -> str:
        """As the database has it."""

    @property
    def type(self) -> str:
        """The database's own word."""

    @property
    def required(self) -> bool:
        """It takes no null."""

    @property
    def filled(self) -> bool:
        """The database gives it a value where none is given."""

    @property
    def spark(self) -> str:
        """Spark's type that holds every value of it."""


def check(columns: Iterable[Column], made: Callable[[str], str], dataset: Dataset, schema: Schema) -> None:
    """Refuse declared columns that the table cannot take; one that is not there takes them all.

    Args:
        columns: the table's; none where there is no table.
        made: gives the database's type of a column that is made for a declared one.
        dataset: the table.
        schema: the declared columns.

    Raises:
        AnalysisError: with all that stands against them.
        ProjectError: the database has no type for one.
    """
    for each in schema:
        made(each.type)
    there = {each.name: each for each in columns}
    if not there:
        return
    wrong = [f"{each.name}: the table has no such column" for each in schema if each.name not in there]
    wrong += [
        f"{each.name}: {there[each.name].type} does not hold every {each.type}"
        for each in schema
        if each.name in there and not _takes(there[each.name], each.type, made)
    ]
    declared = {each.name for each in schema}
    wrong += [
        f"{each.name}: takes no null, has no default, and is not declared"
        for each in there.values()
        if each.required and not each.filled and each.name not in declared
    ]
    if wrong:
        raise AnalysisError(
            f"table {dataset.table} cannot take the columns of {dataset.name}: {'; '.join(wrong)}",
            place=dataset.place,
            remedy="ALTER TABLE, or declare what the table has",
        )


def _takes(column: Column, kind: str, made: Callable[[str], str]) -> bool:
    there, given = (text.lower().replace(", ", ",") for text in (column.spark, kind))
    return column.type in {made(kind), "numeric" * (given == "string")} or there == given or holds(there, given)
