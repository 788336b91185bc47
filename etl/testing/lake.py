"""A lake in a temporary directory, to run steps and jobs in."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from etl.model.connection import Connection
from etl.model.dataset import Dataset
from etl.model.event import Event
from etl.model.interval import Unit, containing, parse_instant
from etl.model.plan import Plan, PlannedStep
from etl.model.result import RunResult, StepResult
from etl.model.run import new_run_id, utc_now
from etl.model.step import Step
from etl.testing.tables import literal_table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_runs = itertools.count(1)


@define
class Lake:
    """Datasets below one directory, and runs over them.

    Args:
        spark: a session with Delta.
        root: the directory; each dataset is ``root/zone/name``.
        connections: databases that statements are for, by name.
    """

    spark: SparkSession
    root: Path
    declared: dict[str, Dataset] = field(factory=dict)
    events: list[Event] = field(factory=list)
    connections: dict[str, Connection] = field(factory=dict)

    def dataset(self, name: str, **properties: Any) -> Dataset:
        """Return a dataset, declaring it with these properties on first use."""
        if properties or name not in self.declared:
            uri = str(self.root.joinpath(*name.split(".")))
            self.declared[name] = Dataset(name=name, uri=uri, **properties)
        return self.declared[name]

    def write(self, name: str, ddl: str, rows: Iterable[Sequence[Any]], mode: str = "append") -> None:
        """Write rows to a Delta table that no step writes: a source."""
        frame = literal_table(self.spark, ddl, rows)
        frame.write.format("delta").mode(mode).save(self.dataset(name).uri)

    def file(self, name: str, path: str, text: str | bytes) -> Path:
        """Write a file below a dataset's directory."""
        file = Path(self.dataset(name).uri) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def table(self, name: str) -> DataFrame:
        """Return a Delta table as any reader sees it."""
        return self.spark.read.format("delta").load(self.dataset(name).uri)

    def rows(self, name: str) -> list[tuple[Any, ...]]:
        """Return a Delta table's rows, sorted; empty where there is no table."""
        if self.version(name) is None:
            return []
        return sorted((tuple(row) for row in self.table(name).collect()), key=repr)

    def version(self, name: str) -> int | None:
        """Return a Delta table's version, None where there is none; from the log's file names, no Spark job."""
        logs = (Path(self.dataset(name).uri) / "_delta_log").glob("*.json")
        return max((int(log.stem) for log in logs if log.stem.isdigit()), default=None)

    def data_files(self, name: str) -> list[str]:
        """Return every parquet file below a dataset's directory, committed or not, relative and sorted."""
        root = Path(self.dataset(name).uri)
        return sorted(str(file.relative_to(root)) for file in root.rglob("*.parquet") if "_delta_log" not in file.parts)

    def plan(self, *steps: Step[Any, Any], date: str | None = "2013-02-08", unit: Unit = Unit.DAY) -> Plan:
        """Plan steps over one interval, as a project with only these steps would."""
        interval = containing(parse_instant(date), unit) if date else None
        return Plan(environment="test", intervals=(interval,), steps=tuple(self._planned(steps)))

    def _planned(self, steps: Sequence[Step[Any, Any]]) -> Iterable[PlannedStep]:
        written = {step.target.dataset: step for step in steps}
        for step in steps:
            reads = {name: self._read(source.dataset, written) for name, source in step.sources.items()}
            yield PlannedStep(
                job="test",
                step=step,
                reads=reads,
                writes=self._read(step.target.dataset, written),
                quarantine=self.dataset(step.target.quarantine),
                after=tuple(written[d.name].name for d in reads.values() if d.name in written),
                why="test",
                connection=self.connections[step.statements.connection] if step.statements else None,
            )

    def _read(self, name: str, written: Mapping[str, Step[Any, Any]]) -> Dataset:
        if name not in written:
            return self.dataset(name)
        step, target = written[name], written[name].target
        self.declared[name] = evolve(
            self.dataset(name), schema=target.readable, written_by=step.name, replaced_by=target.replaced_by
        )
        return self.declared[name]

    def run(self, *steps: Step[Any, Any], date: str | None = "2013-02-08", **options: Any) -> RunResult:
        """Run steps for one interval; ``options`` are those of ``etl.engine.run.run``."""
        return self.carry_out(self.plan(*steps, date=date), **options)

    def run_step(self, step: Step[Any, Any], date: str | None = "2013-02-08", **options: Any) -> StepResult:
        """Run one step for one interval and return its result."""
        return self.run(step, date=date, **options).steps[0]

    def carry_out(self, plan: Plan, **options: Any) -> RunResult:
        """Run a plan, keeping its events."""
        from etl.engine.run import run

        self.events.clear()
        run_id = f"{new_run_id(utc_now())}-{next(_runs)}"
        return run(plan, run_id=run_id, session=self.spark, listener=self.events.append, **options)
