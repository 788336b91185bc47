"""CSV, JSON and Parquet files, read with the declared schema; rows that do not parse are kept and told.

Spark's own counting of corrupt records is silently wrong when columns are pruned (a bad value in a column nobody
reads is not seen). The engine's observation of a source therefore touches every column, see ``Corrupt.looks``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING
from urllib.parse import unquote

from etl.errors import EtlError, InputError, ProjectError, UnreadableFileError
from etl.model.dataset import REFUSED_OPTIONS, Dataset
from etl.model.schema import Schema
from etl.spark.errors import chain, is_unreadable, summary
from etl.sql import quoted
from etl.storage.content import content
from etl.storage.header import file_columns, read_header
from etl.storage.listing import Listing, head, is_whole, list_files
from etl.storage.reading import Corrupt, Reading, Scope, check_scope, empty

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

CORRUPT = "_corrupt_record"


def read(session: SparkSession, dataset: Dataset, scope: Scope) -> Reading:
    """Read the interval's files, or all where the scope has no column.

    Columns come in the schema's order; a CSV file's header decides which of its columns is which.

    Raises:
        InputError: no files; a header that does not match; bytes that are not what the format says.
        ProjectError: an option that would break what Headrace promises about every row.
    """
    check_scope(dataset, scope)
    _check_options(dataset)
    listing = list_files(session, dataset, scope.column, scope.interval, optional=scope.optional)
    corrupt = _corrupt(dataset) if dataset.format in ("csv", "json") else None
    where = scope.predicate(lambda column: _schema(dataset).column(column).type)
    frame = _frame(session, dataset, listing, corruptible=corrupt is not None)
    return Reading(
        frame=frame.where(where) if where and listing.files else frame,
        identity=content(dataset, listing),
        corrupt=corrupt,
        ignored=listing.ignored,
        recheck=lambda: _recheck(session, dataset, scope, listing),
        explain=lambda error: _explained(session, dataset, listing, error),
    )


def _frame(session: SparkSession, dataset: Dataset, listing: Listing, *, corruptible: bool) -> DataFrame:
    if not listing.files:
        _schema(dataset)
        return empty(session, dataset, {CORRUPT: "STRING"} if corruptible else None)
    if dataset.format == "csv" and dataset.options.get("header", "true") == "true":
        return _by_header(session, dataset, listing)
    return _load(session, dataset, _ddl(dataset, corruptible=corruptible), [f.uri for f in listing.files])


def _corrupt(dataset: Dataset) -> Corrupt:
    looks = (f"CAST({quoted(name)} IS NULL AS INT)" for name in file_columns(dataset))
    return Corrupt(column=CORRUPT, looks=" + ".join(looks) or "1")


def _recheck(session: SparkSession, dataset: Dataset, scope: Scope, before: Listing) -> None:
    """Refuse rows of files that were delivered anew, or went, while they were read.

    Raises:
        InputError: with the first such file.
    """
    now = list_files(session, dataset, scope.column, scope.interval, optional=True).files
    changed = sorted(file.uri for file in set(before.files) ^ set(now))
    if changed:
        raise InputError(
            f"dataset {dataset.name}: {changed[0]} was delivered, changed or removed while the step read it"
            + (f" (and {len(set(changed)) - 1} more)" if len(set(changed)) > 1 else ""),
            place=dataset.place,
            remedy="the target is unchanged; run again once the delivery is whole",
        )


def _explained(session: SparkSession, dataset: Dataset, listing: Listing, error: BaseException) -> EtlError | None:
    """Return an input error if a file that cannot be read is why a write failed.

    Spark 3.5 does not say which file ended too early; then each compressed one is read through, on this path only.
    """
    file = broken_file(session, [file.uri for file in listing.files], error)
    if file is None:
        return None
    return UnreadableFileError(f"dataset {dataset.name}", summary(error), file=file, place=dataset.place)


def _schema(dataset: Dataset) -> Schema:
    if dataset.schema is None:
        raise ProjectError(f"dataset {dataset.name}: format {dataset.format!r} needs a schema", place=dataset.place)
    return dataset.schema


def _check_options(dataset: Dataset) -> None:
    for option in dataset.options:
        if option.lower() in REFUSED_OPTIONS:
            raise ProjectError(
                f"dataset {dataset.name}: option {option!r} would lose or guess rows and is set by Headrace",
                place=dataset.place,
                remedy="remove it; see docs/configuration.md",
            )


def _ddl(dataset: Dataset, *, corruptible: bool) -> str:
    columns = _schema(dataset).nullable().ddl
    return f"{columns}, `{CORRUPT}` STRING" if corruptible else columns


def _load(session: SparkSession, dataset: Dataset, ddl: str, uris: list[str]) -> DataFrame:
    reader = session.read.format(dataset.format).schema(ddl).options(**dataset.options).option("basePath", dataset.uri)
    if dataset.format == "csv":
        reader = reader.options(
            header=dataset.options.get("header", "true"),
            enforceSchema="false",
            mode="PERMISSIVE",
            escape=dataset.options.get("escape", '"'),
            columnNameOfCorruptRecord=CORRUPT,
        )
    if dataset.format == "json":
        reader = reader.options(mode="PERMISSIVE", columnNameOfCorruptRecord=CORRUPT)
    return reader.load([_literal(uri) for uri in uris])


def _literal(uri: str) -> str:
    """Escape what Hadoop would take for a glob: the listing has named every file already."""
    return "".join("\\" + letter if letter in "[]{}*?" else letter for letter in uri)


def _by_header(session: SparkSession, dataset: Dataset, listing: Listing) -> DataFrame:
    """Read files with equal headers together, each group by its own column order."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for file in listing.files:
        if file.size == 0:
            continue
        groups.setdefault(read_header(dataset, file.uri, head(session, file.uri)).names, []).append(file.uri)
    if not groups:
        raise InputError(
            f"dataset {dataset.name}: every file is empty, not even a header ({listing.files[0].uri})",
            place=dataset.place,
            remedy="deliver it again; a day without rows has a header",
        )
    schema = _schema(dataset)
    wanted = [quoted(name) for name in (*schema.names, CORRUPT)]
    frames = []
    for names, uris in groups.items():
        in_files = [
            f"{quoted(name)} {schema.column(name).type if name in schema else 'STRING'}" for name in names
        ]  # an undeclared column is read as text and dropped by the select below
        in_path = [f"{quoted(name)} {schema.column(name).type}" for name in dataset.partitioned_by]
        ddl = ", ".join([*in_files, f"`{CORRUPT}` STRING", *in_path])
        frame = _load(session, dataset, ddl, uris)
        in_order = [name for name in frame.columns if name != CORRUPT] == list(schema.names)
        frames.append(frame if in_order else frame.selectExpr(*wanted))
    return reduce(lambda left, right: left.unionByName(right), frames)


def broken_file(session: SparkSession, uris: Sequence[str], error: BaseException) -> str | None:
    """Return which of the files a Spark job failed to read; None if the failure was no such thing."""
    if not is_unreadable(error):
        return None
    said = " ".join(str(java.getMessage()) for java in chain(error))  # type: ignore[attr-defined]
    named = next((uri for uri in uris if uri in unquote(said)), None)
    return named or next((uri for uri in uris if uri.endswith(".gz") and not is_whole(session, uri)), None)
