"""Tables of Redshift, read and published: rows pass through Parquet in S3, statements through the Data API.

A reading is what one UNLOAD wrote: one statement, so one snapshot. It is kept while the step works.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from etl.aws.redshift import Warehouse, opened, run
from etl.errors import InputError, MissingDatasetError
from etl.model.dataset import Dataset
from etl.spark.hadoop import loaded
from etl.spark.kept import keep
from etl.sql import quoted
from etl.storage import postgresql
from etl.storage.fetched import account
from etl.storage.fitting import of_table
from etl.storage.reading import Reading, Scope, check_scope, empty
from etl.storage.redshift_columns import Column, columns, literal, role
from etl.storage.redshift_files import drop, new_folder, unloaded
from etl.storage.redshift_target import changes, consumed, later_intervals, recall, stage, state
from etl.storage.tables import counted, is_taken_back, target_of, within

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["changes", "consumed", "counted", "is_taken_back", "later_intervals", "read", "recall", "stage", "state"]

LARGEST = 256  # MB of a file that UNLOAD writes: some tasks for each slice's share of a large table


def read(session: SparkSession, dataset: Dataset, scope: Scope) -> Reading:
    """Unload the table's rows of the interval, and read what was written.

    The identity is a digest of just these rows; a Spark job makes it.

    Raises:
        InputError: no such table; columns that are not exactly within the declared ones.
        PlatformError: no rights.
        EtlError: the service refuses.
    """
    check_scope(dataset, scope)
    warehouse = opened(target_of(dataset).connection)
    there = columns(warehouse, dataset.table)
    if not there:
        if not (scope.optional or dataset.allow_empty):
            raise MissingDatasetError(
                dataset.name, dataset.uri, what="table", written_here=bool(dataset.written_by), place=dataset.place
            )
        return Reading(frame=empty(session, dataset), identity=None)
    folder = new_folder(warehouse)
    where = within(dataset, scope, {each.name: each.spark for each in there})
    keep(session, partial(drop, session, folder))
    run(warehouse, [unload(warehouse, dataset.table, there, where, folder)])
    files, count = unloaded(session, folder)
    frame = _arrived(session, files, there)
    found, digest = account(frame)
    if found != count:
        raise InputError(
            f"dataset {dataset.name}: Redshift wrote {count} rows to {folder}, and {found} are there",
            remedy="run it again; the target is unchanged",
        )
    fitted, extra = of_table(session, dataset, frame, [(each.name, each.type) for each in there])
    identity = [str(found), digest, ", ".join(f"{each.name} {each.type}" for each in there)]
    return Reading(frame=fitted, identity=identity, ignored=extra)


def unload(warehouse: Warehouse, table: str, there: tuple[Column, ...], where: str, folder: str) -> str:
    """Return the statement that writes a table's rows to a folder as Parquet, and a manifest beside them."""
    query = f"SELECT {', '.join(each.unloaded for each in there)} FROM {postgresql.table_name(table)}"
    query += f" WHERE {where}" if where else ""
    return (
        f"UNLOAD ({literal(query)}) TO {literal(folder + '/')} IAM_ROLE {role(warehouse)} "
        f"FORMAT AS PARQUET MANIFEST VERBOSE MAXFILESIZE {LARGEST} MB"
    )


def _arrived(session: SparkSession, files: list[str], there: tuple[Column, ...]) -> DataFrame:
    """Return the rows of files that UNLOAD wrote, its columns by their place: the names' case is Redshift's own."""
    if not files:
        kinds = ", ".join(f"{quoted(each.name)} {each.spark}" for each in there)
        return session.createDataFrame([], kinds)
    names = [f"_{number}" for number in range(len(there))]
    frame = loaded(session, session.read.format("parquet"), files).toDF(*names)
    return frame.selectExpr(
        *(f"{each.arrived(name)} AS {quoted(each.name)}" for each, name in zip(there, names, strict=True))
    )
