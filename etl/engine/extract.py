"""EXTRACT: each source's rows for the interval, counted, without the records that did not parse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from etl.engine.increments import check_again
from etl.engine.meter import ROWS, Observed, observe
from etl.errors import CorruptRowsError, EtlError
from etl.model.dataset import Dataset
from etl.model.interval import Interval
from etl.model.plan import PlannedStep
from etl.sql import quoted
from etl.storage.formats import source_for
from etl.storage.progress import Increment, Progress
from etl.storage.reading import HEADER_AGAIN, Reading, Scope
from etl.storage.sniff import guessed_encoding

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row, SparkSession

SAMPLE = 3  # corrupt records shown in the error
FILE = "url_decode(replace(input_file_name(), '+', '%2B'))"  # Spark names it as a URI, with %20 for a blank
COLUMNS = ("_record", "_reason", "_file")
NOTHING_BEFORE: Mapping[str, Increment] = {}


@frozen
class Extracted:
    """A step's sources.

    Args:
        frames: what the transformation gets, by source name.
        observed: the row counts that will be known after the write, by source name.
        readings: the sources as they were read, by source name.
    """

    frames: Mapping[str, DataFrame] = field(hash=False)
    observed: Mapping[str, Observed] = field(hash=False)
    readings: Mapping[str, Reading] = field(hash=False)

    @property
    def inputs(self) -> dict[str, Any]:
        """What identifies each source's content, for the fingerprint."""
        return {name: reading.identity for name, reading in self.readings.items()}

    @property
    def watermark(self) -> dict[str, str]:
        """Up to where each source was read."""
        found = {name: each.progress.upto if each.progress else each.upto for name, each in self.readings.items()}
        return {name: upto for name, upto in found.items() if upto is not None}

    @property
    def progress(self) -> dict[str, Progress]:
        """What was new in each source of which only that is read."""
        return {name: reading.progress for name, reading in self.readings.items() if reading.progress}

    @property
    def ignored(self) -> dict[str, tuple[str, ...]]:
        """Files that were passed over."""
        return {name: reading.ignored for name, reading in self.readings.items()}

    def recheck(self) -> None:
        """Refuse rows of a source that changed while it was read.

        Raises:
            InputError: with what changed.
        """
        for reading in self.readings.values():
            reading.recheck()

    def explained(self, error: BaseException) -> EtlError | None:
        """Return the source's own error if a source is why a write failed."""
        found = (reading.explain(error) for reading in self.readings.values())
        return next((source for source in found if source is not None), None)


def extract(
    session: SparkSession,
    planned: PlannedStep,
    interval: Interval | None,
    increments: Mapping[str, Increment] = NOTHING_BEFORE,
) -> Extracted:
    """Read every source of the step, of an incremental one only its increment; runs no Spark job over the rows.

    Rows are counted by an observation only where a record may not parse, or where the step's ``conserve`` asks for it:
    an observation keeps Spark from pushing the transformation's filters into the scan.

    Raises:
        InputError: a source is missing, or not what it was declared to be.
    """
    frames: dict[str, DataFrame] = {}
    observed: dict[str, Observed] = {}
    readings: dict[str, Reading] = {}
    for name, source in planned.step.sources.items():
        scope = Scope(
            column=source.interval_column,
            interval=None if source.incremental else source.reads(interval),
            required=interval if source.lookback and not source.incremental else None,
            optional=source.optional,
            increment=increments.get(name, Increment()) if source.incremental else None,
        )
        readings[name] = reading = source_for(planned.reads[name]).read(session, planned.reads[name], scope)
        check_again(planned, name, reading)
        frame, corrupt = reading.frame, reading.corrupt
        measures = [ROWS, reading.rows, *((corrupt.count,) if corrupt else ())]
        if corrupt or planned.step.conserve == name:
            frame, observed[name] = observe(frame, measures)
        if corrupt:
            frame = frame.where(f"{quoted(corrupt.column)} IS NULL").drop(*corrupt.columns)
        frames[name] = frame
    return Extracted(frames, observed, readings)


def refuse_corrupt(
    planned: PlannedStep, extracted: Extracted, counts: Mapping[str, int], read: Mapping[str, int]
) -> None:
    """Fail if a source had more records that did not parse than its policy allows.

    Costs one Spark job, on this failure path only, to show the first of them.

    Raises:
        CorruptRowsError: the count, the policy, and up to three of the records.
    """
    for name, count in counts.items():
        dataset = planned.reads[name]
        allowed = dataset.max_corrupt if dataset.on_corrupt == "quarantine" else 0.0
        if count <= allowed * read.get(name, count):
            continue
        found = corrupt_records(extracted.readings[name]).limit(SAMPLE)
        shown = found.selectExpr("*", "CAST(_record AS BINARY) AS _bytes").collect()
        records = [_shown(dataset, row) for row in shown]
        raise CorruptRowsError(dataset.name, count, records, place=dataset.place, allowed=allowed)


def _shown(dataset: Dataset, row: Row) -> str:
    reason, stored = row["_reason"] + _goes_on(dataset, row["_record"]), bytes(row["_bytes"])
    try:
        stored.decode()
    except UnicodeDecodeError as error:
        reason += f"; byte {stored[error.start]:#x}: perhaps encoding = {guessed_encoding(stored)!r}"
    return f"{row['_file'].rsplit('/', 1)[-1]}: {row['_record'][:120]!r} ({reason})"


def _goes_on(dataset: Dataset, text: str) -> str:
    """Say that a record may go on in the next line, where what is there of it ends open."""
    opened = {"csv": text.count(dataset.spark_options.get("quote", '"')) % 2, "json": text.count("{") - text.count("}")}
    if not opened.get(dataset.format) or dataset.spark_options.get("multiLine", "false").lower() == "true":
        return ""
    return '; over several lines: options = { multiLine = "true" }'


def corrupt_records(reading: Reading) -> DataFrame:
    """Return a source's corrupt records as ``_record``, ``_reason`` and ``_file``; none where every record is a row.

    A header that a file repeats is corrupt as often as it is repeated: the first of each file is its header.
    """
    frame, corrupt = reading.frame, reading.corrupt
    if corrupt is None:
        return frame.selectExpr(*(f"CAST(NULL AS STRING) AS {name}" for name in COLUMNS)).limit(0)
    records = frame.selectExpr(
        f"{quoted(corrupt.column)} AS _record",
        f"{quoted(corrupt.reason)} AS _reason",
        f"{quoted(corrupt.place) if corrupt.place else FILE} AS _file",
    ).where("_record IS NOT NULL")
    if not corrupt.headers:
        return records
    again = records.where(f"_reason = '{HEADER_AGAIN}'").groupBy(*COLUMNS).count()
    repeated = again.selectExpr(*COLUMNS, "explode(array_repeat(1, CAST(count AS INT) - 1)) AS _").select(*COLUMNS)
    return records.where(f"_reason <> '{HEADER_AGAIN}'").select(*COLUMNS).unionByName(repeated)
