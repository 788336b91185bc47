"""Up to where incremental steps have consumed their sources: looked up, and said anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import field, frozen

from etl.engine import increments
from etl.engine.extract import extract
from etl.engine.fingerprint import Made
from etl.errors import EtlError, ProjectError
from etl.model import history
from etl.model.marks import mark_name
from etl.model.plan import PlannedStep
from etl.model.write import Append, History
from etl.spark.jvm import no_rows
from etl.storage.formats import source_for, storage_for
from etl.storage.progress import Increment
from etl.storage.reading import Scope
from etl.storage.staging import Applied, Mark, Publish, Published, TargetState

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@frozen(kw_only=True)
class Watermarks:
    """What a step's target says.

    Args:
        publishes: how many batches, and resets, it has had.
        consumed: up to where each source is consumed, by name; a source that is not there is consumed from its
            beginning. None where nobody knows.
        new: what a run would read of each, for people; empty where nothing is new.
    """

    publishes: int
    consumed: Mapping[str, str] | None = field(hash=False)
    new: Mapping[str, str] = field(factory=dict, hash=False)


def watermarks(session: SparkSession, planned: PlannedStep, *, look: bool = False) -> Watermarks:
    """Return what the step's target says, and with ``look`` what is new in its sources.

    Raises:
        InputError: a source that is looked at is missing.
    """
    storage, name = storage_for(planned.writes), mark_name(planned.step, None)
    before = storage.state(session, planned.writes, name)
    publishes = before.applied.generation if before.applied else 0
    consumed = _consumed(session, planned, name, before)
    new: dict[str, str] = {}
    if look and consumed is not None:
        found = extract(session, planned, None, increments.of(planned, consumed, {})).progress
        new = {each: ", then ".join(filter(None, (one.news, one.left))) for each, one in found.items()}
    return Watermarks(publishes=publishes, consumed=consumed, new=new)


def reset(session: SparkSession, planned: PlannedStep, sources: Sequence[str], to: str, run_id: str) -> Published:
    """Say that the step has consumed these sources up to where they end now (``latest``), or nothing (``earliest``).

    It is a publish of the step without a row: a run that is at work meanwhile publishes nothing more.

    Raises:
        ConflictError: a run published meanwhile.
        EtlError: a source is missing; or a history that is not there yet.
    """
    storage, step, name = storage_for(planned.writes), planned.step, mark_name(planned.step, None)
    before = storage.state(session, planned.writes, name)
    known = dict(_consumed(session, planned, name, before) or {})
    for each in sources:
        known.pop(each, None)
        if to == "latest":
            known[each] = _end(session, planned, each)
    schema = step.target.schema
    if isinstance(step.target.write, History):
        if before.version is None:
            raise EtlError(f"step {step.name}: {planned.writes.name} is not there yet", remedy="run the step first")
        schema = history.stored(schema, step.target.write)
    after = before.applied
    applied = Applied(
        generation=after.generation + 1 if after else 1,
        fingerprint=Made(parts=known, details={}).number,
        run_id=run_id,
        watermark=known,
        consumes=True,
    )
    publish = Publish(
        dataset=planned.writes,
        frame=no_rows(session, schema.nullable().ddl),
        schema=schema,
        write=Append(),
        mark=Mark(name=name, after=after, applied=applied, step=step.name),
        partition_by=step.target.folders if before.version is None else before.partition_by,
        version=before.version,
    )
    return storage.stage(session, publish).commit(applied)


def _consumed(session: SparkSession, planned: PlannedStep, name: str, before: TargetState) -> Mapping[str, str] | None:
    """Return what the step has consumed; None where nobody knows."""
    try:
        return increments.consumed(session, planned, name, before)
    except ProjectError:
        return None


def _end(session: SparkSession, planned: PlannedStep, name: str) -> str:
    """Return where a source ends now."""
    dataset = planned.reads[name]
    increment = Increment(column=planned.step.sources[name].watermark_column)
    reading = source_for(dataset).read(session, dataset, Scope(increment=increment, optional=True))
    if reading.progress is None:
        raise EtlError(f"dataset {dataset.name}: nothing is there to be consumed")
    return reading.progress.end
