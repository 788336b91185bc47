"""TRANSFORM: the job's own function on the extracted frames, then exactly the target's columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

from etl.engine.boundary import user_code
from etl.engine.declared import conditions
from etl.engine.meter import Observed, counted
from etl.engine.room import Room
from etl.engine.script import scripted
from etl.engine.statements import carried_out
from etl.errors import AnalysisError, TransformError, did_you_mean
from etl.kinds.values import seen
from etl.model.accounting import Collector, Drop, collecting
from etl.model.names import DELETES
from etl.model.plan import PlannedStep
from etl.model.run import Run
from etl.model.types import fits
from etl.model.write import History, Merge
from etl.spark.jvm import struct_type
from etl.sql import quoted

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@frozen
class Transformed:
    """A step's rows with exactly the target's columns, and the drops its transformation named."""

    frame: DataFrame
    drops: tuple[Drop, ...]

    def dropped(self, kind: str, rows: Callable[[Observed], int]) -> dict[str, int]:
        """Return the rows dropped, by rule or key; ``rows`` gives what each observation counted."""
        counts: dict[str, int] = {}
        for drop in self.drops:
            if drop.kind == kind:
                counts[drop.name] = counts.get(drop.name, 0) + rows(drop.before) - rows(drop.after)
        return counts


def transform(
    planned: PlannedStep, frames: Mapping[str, DataFrame], run: Run, *, first: bool = False, room: Room | None = None
) -> Transformed:
    """Call the step's function and conform what it returns; runs no Spark job, but for a script step.

    A ``Merge`` with ``sequence_by`` keeps the latest row of each key here, so that the batch has unique keys; a
    ``History`` one row of each key and instant: one that deletes, else the greatest in its columns. In the
    ``first`` publish of a ``Merge`` there is nothing to delete: rows that delete their key are dropped, by name.

    Raises:
        AnalysisError: Spark refuses the plan, its columns are not the target's, or a condition is not boolean.
        TransformError: the function raised, or returned no DataFrame.
    """
    from pyspark.sql import DataFrame

    from etl.transforms import latest_by, where

    step = planned.step
    arguments: dict[str, Any] = {**frames, **({"run": run} if step.takes_run else {})}
    with collecting(counted) as collector, user_code(planned):
        if step.script and room:
            result = scripted(planned, step.script, frames, run, room)
        elif step.statements and room:
            result = carried_out(planned, step.statements, run, room)
        else:
            result = step(**arguments)
        if not isinstance(result, DataFrame):
            raise TransformError(
                f"job {planned.job}, step {step.name}: returned {type(result).__name__}, not a DataFrame",
                place=step.place,
                remedy="return the transformed frame; actions and writes are the engine's",
            )
        conformed = conform(planned, result)
        _check_conditions(planned, conformed)
        write = step.target.write
        if isinstance(write, Merge) and write.sequence_by:
            conformed = latest_by(conformed, write.keys, write.sequence_by)
        if isinstance(write, History) and write.sequence_by:
            marked = conformed.selectExpr("*", f"coalesce({write.apply_as_deletes or 'false'}, false) AS {DELETES}")
            conformed = latest_by(marked, (*write.keys, write.sequence_by), DELETES).drop(DELETES)
        if isinstance(write, Merge) and write.apply_as_deletes and first:
            conformed = where(conformed, "deletes of a first publish", f"NOT coalesce({write.apply_as_deletes}, false)")
    return Transformed(conformed, _conserved(collector, planned, frames))


def _check_conditions(planned: PlannedStep, frame: DataFrame) -> None:
    """Refuse a condition that is true or false of nothing: Spark would cast it, row by row."""
    for who, condition, place in conditions(planned):
        kind = frame.selectExpr(condition).schema[0].dataType.simpleString()
        if kind != "boolean":
            raise AnalysisError(
                f"step {planned.step.name}: {who}={seen(condition)} is {kind}, not true or false",
                place=place,
                remedy="compare it with something",
            )


def _conserved(collector: Collector, planned: PlannedStep, frames: Mapping[str, DataFrame]) -> tuple[Drop, ...]:
    """Keep the drops of rows that come from the conserved source; all of them where none is declared.

    A drop from a lookup table, before it is joined, takes no row of the conserved source away.
    """
    if planned.step.conserve is None or not collector.drops:
        return tuple(collector.drops)
    mark = _observations(frames[planned.step.conserve])
    return tuple(drop for drop in collector.drops if mark & _observations(drop.before.frame))


def _observations(frame: DataFrame) -> set[str]:
    """Return the names of the observations in a frame's plan."""
    plan = frame._jdf.queryExecution().analyzed().toString()
    nodes = [line.split("CollectMetrics ", 1)[1] for line in plan.splitlines() if "CollectMetrics " in line]
    return {node.split(",")[0] for node in nodes}


def conform(planned: PlannedStep, frame: DataFrame) -> DataFrame:
    """Return exactly the target's columns, in its order and types.

    Raises:
        AnalysisError: a column is missing or not declared, or has a type that would have to be guessed.
    """
    problems: list[str] = []
    declared = planned.step.target.schema
    wanted = {field.name: field for field in struct_type(frame.sparkSession, declared.nullable().ddl)}
    given = {field.name: field for field in frame.schema}
    problems += [f"column {name!r} is missing; {did_you_mean(name, given)}" for name in wanted if name not in given]
    for name, field in given.items():
        if name not in wanted:
            problems.append(f"column {name!r} is not in the target's schema; {did_you_mean(name, wanted)}")
        elif not fits(field.dataType.simpleString(), wanted[name].dataType.simpleString()):
            problems.append(
                f"column {name!r} is {field.dataType.simpleString()}, declared {wanted[name].dataType.simpleString()}"
            )
    if problems:
        raise AnalysisError(
            f"job {planned.job}, step {planned.step.name}: " + "; ".join(problems),
            place=planned.step.place,
            remedy="select and cast in the transformation, or change the target's schema",
        )
    same = [(name, given[name].dataType == field.dataType) for name, field in wanted.items()]
    if list(given) == list(wanted) and all(kept for _, kept in same):
        return frame
    return frame.selectExpr(
        *[
            quoted(name) if kept else f"CAST({quoted(name)} AS {declared.column(name).type}) AS {quoted(name)}"
            for name, kept in same
        ]
    )
