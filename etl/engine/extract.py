"""EXTRACT: each source's rows for the interval, counted, without the rows that did not parse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from etl.engine.fingerprint import partition_id
from etl.engine.meter import ROWS, Reading, observe
from etl.errors import EtlError, InputError
from etl.model.dataset import Dataset, Source
from etl.model.interval import Interval
from etl.model.plan import PlannedStep
from etl.spark.errors import summary
from etl.storage import files
from etl.storage.formats import storage_for

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

CORRUPT_ROWS = f"count_if({files.CORRUPT} IS NOT NULL)"
SAMPLE = 3  # corrupt records shown in the error


@frozen
class Extracted:
    """A step's sources.

    Args:
        frames: what the transformation gets, by source name.
        readings: the row counts that will be known after the write, by source name.
        raw: frames with the corrupt rows, of sources that can have them.
        inputs: what identifies each source's content, for the fingerprint.
        ignored: files that were passed over, by source name.
    """

    frames: Mapping[str, DataFrame] = field(hash=False)
    readings: Mapping[str, Reading] = field(hash=False)
    raw: Mapping[str, DataFrame] = field(hash=False)
    inputs: Mapping[str, Any] = field(hash=False)
    ignored: Mapping[str, tuple[str, ...]] = field(hash=False)


def extract(session: SparkSession, planned: PlannedStep, interval: Interval | None) -> Extracted:
    """Read every source of the step; runs no Spark job over the rows.

    Rows are counted by an observation only where the format can hold corrupt rows, or where the step's ``conserve``
    asks for it: an observation keeps Spark from pushing the transformation's filters into the scan.

    Raises:
        InputError: a source is missing, or not what it was declared to be.
    """
    frames: dict[str, DataFrame] = {}
    readings: dict[str, Reading] = {}
    raw: dict[str, DataFrame] = {}
    inputs: dict[str, Any] = {}
    ignored: dict[str, tuple[str, ...]] = {}
    for name, source in planned.step.sources.items():
        dataset = planned.reads[name]
        column = source.interval_column
        if dataset.format == "delta":
            frame, inputs[name] = _table(session, dataset, source, interval)
            measures = [ROWS] if planned.step.conserve == name else []
        else:
            reading = files.read(session, dataset, column, interval, optional=source.optional)
            frame, ignored[name] = reading.frame, reading.listing.ignored
            inputs[name] = [[file.uri, file.size, file.modified] for file in reading.listing.files]
            measures = [ROWS, CORRUPT_ROWS, files.touch(dataset)] if reading.corruptible else [ROWS]
            if reading.corruptible:
                raw[name] = frame
        if measures:
            frame, readings[name] = observe(frame, measures)
        if name in raw:
            frame = frame.where(f"{files.CORRUPT} IS NULL").drop(files.CORRUPT)
        frames[name] = frame
    return Extracted(frames, readings, raw, inputs, ignored)


def _table(session: SparkSession, dataset: Dataset, source: Source, interval: Interval | None) -> tuple[DataFrame, Any]:
    """Read a table, and say what identifies what was read.

    Where the writer replaces whole partitions, that is its last publish of this interval: other days may change the
    table without changing what this run reads.
    """
    storage = storage_for(dataset)
    column = source.interval_column
    by_interval = bool(column and interval and dataset.written_by)
    app = partition_id(dataset.name, interval) if by_interval and interval else ""
    state = storage.state(session, dataset, app)
    if state.version is None and source.optional and dataset.schema is not None:
        return session.createDataFrame([], dataset.schema.nullable().ddl), None
    frame = storage.read(session, dataset, column, interval)
    return frame, f"publish {state.applied}" if by_interval and state.applied else f"version {state.version}"


def refuse_corrupt(planned: PlannedStep, extracted: Extracted, counts: Mapping[str, int]) -> None:
    """Fail if a source whose policy is ``fail`` had rows that did not parse.

    Costs one Spark job, on this failure path only, to show the first of them.

    Raises:
        InputError: the count, the policy, and up to three of the records.
    """
    for name, corrupt in counts.items():
        dataset = planned.reads[name]
        if not corrupt or dataset.on_corrupt != "fail":
            continue
        shown = corrupt_rows(extracted, name).limit(SAMPLE).collect()
        records = "; ".join(f"{row['_file'].rsplit('/', 1)[-1]}: {row['_record'][:120]!r}" for row in shown)
        raise InputError(
            f"dataset {dataset.name}: {corrupt} corrupt {'row' if corrupt == 1 else 'rows'}; {records}",
            place=dataset.place,
            remedy='the target is unchanged; mend the delivery, or set on_corrupt = "quarantine" to keep them aside',
        )


def corrupt_rows(extracted: Extracted, name: str) -> DataFrame:
    """Return a source's corrupt records as ``_record`` and ``_file``.

    Every column takes part in the filter, else the parser would skip the values that do not parse. A condition that
    Spark can see is always true, such as ``hash(…) IS NOT NULL``, would be optimised away together with the columns.
    """
    frame = extracted.raw[name]
    looked = frame.selectExpr(
        f"{files.CORRUPT} AS _record", "input_file_name() AS _file", f"{files.nulls(frame.columns)} AS _nulls"
    )
    return looked.where("_record IS NOT NULL AND _nulls >= 0").select("_record", "_file")


def unreadable(session: SparkSession, planned: PlannedStep, extracted: Extracted, error: EtlError) -> EtlError:
    """Return an input error if a file that cannot be read is why the write failed, else the error as it came.

    Spark 3.5 does not say which file ended too early; then each compressed one is read through, on this path only.
    """
    for name, inputs in extracted.inputs.items():
        dataset = planned.reads[name]
        if dataset.format == "delta" or error.__cause__ is None:
            continue
        file = files.broken_file(session, [uri for uri, _, _ in inputs], error.__cause__)
        if file:
            return InputError(
                f"dataset {dataset.name}: {file} cannot be read: {summary(error.__cause__)}", place=dataset.place,
                remedy="deliver the file again, whole; the target is unchanged",
            )  # fmt: skip
    return error
