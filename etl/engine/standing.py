"""Whether a publish is in its target already, and if not, why: what ``etl plan --why`` says and a run goes by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from etl.engine.differences import differences
from etl.engine.quarantine import is_whole
from etl.errors import PublishError
from etl.model.plan import PlannedStep
from etl.model.plural import plural
from etl.model.why import State, Why
from etl.model.write import Append, ReplacePartitions, ReplaceTable
from etl.storage.formats import storage_for
from etl.storage.progress import Progress
from etl.storage.staging import Damage, Mark

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NO_NEWS: Mapping[str, Progress] = {}


def why(
    session: SparkSession, planned: PlannedStep, mark: Mark, *, force: bool, progress: Mapping[str, Progress] = NO_NEWS
) -> Why:
    """Say whether this publish is in the target already, whole, and if not what has changed.

    A step that consumes its sources publishes what ``progress`` says is new in them, and nothing else: other code makes
    no other rows of what is consumed.

    An appended interval is, whatever has changed since and even when forced: there is nothing to replace its rows by.
    Unless somebody restored a version of the table from before it.

    Raises:
        PublishError: data files of the target are missing, and the write kind cannot make them again.
    """
    if mark.after is None:
        return Why(State.NEW)
    if mark.consumes:
        return _of_increments(planned, progress)
    last = storage_for(planned.writes).recall(session, planned.writes, mark.name)
    run_id = last.run_id if last else ""
    appended = isinstance(planned.step.target.write, Append)
    same = mark.after.fingerprint == mark.applied.fingerprint
    changed = "" if same else differences(planned, last, mark.applied) or "changed"
    if changed and not appended:
        return Why(State.STALE, changed, run_id)
    if force and not appended:
        return Why(State.FORCED, run_id=run_id)
    spoiled = _spoiled(session, planned, mark, run_id)
    if spoiled is not None or not changed:
        return spoiled or Why(State.UP_TO_DATE, run_id=run_id)
    return Why(State.KEPT, f"appended before, and Append never adds an interval twice; {changed}", run_id)


def _of_increments(planned: PlannedStep, progress: Mapping[str, Progress]) -> Why:
    named = {planned.reads[name].name: each.news for name, each in progress.items()}
    news = "; ".join(f"{dataset}: {said}" for dataset, said in named.items() if said)
    return Why(State.STALE, news) if news else Why(State.UP_TO_DATE, f"nothing new in {', '.join(named)}")


def _spoiled(session: SparkSession, planned: PlannedStep, mark: Mark, run_id: str) -> Why | None:
    """Return what happened to the rows, or to those set aside, after they were published; None where nothing did."""
    storage, target, appended = (
        storage_for(planned.writes),
        planned.writes,
        isinstance(planned.step.target.write, Append),
    )
    if not appended and not is_whole(session, planned, mark):
        return Why(State.STALE, f"{planned.quarantine.name}, which belongs to it, was not published", run_id)
    if storage.is_taken_back(session, target, mark.name):
        return Why(State.STALE, f"{target.name} was restored to a version without its rows", run_id)
    look: Any = getattr(storage, "damage", None)  # not every format can tell
    damage = look(session, target, mark, planned.step.target) if look else None
    return _damaged(planned, mark, damage, run_id) if damage else None


def _damaged(planned: PlannedStep, mark: Mark, damage: Damage, run_id: str) -> Why:
    name, write = planned.writes.name, planned.step.target.write
    where = f"{name} {mark.interval}" if mark.interval else name
    if not damage.missing:
        again = f"etl run {planned.step.name}" + (f" --date {mark.interval}" if mark.interval else "") + " --force"
        mend = "" if isinstance(write, Append) else f"; {again} publishes it again"
        return Why(State.KEPT, f"{where} was changed by another writer ({damage.changed}){mend}", run_id)
    lost = f"{plural(len(damage.missing), 'data file')} of {where} missing ({damage.missing[0]})"
    whole_days = isinstance(write, ReplacePartitions) and planned.step.target.schema.column(write.column).type == "DATE"
    if isinstance(write, ReplaceTable) or whole_days:
        return Why(State.STALE, lost, run_id)
    raise PublishError(
        f"{lost}: {type(write).__name__} cannot make them again, and readers of {name} fail",
        place=planned.step.place,
        remedy=f"restore the files, or RESTORE {name} to a version that does not need them",
    )
