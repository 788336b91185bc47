"""The rows of a script step: what its program left, or that it has run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from etl.engine.extract import corrupt_records
from etl.errors import InputError
from etl.model.body import Script
from etl.model.dataset import Dataset
from etl.model.plan import PlannedStep
from etl.model.run import Run
from etl.storage.formats import source_for
from etl.storage.lines import Lines
from etl.storage.objects import parsed
from etl.storage.reading import Corrupt, Reading, Scope
from etl.storage.records import CORRUPT, REASON

SHOWN = 3  # records

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def receipt(session: SparkSession, run: Run, said: str) -> DataFrame:
    """Return the row that says that a program has run."""
    key = run.interval.key if run.interval else ""
    rows: list[Any] = [(run.interval.start if run.interval else None, key, 0, said or None)]
    frame = session.createDataFrame(rows, "start TIMESTAMP, interval STRING, exit_code INT, said STRING")
    return frame.selectExpr("start", "interval", "current_timestamp() AS ended", "exit_code", "said").localCheckpoint()


def left_rows(session: SparkSession, planned: PlannedStep, script: Script, uri: str) -> DataFrame:
    """Return what a program left, read under the contract of files.

    Raises:
        InputError: something in it is no row of the schema: the first ones, with their reasons.
    """
    step = planned.step
    dataset = Dataset(
        name=step.target.dataset,
        format=script.files,
        uri=uri,
        schema=step.target.schema.nullable(),
        options={"header": "true"} if script.files == "csv" else {},
        allow_empty=True,
        place=step.place,
    )
    return _checked(planned, source_for(dataset).read(session, dataset, Scope()))


def line_rows(planned: PlannedStep, lines: DataFrame) -> DataFrame:
    """Return what a program left on executors, lines of JSON, read under the same contract.

    Raises:
        InputError: as ``left_rows``.
    """
    step = planned.step
    schema = step.target.schema.nullable()
    dataset = Dataset(name=step.target.dataset, format="json", uri="", schema=schema, place=step.place)
    frame = parsed(Lines(lines), dataset, dataset.rules)
    return _checked(planned, Reading(frame=frame, identity=None, corrupt=Corrupt(column=CORRUPT, reason=REASON)))


def _checked(planned: PlannedStep, reading: Reading) -> DataFrame:
    step, frame, corrupt = planned.step, reading.frame, reading.corrupt
    if corrupt is None:
        return frame
    records = corrupt_records(reading).limit(SHOWN).collect()
    if records:
        shown = "; ".join(f"{row['_record'][:120]!r} ({row['_reason']})" for row in records)
        said = f"step {step.name}: what the script left is not what its schema says: {shown}"
        raise InputError(said, place=step.place, remedy="mend the script, or the schema; nothing was published")
    return frame.where(f"`{corrupt.column}` IS NULL").drop(corrupt.column, corrupt.reason)
