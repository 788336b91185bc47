"""Whether a table of a database takes the columns of a publish."""

from __future__ import annotations

from etl.errors import AnalysisError
from etl.model.dataset import Dataset
from etl.model.schema import Schema
from etl.model.types import holds
from etl.storage import postgresql
from etl.storage.database import Database
from etl.storage.jdbc_log import Target


def check(database: Database, target: Target, dataset: Dataset, schema: Schema) -> None:
    """Refuse declared columns that the table cannot take; one that is not there takes them all.

    Raises:
        AnalysisError: with all that stands against them.
        ProjectError: the database has no type for one.
    """
    for each in schema:
        postgresql.made(each.type)
    there = {each.name: each for each in postgresql.columns(database, target.table)}
    if not there:
        return
    wrong = [f"{each.name}: the table has no such column" for each in schema if each.name not in there]
    wrong += [
        f"{each.name}: {there[each.name].type} does not hold every {each.type}"
        for each in schema
        if each.name in there and not _takes(there[each.name], each.type)
    ]
    declared = {each.name for each in schema}
    wrong += [
        f"{each.name}: takes no null, has no default, and is not declared"
        for each in there.values()
        if each.required and not each.filled and each.name not in declared
    ]
    if wrong:
        raise AnalysisError(
            f"table {target.table} cannot take the columns of {dataset.name}: {'; '.join(wrong)}",
            place=dataset.place,
            remedy="ALTER TABLE, or declare what the table has",
        )


def _takes(column: postgresql.Column, kind: str) -> bool:
    there, given = (text.lower().replace(", ", ",") for text in (column.spark, kind))
    return there == given or holds(there, given) or (column.type in {"numeric", "text"} and given == "string")
