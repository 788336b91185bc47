"""What an incremental step has consumed of its sources: as its target says, and what that means for a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from etl.errors import InputError, ProjectError
from etl.model.marks import interval_marks, partition_mark
from etl.model.plan import PlannedStep
from etl.model.write import Append
from etl.storage.formats import storage_for
from etl.storage.progress import Increment
from etl.storage.reading import Reading
from etl.storage.staging import TargetState

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from etl.engine.extract import Extracted

BACKLOG = "backlog"
"""The metric that says what is left of incremental sources, by name."""


def consumed(session: SparkSession, planned: PlannedStep, mark: str, before: TargetState) -> Mapping[str, str]:
    """Return up to where the step's target has consumed each source, by name; nothing for a step without increments.

    Raises:
        ProjectError: the target's format keeps no such thing; or the target has rows of this step, and nobody knows of
            what: it was published before the step was incremental.
    """
    if not planned.step.incremental:
        return {}
    storage, target = storage_for(planned.writes), planned.writes
    look: Any = getattr(storage, "consumed", None)
    if look is None:
        raise ProjectError(
            f"step {planned.step.name}: a {target.format!r} target cannot keep what the step has consumed of "
            f"{planned.step.incremental[0]!r}",
            place=planned.step.place,
            remedy="publish to a delta or jdbc dataset, or leave out incremental",
        )
    found: Mapping[str, str] | None = look(session, target, mark)
    if before.version is not None and before.applied is None:
        own = interval_marks(target.name), partition_mark(target.name, "")
        found = None if any(storage.later_intervals(session, target, prefix, "") for prefix in own) else found
    if found is None:
        raise ProjectError(
            f"step {planned.step.name}: {target.name} has rows of this step, and nothing says up to where their "
            "sources were consumed: it was published before the step was incremental",
            place=planned.step.place,
            remedy=f"say it: `etl state reset {planned.step.name} --to latest` (all that is there now is in the target)"
            " or `--to earliest` (none of it is)",
        )
    return found


def of(planned: PlannedStep, consumed: Mapping[str, str], ends: dict[str, str]) -> dict[str, Increment]:
    """Return what is to be read of each incremental source, by name."""
    found = {}
    for name in planned.step.incremental:
        source = planned.step.sources[name]
        said = {"column": source.watermark_column, "lookback": source.lookback}
        found[name] = Increment(since=consumed.get(name), until=ends.get(name), **said)  # type: ignore[arg-type]
    return found


def check_again(planned: PlannedStep, name: str, reading: Reading) -> None:
    """Refuse what was consumed before and is there anew, where its rows would be added to those it had.

    Raises:
        InputError: with the first of it.
    """
    again = reading.progress.again if reading.progress else ()
    if not again or not isinstance(planned.step.target.write, Append):
        return
    more = f" (and {len(again) - 1} more)" if len(again) > 1 else ""
    raise InputError(
        f"dataset {planned.reads[name].name}: {again[0]}{more} was consumed before, and is another file now: Append "
        "would add its rows to those it had",
        place=planned.step.place,
        remedy="the target is unchanged; deliver corrections under a new name, or publish with Merge",
    )


def told(extracted: Extracted) -> dict[str, Any]:
    """Return what the result says of increments: what was new, and what is left of the backlog."""
    if not extracted.progress:
        return {}
    news = {name: each.news for name, each in extracted.progress.items()}
    left = {name: each.left for name, each in extracted.progress.items() if each.left}
    return {"consumed": news} | ({BACKLOG: left} if left else {})


def remember(extracted: Extracted, ends: dict[str, str]) -> None:
    """Keep where each source ended when the run first looked at it."""
    for name, progress in extracted.progress.items():
        ends.setdefault(name, progress.end)
