"""PUBLISH: whether there is anything to publish, what the target's log will say of it, and the commits themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from etl.engine import fingerprint
from etl.engine.extract import Extracted
from etl.engine.fence import Fence
from etl.engine.quarantine import Quarantine
from etl.errors import ConflictError, LockedError, OutOfOrderError, PublishError, QuarantineError, RefusedPartitionError
from etl.model.marks import interval_marks
from etl.model.plan import PlannedStep
from etl.model.run import Run
from etl.model.why import Why
from etl.model.write import Append, Merge, ReplaceTable, Write
from etl.storage.formats import storage_for
from etl.storage.staging import Applied, Mark, Published, Staged, TargetState

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


NOTHING: Mapping[str, str] = {}


@frozen(kw_only=True)
class Notes:
    """What people should know of a publish: facts, and warnings that the step's status shows."""

    facts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def mark(
    planned: PlannedStep,
    run: Run,
    spark_version: str,
    name: str,
    before: TargetState,
    extracted: Extracted,
    consumed: Mapping[str, str] = NOTHING,
) -> Mark:
    """Return what this publish will say in the target's log, and what it follows there.

    ``consumed`` is what the step had consumed of its incremental sources, by name; those it has no more are kept.
    """
    made, after = fingerprint.made(planned, run, spark_version, extracted.inputs), before.applied
    applied = Applied(
        generation=after.generation + 1 if after else 1,
        fingerprint=made.number,
        parts=made.parts,
        details=made.details,
        run_id=run.run_id,
        watermark={**consumed, **extracted.watermark},
        consumes=bool(planned.step.incremental),
    )
    key = run.interval.key if run.interval else None
    return Mark(name=name, after=after, applied=applied, step=planned.step.name, interval=key)


def notes(session: SparkSession, planned: PlannedStep, why: Why, run: Run, *, force: bool) -> Notes:
    """Return what a publish that follows another changes, and what it may undo.

    Raises:
        OutOfOrderError: a ``Merge`` with deletions for an interval before one that was merged already: keys deleted
            since then would come back.
    """
    storage, write = storage_for(planned.writes), planned.step.target.write
    facts = (f"published again: {why.reason}",) if why.reason else ()
    if not isinstance(write, Merge) or run.interval is None or not planned.step.by_interval:
        return Notes(facts=facts)
    later = storage.later_intervals(
        session, planned.writes, interval_marks(planned.step.target.dataset), run.interval.key
    )
    if later and write.apply_as_deletes and not force:
        raise OutOfOrderError(planned.step.name, run.interval.key, later, planned.step.place)
    if later and not write.sequence_by:
        said = f"merged after {later[-1]}: where both have a key, the values of {run.interval.key} stand now"
        return Notes(facts=facts, warnings=(said,))
    return Notes(facts=facts)


def partitioned(planned: PlannedStep, before: TargetState) -> PlannedStep:
    """Return the step with the partition columns that its publish goes by.

    Those are the target's own. Only a whole replacement gives a table others, where the step declares some.
    """
    target = planned.step.target
    if before.version is None or (isinstance(target.write, ReplaceTable) and target.partition_by):
        return planned
    return _by(planned, [column for column in before.partition_by if column in target.schema])


def unpartitioned(planned: PlannedStep, before: TargetState, error: RefusedPartitionError) -> PlannedStep:
    """Return the step without the partition columns that cannot hold its rows, where no table is partitioned by them.

    Raises:
        RefusedPartitionError: the table is there, and partitioned so.
    """
    target = planned.step.target
    if set(error.columns) & set(before.partition_by):
        raise error
    return _by(planned, [column for column in target.partition_by if column not in error.columns])


def not_partitioned(notes: Notes, error: RefusedPartitionError) -> Notes:
    """Return the notes of a publish whose table is not partitioned as declared."""
    said = f"not partitioned by {', '.join(error.columns)}: an empty text there would come back as null"
    return evolve(notes, warnings=(*notes.warnings, said))


def _by(planned: PlannedStep, columns: Sequence[str]) -> PlannedStep:
    target = evolve(planned.step.target, partition_by=tuple(columns))
    return evolve(planned, step=evolve(planned.step, target=target))


def publish(staged: Staged, quarantine: Quarantine, write: Write, fence: Fence) -> Published:
    """Commit the target and its quarantine, so that no row is ever missing from both.

    Both are staged by then; what follows the first commit is the second. The target's comes first: it says that a
    quarantine belongs to it, and a run that finds none, or another's, publishes both again. An ``Append`` cannot do
    that, nor a step that consumes its sources, so its quarantine comes first; a re-run replaces it.

    Raises:
        LockedError: the run does not hold the target any more; nothing is published.
        QuarantineError: the target is published, its quarantine is not.
    """
    first, side = isinstance(write, Append) or staged.publish.mark.consumes, None
    try:
        side = quarantine.stage() if quarantine.is_needed else None
        fence(quarantine.planned.writes.uri)  # after all that takes time, before the first commit
        if side and first:
            quarantine.commit(side)
    except BaseException as error:
        discard(staged)
        if side and isinstance(error, LockedError):
            side.drop()
        raise
    try:
        published = staged.commit(evolve(staged.publish.mark.applied, aside=side is not None))
    except (ConflictError, PublishError):
        discard(staged)  # only where the commit is known to have failed: else the log may name the files
        if side and not first:
            side.drop()
        raise
    if side and not first:
        try:
            quarantine.commit(side)
        except Exception as error:
            planned = quarantine.planned
            raise QuarantineError(planned.step.name, planned.quarantine.name, error, planned.step.place) from error
    staged.drop_aside()
    return published


def discard(staged: Staged) -> None:
    """Delete what was staged and not published: no log names it."""
    staged.drop()
    staged.drop_aside()
