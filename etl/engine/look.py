"""What a step would read and publish: its sources as they are now, its mark, and whether there is anything to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from etl.engine import increments, publishing, standing
from etl.engine.extract import Extracted, extract
from etl.model.plan import PlannedStep
from etl.model.run import Run
from etl.model.why import Why
from etl.storage.staging import Mark, TargetState

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@frozen
class Look:
    """A step's sources, what its publish will say in the target's log, and why it runs or not."""

    extracted: Extracted
    mark: Mark
    why: Why


def look(
    session: SparkSession,
    planned: PlannedStep,
    run: Run,
    name: str,
    before: TargetState,
    *,
    ends: dict[str, str],
    force: bool = False,
) -> Look:
    """Look at the step's sources; runs no Spark job over their rows.

    Args:
        session: the step's own.
        planned: the step.
        run: for which interval, with which parameters.
        name: of the step's mark.
        before: what the target says.
        ends: where each incremental source ended when the run first looked; those that are not there are added.
        force: publish even what is published already.

    Raises:
        InputError: a source is missing, or not what it was declared to be.
        ProjectError: nobody knows what the step has consumed.
    """
    consumed = increments.consumed(session, planned, name, before)
    extracted = extract(session, planned, run.interval, increments.of(planned, consumed, ends))
    increments.remember(extracted, ends)
    mark = publishing.mark(planned, run, session.version, name, before, extracted, consumed)
    return Look(extracted, mark, standing.why(session, planned, mark, force=force, progress=extracted.progress))
