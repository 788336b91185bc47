"""What each kind of write means to Delta's writer: what it replaces, and the folders of a new table."""

from __future__ import annotations

from attrs import frozen
from pyspark.sql import DataFrame

from etl.errors import ProjectError
from etl.model.dataset import folders
from etl.model.write import Append, Merge, ReplaceInterval, ReplacePartitions
from etl.sql import literal, quoted
from etl.storage.reading import interval_predicate
from etl.storage.staging import Publish, ReplaceValue


@frozen(kw_only=True)
class Shape:
    """What a write kind means to Delta's writer."""

    overwrite: bool
    where: str = ""
    partition_by: tuple[str, ...] = ()


def shape(publish: Publish) -> Shape:
    """Return how Delta's writer carries out the step's write kind.

    The rows of a TIMESTAMP's interval are replaced by a condition and the table is not partitioned by it: that would
    be a folder for every instant.

    Raises:
        ProjectError: a replacement by interval without an interval: it would replace the whole table.
    """
    write, columns = publish.write, publish.partition_by
    if isinstance(write, ReplaceValue):
        where = f"{quoted(write.column)} = {literal(write.value)}"
        return Shape(overwrite=True, where=where, partition_by=(write.column,))
    if isinstance(write, ReplacePartitions | ReplaceInterval):
        if publish.interval is None:
            raise ProjectError(
                f"dataset {publish.dataset.name}: {type(write).__name__}({write.column!r}) without an interval would "
                "replace the whole table",
                place=publish.dataset.place,
                remedy="run it for an interval: --date or --from/--to",
            )
        kind = publish.schema.column(write.column).type
        where = interval_predicate(write.column, kind, publish.interval)
        return Shape(overwrite=True, where=where, partition_by=folders(write, publish.schema, columns))
    return Shape(overwrite=not isinstance(write, Append | Merge), partition_by=columns)


def gathered(publish: Publish, columns: tuple[str, ...]) -> DataFrame:
    """Return the rows, those of a partition together where the interval has several days: one file or few for each.

    Else each task of the write would make a file for each day that it has a row of. Costs a shuffle.

    Args:
        publish: what is asked for.
        columns: the table's partition columns.
    """
    rows = publish.frame
    if not columns or publish.interval is None or len(publish.interval.dates()) == 1:
        return rows
    named = ", ".join(map(quoted, columns))
    return rows.sparkSession.sql(f"SELECT /*+ REBALANCE({named}) */ * FROM {{rows}}", rows=rows)  # noqa: S608 quoted
