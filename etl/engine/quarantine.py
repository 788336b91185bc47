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

from etl.engine.extract import Extracted, corrupt_rows
from etl.engine.fingerprint import app_id, following
from etl.engine.stage import Prepared
from etl.errors import ConservationError
from etl.model.plan import PlannedStep
from etl.model.run import Run
from etl.model.schema import Column, Schema
from etl.quality.flag import BROKEN, Flag
from etl.sql import literal, quoted
from etl.storage.staging import Order, Storage

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

NO_INTERVAL = "-"  # the partition of a step whose result does not depend on the interval
EXTRA = (
    Column("_broken", "ARRAY<STRING>"), Column("_source", "STRING"), Column("_record", "STRING"),
    Column("_file", "STRING"), Column("_run_id", "STRING"), Column("_interval", "STRING"),
)  # fmt: skip


@frozen
class Aside:
    """The rows to set aside: how many broke an expectation, and how many of each source did not parse."""

    broken: int
    corrupt: Mapping[str, int]

    @property
    def total(self) -> int:
        """All of them."""
        return self.broken + sum(self.corrupt.values())


def set_aside(
    session: SparkSession, storage: Storage, planned: PlannedStep, prepared: Prepared, extracted: Extracted,
    aside: Aside, run: Run,
) -> None:  # fmt: skip
    """Publish the interval's quarantine; does nothing where there is none and never was.

    It comes before the target's own publish, so that no row is ever missing from both; the target's commit is what
    marks the interval done, and a re-run replaces the quarantine again. The step's rows are read a second time, which
    only happens when the staging write has met rows to set aside.

    Raises:
        ConservationError: the second reading found another number of rows: the transformation is not deterministic.
    """
    interval = run.interval.key if run.interval and planned.step.by_interval else NO_INTERVAL
    app = app_id(planned.step, run.interval) + "/quarantine"
    state = storage.state(session, planned.quarantine, app)
    if not aside.total and state.applied is None:
        return
    schema = Schema((*planned.step.target.schema.nullable().columns, *EXTRA))
    frames = [session.createDataFrame([], schema.ddl)]
    if aside.broken and prepared.suite.flag:
        frames.append(_broken(prepared.flagged, prepared.suite.flag))
    frames += [_corrupt(extracted, name) for name, count in aside.corrupt.items() if count]
    rows = reduce(lambda left, right: left.unionByName(right, allowMissingColumns=True), frames)
    rows = rows.withColumns({"_run_id": F.lit(run.run_id), "_interval": F.lit(interval)})
    staged = storage.stage(session, Order(
        dataset=evolve(planned.quarantine, schema=schema), frame=rows.select(*map(quoted, schema.names)),
        mode="overwrite", transaction=following(app, state.applied, aside.total), run_id=run.run_id,
        partition_by=("_interval",), replace_where=f"_interval = {literal(interval)}",
    ))  # fmt: skip
    if staged.rows != aside.total:
        storage.discard(session, staged)
        raise ConservationError(
            f"step {planned.step.name}: {aside.total} rows to quarantine, but reading them again gave {staged.rows}",
            place=planned.step.place, remedy="make the transformation deterministic: no rand(), uuid(), now()",
        )  # fmt: skip
    storage.publish(session, staged)


def _broken(flagged: DataFrame, flag: Flag) -> DataFrame:
    return flagged.where(f"NOT ({flag.kept})").withColumn(BROKEN, F.expr(flag.names))


def _corrupt(extracted: Extracted, name: str) -> DataFrame:
    return corrupt_rows(extracted, name).select(
        F.array(F.lit(f"corrupt record in {name}")).alias("_broken"), F.lit(name).alias("_source"), "_record", "_file"
    )
