"""What a job waits for outside the lake, as values; ``etl.wait`` makes them, ``etl.schedule.preconditions`` asks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from attrs import field, frozen

from etl.errors import DefinitionError, UsageError
from etl.model.duration import duration

TIMEOUT, POLL = timedelta(hours=2), timedelta(minutes=1)


def _span(name: str, value: Any) -> timedelta:
    try:
        return duration(value)
    except UsageError as error:
        raise DefinitionError(f"{name}={value!r}: {error.message}", remedy=error.remedy) from None


def _timeout(value: Any) -> timedelta:
    return _span("timeout", value)


def _poll(value: Any) -> timedelta:
    return _span("poll", value)


@frozen(kw_only=True)
class Precondition:
    """Something that must be so before an interval of a job begins.

    Args:
        timeout: an interval that has waited so long for it fails.
        poll: what passes between two questions.
    """

    timeout: timedelta = field(default=TIMEOUT, converter=_timeout)
    poll: timedelta = field(default=POLL, converter=_poll)


@frozen
class KeyExists(Precondition):
    """An object, or a local file, exists. Source: Data Pipeline's ``S3KeyExists``."""

    uri: str

    def __str__(self) -> str:
        return f"{self.uri} exists"


@frozen
class PrefixNotEmpty(Precondition):
    """An object whose key begins with a prefix exists, or a local folder holds a file. Source: ``S3PrefixNotEmpty``."""

    uri: str

    def __str__(self) -> str:
        return f"{self.uri} is not empty"


@frozen
class SuccessMarker(Precondition):
    """``_SUCCESS`` lies in a folder, or in a dataset's (``zone.name``)."""

    where: str

    def __str__(self) -> str:
        return f"_SUCCESS lies in {self.where}"


@frozen
class TableExists(Precondition):
    """A table of DynamoDB is there and active. Source: Data Pipeline's ``DynamoDBTableExists``."""

    table: str
    region: str = ""

    def __str__(self) -> str:
        return f"DynamoDB's table {self.table} exists"


@frozen
class TableHasData(Precondition):
    """A table of DynamoDB holds an item. Source: Data Pipeline's ``DynamoDBDataExists``."""

    table: str
    region: str = ""

    def __str__(self) -> str:
        return f"DynamoDB's table {self.table} has data"


@frozen
class PartitionExists(Precondition):
    """A dataset has rows in a partition: of a folder layout, of a Delta log, or of a table in the Glue Data Catalog.

    Args:
        dataset: ``zone.name``.
        values: partition column to value; templates of the interval are filled in.
        table: ``database.table`` of the Glue Data Catalog, to be asked instead of the storage.
    """

    dataset: str
    values: tuple[tuple[str, str], ...]
    table: str = ""

    def __str__(self) -> str:
        return f"{self.table or self.dataset} has {'/'.join(f'{name}={value}' for name, value in self.values)}"


@frozen
class RowsReturned(Precondition):
    """A query of a database finds a row.

    Args:
        sql: the query; templates of the interval are filled in.
        connection: one of ``[connections]``.
    """

    sql: str
    connection: str

    def __str__(self) -> str:
        return f"{self.connection} returns a row of: {' '.join(self.sql.split())}"


@frozen
class CommandSucceeds(Precondition):
    """A program ends with exit code 0. Source: Data Pipeline's ``ShellCommandPrecondition``."""

    argv: tuple[str, ...]

    def __str__(self) -> str:
        return f"{' '.join(self.argv)} succeeds"
