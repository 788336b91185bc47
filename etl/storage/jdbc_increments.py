"""What is new in a table of a database: the rows above the greatest value so far of a column that grows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

from attrs import frozen

from etl.errors import InputError, ProjectError
from etl.model.dataset import Dataset
from etl.model.plural import plural
from etl.storage.database import Database
from etl.storage.jdbc_columns import Column
from etl.storage.progress import Increment, Progress
from etl.storage.vendors import words_of

NUMBERS = ("TINYINT", "SMALLINT", "INT", "BIGINT", "DECIMAL")
TIMES = ("DATE", "TIMESTAMP")


@frozen
class Watermark:
    """The greatest value of a column, as the database writes it; None where the table has no rows."""

    column: str
    value: str | None

    @property
    def text(self) -> str:
        """It as a position."""
        return json.dumps({"column": self.column, "value": self.value})

    @staticmethod
    def of(text: str) -> Watermark:
        """Return the watermark that a position says."""
        return Watermark(**json.loads(text))


def rows_above(
    dataset: Dataset, database: Database, increment: Increment, columns: Sequence[Column]
) -> tuple[str, Progress]:
    """Return the condition of the rows that an increment reads, and what of it; looked at in the reading's snapshot.

    A row whose value is null is never new.

    Raises:
        InputError: the table has no such column, or the step has consumed it by another one.
        ProjectError: no column is said; or it has no order that grows, or ``lookback`` is no distance in it.
    """
    column, words = _column(dataset, increment, columns), words_of(database.connection)
    name, table = words.quoted(column.name), words.table_name(dataset.table)
    since = Watermark.of(increment.since) if increment.since else Watermark(column.name, None)
    if since.column != column.name:
        raise InputError(
            f"dataset {dataset.name}: the step has consumed it by {since.column!r}, and is to go on by {column.name!r}",
            place=dataset.place,
            remedy="the target is unchanged; say from where to go on: `etl state reset STEP --to earliest` or `latest`",
        )
    if increment.until is None:
        ((greatest,),) = database.rows(f"SELECT {words.text(f'max({name})')} FROM {table}")
        end = Watermark(column.name, None if greatest is None else str(greatest))
    else:
        end = Watermark.of(increment.until)
    if end.value is None:
        return "false", Progress(upto=since.text, end=end.text)
    new = upto = f"{name} <= {words.literal(end.value, column)}"
    if since.value is not None:
        new = f"{name} > {words.literal(since.value, column)} AND {upto}"
    ((count,),) = database.rows(f"SELECT count(*) FROM {table} WHERE {new}")
    if not int(count):
        return "false", Progress(upto=since.text, end=end.text)
    progress = Progress(upto=end.text, end=end.text, news=plural(int(count), "new row"))
    if since.value is None or increment.lookback is None:
        return new, progress
    below = words.earlier(words.literal(since.value, column), increment.lookback)
    return f"{name} > {below} AND {upto}", progress


def _column(dataset: Dataset, increment: Increment, columns: Sequence[Column]) -> Column:
    if increment.column is None:
        raise ProjectError(
            f"dataset {dataset.name}: a table of a database does not tell what is new in it",
            place=dataset.place,
            remedy='say by which column: Source(…, incremental=True, watermark_column="updated_at")',
        )
    found = next((each for each in columns if each.name == increment.column), None)
    if found is None:
        raise InputError(
            f"dataset {dataset.name}: {dataset.table} has no column {increment.column!r}, which says what is new",
            place=dataset.place,
        )
    kind, back = found.type, increment.lookback
    if not found.spark.startswith((*NUMBERS, *TIMES)):
        raise ProjectError(
            f"dataset {dataset.name}: {found.name} is {kind}; a watermark_column is a number, a date or a timestamp",
            place=dataset.place,
        )
    if back is not None and isinstance(back, timedelta) != found.spark.startswith(TIMES):
        raise ProjectError(
            f"dataset {dataset.name}: lookback={back!r} is no distance in {found.name}, which is {kind}",
            place=dataset.place,
            remedy="a timedelta for times, a number for numbers",
        )
    return found
