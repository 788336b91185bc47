"""Parquet, ORC and Avro files: what each file says it stores is compared with what is declared, before a row is read.

Spark asks a reader for the declared types, and readers differ in what they make of it: 15,744 stored as INT and read as
TINYINT is -128. So each file is read with its own types, which is exact, and the rows are then cast to the declared
ones, which is exact too, since ``widening`` lets nothing else through.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pyspark.sql import functions as F

from etl.errors import EtlError, PlatformError, ProjectError, UnreadableFileError, did_you_mean
from etl.model.dataset import Dataset
from etl.spark.causes import causes
from etl.spark.errors import chain, condition_of, summary
from etl.spark.hadoop import loaded
from etl.spark.jvm import java_class
from etl.storage import avro
from etl.storage.content import content
from etl.storage.drift import Fitting, fitted
from etl.storage.fitting import declared_types, typed, undeclared
from etl.storage.folders import folder_text, folder_values
from etl.storage.footers import read_footers
from etl.storage.increments import identity, new_files
from etl.storage.listing import list_files, path_as_written, recheck
from etl.storage.parquet_footers import is_all_null
from etl.storage.reading import Reading, Scope, check_scope, declared_schema, empty

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# For a file that Spark has not written and that does not name its calendar: Arrow, Trino, DuckDB and Hive 4 write dates
# of the calendar that Python and Spark have. A dataset from Hive 2 or 3 says LEGACY.
REBASE = {"datetimeRebaseMode": "CORRECTED", "int96RebaseMode": "CORRECTED"}
OPTIONS: Mapping[str, Mapping[str, str]] = {"parquet": REBASE, "orc": {}, "avro": {"datetimeRebaseMode": "CORRECTED"}}
# Else a setting of Hadoop's passes over Avro files whose names do not end so.
FORCED = {"ignoreExtension": "true"}
# In the trace of a task that failed in a reader, or on what a reader gave; what writes is there too.
READERS = re.compile(
    r"org\.apache\.(?:parquet|orc|avro|spark\.sql\.avro)\.|datasources\.(?:parquet|orc)\.|WritableColumnVector"
)
READ_THROUGH = 100  # files at most, on that path
MODES = ("CORRECTED", "LEGACY", "EXCEPTION")
UTC = frozenset({"UTC", "Etc/UTC", "GMT", "Z", "Etc/UCT", "UCT", "Zulu", "Etc/GMT", "Universal", "Greenwich"})


def read(session: SparkSession, dataset: Dataset, scope: Scope) -> Reading:
    """Read the interval's files, or all where the scope has no column.

    Costs one read of each file's footer, side by side; no Spark job.

    Raises:
        InputError: no files; one that is not of the format, or whose columns are not exactly within the declared ones.
        ProjectError: an option that nobody here reads.
        PlatformError: the times of ORC files would depend on this machine's time zone.
    """
    check_scope(dataset, scope)
    schema, options = declared_schema(dataset), _options(dataset)
    listing = list_files(
        session, dataset, scope.column, scope.interval, optional=scope.optional, required=scope.required
    )
    listing, progress = new_files(dataset, listing, scope.increment)
    folders = folder_values(dataset, [file.uri for file in listing.files])
    declared = declared_types(session, schema)
    in_files = {name: kind for name, kind in declared.items() if name not in dataset.partitioned_by}
    footers = read_footers(session, dataset.format, listing.files)
    fitting = fitted(dataset, in_files, footers, lambda uri, column: _is_null(session, dataset, uri, column))
    if dataset.format == "orc" and fitting:
        _check_zone(session, dataset, in_files)
    frames = [
        typed(_load(session, dataset, group, declared, options), schema, declared, dict(group[0].kinds))
        for group in _groups(fitting)
    ]
    frame = reduce(lambda left, right: left.union(right), frames) if frames else empty(session, dataset)
    for column, values in folders.items():
        text = folder_text(column, values)
        frame = frame.withColumn(column, F.expr(text)) if text and frames else frame
    where = scope.predicate(lambda column: schema.column(column).type)
    return Reading(
        frame=frame.where(where) if where and frames else frame,
        identity=content(dataset, listing) if progress is None else identity(scope.increment, progress),
        progress=progress,
        ignored=(*listing.ignored, *undeclared(fitting)),
        recheck=lambda: recheck(session, dataset, scope.column, scope.interval, listing, only=progress is not None),
        explain=lambda error: _explained(
            dataset, fitting, error, lambda each: _load(session, dataset, [each], declared, options)
        ),
    )


def _options(dataset: Dataset) -> dict[str, str]:
    """Return what the format's reader is asked for, in Spark's own spelling."""
    known = {name.casefold(): name for name in OPTIONS[dataset.format]}
    given = dict(OPTIONS[dataset.format])
    for option, value in dataset.options.items():
        name = known.get(option.casefold())
        if name is None or value.upper() not in MODES:
            what = f"option {option!r}" if name is None else f"option {option} = {value!r}"
            allowed = did_you_mean(option, list(known.values())) if name is None else f"one of {', '.join(MODES)}"
            raise ProjectError(
                f"dataset {dataset.name}: {what} is not one of format {dataset.format!r} ({allowed})",
                place=dataset.place,
                remedy="remove it; see docs/reading-columnar.md",
            )
        given[name] = value.upper()
    return given


def _groups(fitting: Sequence[Fitting]) -> list[list[Fitting]]:
    """Put files together that are read alike: with the same types, and the same calendar."""
    groups: dict[tuple[str, bool], list[Fitting]] = {}
    for each in fitting:
        groups.setdefault((json.dumps(each.kinds), each.footer.proleptic), []).append(each)
    return list(groups.values())


def _load(
    session: SparkSession,
    dataset: Dataset,
    group: Sequence[Fitting],
    declared: Mapping[str, Any],
    options: Mapping[str, str],
) -> DataFrame:
    from pyspark.sql.types import StructType

    in_path = [(name, declared[name]) for name in dataset.partitioned_by]
    fields = [
        {"name": name, "type": kind, "nullable": True, "metadata": {}} for name, kind in (*group[0].kinds, *in_path)
    ]
    reader = session.read.format(avro.READER if dataset.format == "avro" else dataset.format)
    reader = reader.schema(StructType.fromJson({"type": "struct", "fields": fields}))
    calendar = {} if group[0].footer.proleptic else {"datetimeRebaseMode": "LEGACY"}
    reader = reader.options(**{**options, **calendar, **FORCED}, basePath=dataset.uri)
    return loaded(session, reader, [path_as_written(each.footer.uri) for each in group])


def _is_null(session: SparkSession, dataset: Dataset, uri: str, column: str) -> bool:
    return dataset.format == "parquet" and is_all_null(session, uri, column)


def _check_zone(session: SparkSession, dataset: Dataset, declared: Mapping[str, Any]) -> None:
    """Refuse ORC's times where the JVM is not in UTC: ORC keeps a wall clock, and Spark takes it for the machine's."""
    zone = str(java_class(session, "java.util.TimeZone").getDefault().getID())
    timed = next((name for name, kind in declared.items() if '"timestamp' in json.dumps(kind)), None)
    if timed and zone not in UTC:
        option = "-Duser.timezone=UTC"
        raise PlatformError(
            f"dataset {dataset.name}: column {timed!r} of an ORC file is a wall clock, and Java's time zone is {zone}",
            place=dataset.place,
            remedy=f'set "spark.driver.extraJavaOptions" and "spark.executor.extraJavaOptions" to {option}',
        )


def _explained(
    dataset: Dataset, fitting: Sequence[Fitting], error: BaseException, load: Callable[[Fitting], DataFrame]
) -> EtlError | None:
    """Return an input error if one of the files is why a write failed.

    A value that is looked up in a broken dictionary fails long after its page was read, and no message names the file.
    Then each file is read through by itself, on this path only.
    """
    if condition_of(causes(error)) not in {None, UnreadableFileError}:
        return None
    said = unquote(" ".join(str(java.getMessage()) for java in chain(error)))  # type: ignore[attr-defined]
    uris = [each.footer.uri for each in fitting]
    file = next((uri for uri in uris if uri in said), None)
    if file is None and READERS.search(said):
        file = next((each.footer.uri for each in fitting[:READ_THROUGH] if _is_broken(load(each))), None)
    if file is None:
        return None
    return UnreadableFileError(f"dataset {dataset.name}", summary(error), file=file, place=dataset.place)


def _is_broken(frame: DataFrame) -> bool:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        frame.write.format("noop").mode("overwrite").save()
    except (Py4JError, PySparkException):
        return True
    return False
