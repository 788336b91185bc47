"""Rows that broke a quarantining expectation or did not parse, set aside with the reason.

A target's quarantine is one Delta table: the target's columns (null for a record that did not parse) and why the row is
there. It is replaced per interval like the target, so that a re-run leaves it as one run would.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import TYPE_CHECKING

from attrs import evolve, frozen
from pyspark.sql import functions as F

from etl.engine.extract import Extracted, corrupt_records
from etl.errors import ConflictError, ConservationError
from etl.model.plan import PlannedStep
from etl.model.run import Run
from etl.model.schema import Column, Schema
from etl.model.write import ReplaceTable
from etl.quality.flag import Flag
from etl.spark.jvm import no_rows, struct_type
from etl.sql import quoted
from etl.storage.formats import source_for, storage_for
from etl.storage.reading import Scope
from etl.storage.staging import Mark, Publish, ReplaceValue, Staged, TargetState

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

NO_INTERVAL = "-"  # the partition of a step whose result does not depend on the interval
TRIES = 5  # times the small commit of a quarantine is made again after losing against another interval's
EXTRA = (
    Column("_broken", "ARRAY<STRING>"),
    Column("_source", "STRING"),
    Column("_record", "STRING"),
    Column("_file", "STRING"),
    Column("_run_id", "STRING"),
    Column("_interval", "STRING"),
)


@frozen
class Aside:
    """The rows to set aside.

    Args:
        broken: how many broke an expectation.
        corrupt: how many of each source did not parse.
        flag: how the former tell the names of those they broke.
    """

    broken: int
    corrupt: Mapping[str, int]
    flag: Flag | None = None

    @property
    def total(self) -> int:
        """All of them."""
        return self.broken + sum(self.corrupt.values())


def mark_of(target: str) -> str:
    """Return the name of a quarantine's publishes beside those of its target."""
    return f"{target}/quarantine"


def is_whole(session: SparkSession, planned: PlannedStep, mark: Mark) -> bool:
    """Say whether the last publish has its quarantine: a run may have died between the two commits."""
    if mark.after is None or not mark.after.aside:
        return True
    found = _state(session, planned, mark.name).applied
    return found is not None and evolve(found, aside=True) == mark.after


def _state(session: SparkSession, planned: PlannedStep, name: str) -> TargetState:
    return storage_for(planned.quarantine).state(session, planned.quarantine, mark_of(name))


@frozen(kw_only=True)
class Quarantine:
    """The quarantine of one publish.

    Args:
        session: the step's own.
        planned: the step.
        run: the run.
        staged: the publish that the rows were set aside from.
        extracted: the sources, for the records that did not parse.
        aside: the rows to set aside.
    """

    session: SparkSession
    planned: PlannedStep
    run: Run
    staged: Staged
    extracted: Extracted
    aside: Aside

    @property
    def is_needed(self) -> bool:
        """Whether there are rows to set aside, or an earlier publish's to take away."""
        mark = self.staged.publish.mark
        before = _state(self.session, self.planned, mark.name).applied
        if mark.consumes:  # other batches' rows stay; this one's may be there from a run that died
            return bool(self.aside.total) or (before is not None and before.generation >= mark.applied.generation)
        return bool(self.aside.total) or before is not None

    def stage(self, tries: int = TRIES) -> Staged:
        """Write the interval's quarantine, under the generation and fingerprint of its target's publish.

        Raises:
            ConservationError: the rows were not those that were counted: the transformation is not deterministic.
            ConflictError: another run published the same quarantine, again and again.
        """
        try:
            return self._staged()
        except ConflictError:  # another interval made the table between the look and the stage
            if tries == 1:
                raise
            return self.stage(tries - 1)

    def _staged(self) -> Staged:
        planned, mark = self.planned, self.staged.publish.mark
        state = _state(self.session, planned, mark.name)
        interval = self.run.interval.key if self.run.interval and planned.step.by_interval else NO_INTERVAL
        interval = f"batch {mark.applied.generation}" if mark.consumes else interval
        rows = _rows(self.session, planned, self.staged, self.extracted, self.aside)
        rows = rows.withColumns({"_run_id": F.lit(self.run.run_id), "_interval": F.lit(interval)})
        schema, rows, reshaped = _in_shape(self.session, planned, rows, interval, state)
        whole = reshaped or isinstance(planned.step.target.write, ReplaceTable)
        publish = Publish(
            dataset=evolve(planned.quarantine, schema=schema),
            frame=rows.select(*map(quoted, schema.names)),
            schema=schema,
            write=ReplaceTable() if whole else ReplaceValue("_interval", interval),
            mark=evolve(mark, name=mark_of(mark.name), after=state.applied),
            partition_by=("_interval",),
            version=state.version,
            afresh=whole,
        )
        done = storage_for(planned.quarantine).stage(self.session, publish)
        if done.rows is not None and not reshaped and done.rows != self.aside.total:
            done.drop()
            raise ConservationError(
                f"step {planned.step.name}: {self.aside.total} rows to quarantine, but {done.rows} were written",
                place=planned.step.place,
                remedy="make the transformation deterministic: no rand(), uuid(), now()",
            )
        return done

    def commit(self, done: Staged) -> None:
        """Commit what was staged; intervals share the table, so one that made or widened it meanwhile is no failure.

        Raises:
            ConflictError: others were faster, again and again.
        """
        for attempt in range(TRIES):
            try:
                done.commit(done.publish.mark.applied)
            except ConflictError:
                if attempt == TRIES - 1:
                    raise
                done.drop()
                done = self.stage()
            else:
                return


def _rows(session: SparkSession, planned: PlannedStep, staged: Staged, extracted: Extracted, aside: Aside) -> DataFrame:
    schema = Schema((*planned.step.target.schema.nullable().columns, *EXTRA))
    frames = [no_rows(session, schema.ddl)]
    if aside.broken and staged.aside is not None and aside.flag is not None:
        frames.append(staged.aside().withColumn("_broken", F.expr(aside.flag.names)))
    frames += [_corrupt(extracted, name) for name, count in aside.corrupt.items() if count]
    return reduce(lambda left, right: left.unionByName(right, allowMissingColumns=True), frames)


def _in_shape(
    session: SparkSession, planned: PlannedStep, rows: DataFrame, interval: str, state: TargetState
) -> tuple[Schema, DataFrame, bool]:
    """Bring the rows and the table to one shape; a column whose type has changed is text from then on.

    Returns the columns, the rows, and whether these replace the whole table, its other intervals' rows among them.
    """
    wanted = Schema((*planned.step.target.schema.nullable().columns, *EXTRA))
    if state.version is None or isinstance(planned.step.target.write, ReplaceTable):
        return wanted, rows, False
    scope = Scope(version=str(state.version))
    table = source_for(planned.quarantine).read(session, planned.quarantine, scope).frame
    there = {field.name: field.dataType for field in table.schema}
    given = {field.name: field.dataType for field in struct_type(session, wanted.ddl)}
    changed = [name for name, kind in given.items() if name in there and there[name] != kind]
    if not changed:
        return wanted, rows, False
    schema = Schema(tuple(Column(c.name, "STRING") if c.name in changed else c for c in wanted))
    for name in changed:
        rows = rows.withColumn(name, F.col(quoted(name)).cast("string"))
    if all(there[name].simpleString() == "string" for name in changed):
        return schema, rows, False
    old = table.where(F.col("_interval") != interval)
    for name in changed:
        old = old.withColumn(name, F.col(quoted(name)).cast("string"))
    known = old.select(*[quoted(name) for name in schema.names if name in there])
    return schema, rows.unionByName(known, allowMissingColumns=True), True


def _corrupt(extracted: Extracted, name: str) -> DataFrame:
    return corrupt_records(extracted.readings[name]).select(
        F.array(F.concat(F.lit(f"corrupt record in {name}: "), F.col("_reason"))).alias("_broken"),
        F.lit(name).alias("_source"),
        "_record",
        "_file",
    )
