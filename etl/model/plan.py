"""What a run would do, as a value: printable, JSON, and the only thing the engine takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from attrs import asdict, evolve, field, frozen

from etl.kinds import KINDS
from etl.model.connection import Connection
from etl.model.dataset import Dataset
from etl.model.formats import format_of
from etl.model.interval import Interval
from etl.model.jsonable import json_value
from etl.model.s3 import is_s3
from etl.model.step import Step
from etl.model.write import History, Merge

SCHEMA_VERSION = "1.0"
Pair = tuple[str, str | None]
"""A step's name, and an interval's key; None where the step depends on no interval."""


@frozen(kw_only=True)
class PlannedStep:
    """One step of a plan with everything it reads and writes resolved.

    Args:
        job: the job module's name.
        retries: attempts after the first, for transient failures.
        step: the declaration, callable.
        reads: by source (parameter) name.
        writes: the target.
        quarantine: where its broken rows go.
        after: names of the planned steps that must succeed first.
        why: why it is in the plan, for people: ``selected by nyc_flights``.
        connection: the database that its statements are for; None for another body.
    """

    job: str
    retries: int = 0
    step: Step[Any, Any]
    reads: Mapping[str, Dataset] = field(hash=False)
    writes: Dataset
    quarantine: Dataset
    after: tuple[str, ...] = ()
    why: str = ""
    connection: Connection | None = None

    @property
    def costs(self) -> tuple[str, ...]:
        """What the step costs besides its one pass: ``1 pass for uniqueness``."""
        passes = [one for each in self.step.suite if each.type in KINDS for one in KINDS[each.type].passes]
        write = self.step.target.write
        merging: tuple[str, ...] = ()
        if isinstance(write, Merge):
            by_key = self.promise == "once a key"
            merging = ("the batch is made, then written key by key" if by_key else "the batch is written, then merged",)
        elif isinstance(write, History):
            merging = ("the batch is written, the versions of its keys are worked out and written, then merged",)
        return (*dict.fromkeys(one.cost for one in passes if one.cost), *merging)

    @property
    def promise(self) -> str:
        """What a publish that is repeated or interrupted leaves in the target: ``exactly once``."""
        return format_of(self.writes.format).promise

    @property
    def cautions(self) -> tuple[str, ...]:
        """What the write kind leaves to whoever runs the intervals."""
        write = self.step.target.write
        if isinstance(write, History) and not (self.step.by_interval or self.step.incremental):
            return ("no interval says which events a run gave before: those that are gone from the sources stay",)
        if not isinstance(write, Merge) or not self.step.by_interval:
            return ()
        said = []
        if write.insert_only:
            said.append("of two intervals with one key, the row of the one that is run first stays")
        elif not write.sequence_by:
            said.append("an older interval run again puts its values over newer ones; sequence_by keeps the newest")
        if write.apply_as_deletes:
            said.append(
                "a deleted key leaves no trace: a row older than its deletion would bring it back, so an "
                "interval before a merged one is refused without --force"
            )
        return tuple(said)

    def to_json(self) -> dict[str, Any]:
        """Return the planned step as JSON values."""
        write = self.step.target.write
        return {
            "step": self.step.name,
            "job": self.job,
            "why": self.why,
            "after": list(self.after),
            "reads": [
                {
                    "name": name,
                    "dataset": dataset.name,
                    "uri": dataset.uri,
                    "format": dataset.format,
                    "interval_column": self.step.sources[name].interval_column,
                    "optional": self.step.sources[name].optional,
                    "lookback": self.step.sources[name].back,
                    "incremental": self.step.sources[name].incremental,
                }
                for name, dataset in self.reads.items()
            ],
            "writes": {
                "dataset": self.writes.name,
                "uri": self.writes.uri,
                "format": self.writes.format,
                "kind": type(write).__name__,
            }
            | {key: json_value(value) for key, value in asdict(write).items()},
            "quarantine": {"dataset": self.quarantine.name, "uri": self.quarantine.uri},
            "expectations": [expectation.to_json() for expectation in self.step.expectations],
            "retries": self.retries,
            "connection": self.step.statements.connection if self.step.statements else None,
            "costs": list(self.costs),
            "promise": self.promise,
            "cautions": list(self.cautions),
            "conserve": self.step.conserve,
            "schema": self.step.target.readable.ddl,
        }


@frozen(kw_only=True)
class Plan:
    """Steps in graph order, applied to each interval in turn.

    ``only`` names, by an interval's key, the steps that are planned for it; None where every step is for each.
    """

    environment: str
    intervals: tuple[Interval | None, ...]
    steps: tuple[PlannedStep, ...]
    params: Mapping[str, str] = field(factory=dict, hash=False)
    arguments: Mapping[str, Any] = field(factory=dict, hash=False)
    only: Mapping[str | None, frozenset[str]] | None = field(default=None, hash=False)

    def steps_for(self, interval: Interval | None) -> tuple[PlannedStep, ...]:
        """Return the steps that are planned for one interval, in graph order."""
        if self.only is None:
            return self.steps
        names = self.only.get(key_of(interval), frozenset())
        return tuple(planned for planned in self.steps if planned.step.name in names)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Every step with the key of every interval that it is planned for, interval by interval."""
        return tuple(
            (planned.step.name, key_of(interval)) for interval in self.intervals for planned in self.steps_for(interval)
        )

    def restricted(self, pairs: Collection[Pair]) -> Plan:
        """Return the plan of only these pairs of a step and an interval's key; what is left without any is gone."""
        only: dict[str | None, set[str]] = {}
        for name, interval in pairs:
            only.setdefault(interval, set()).add(name)
        names = {name for name, _ in pairs}
        return evolve(
            self,
            intervals=tuple(interval for interval in self.intervals if key_of(interval) in only),
            steps=tuple(planned for planned in self.steps if planned.step.name in names),
            only={interval: frozenset(steps) for interval, steps in only.items()},
        )

    @property
    def inputs(self) -> tuple[Dataset, ...]:
        """The datasets that planned steps read and none of them writes, in the order they are read."""
        written = {planned.writes.name for planned in self.steps}
        read = {dataset.name: dataset for planned in self.steps for dataset in planned.reads.values()}
        return tuple(dataset for name, dataset in read.items() if name not in written)

    @property
    def as_they_are(self) -> tuple[Dataset, ...]:
        """The inputs that a step of the project writes, but none of this plan: they are read as they are."""
        return tuple(dataset for dataset in self.inputs if dataset.written_by)

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """What its steps read and write, quarantines among it."""
        return tuple(each for one in self.steps for each in (*one.reads.values(), one.writes, one.quarantine))

    @property
    def is_on_s3(self) -> bool:
        """Whether a step reads or writes there."""
        passed = (each.connection.properties.get("staging", "") for each in self.datasets if each.connection)
        return any(map(is_s3, (*(dataset.uri for dataset in self.datasets), *passed)))

    @property
    def databases(self) -> tuple[str, ...]:
        """The vendors of the databases that a step reads or writes tables of."""
        return tuple(sorted({each.connection.vendor for each in self.datasets if each.connection}))

    def to_json(self) -> dict[str, Any]:
        """Return the plan as JSON values."""
        return {
            "schema_version": SCHEMA_VERSION,
            "environment": self.environment,
            "intervals": [_interval_json(interval) for interval in self.intervals],
            "steps": [planned.to_json() for planned in self.steps],
            "read_as_they_are": [dataset.name for dataset in self.as_they_are],
            "params": dict(self.params),
            "arguments": json_value(self.arguments),
        }


def key_of(interval: Interval | None) -> str | None:
    """Return an interval as text; None for a run without one."""
    return interval.key if interval else None


def _interval_json(interval: Interval | None) -> dict[str, str] | None:
    if interval is None:
        return None
    return {"key": interval.key, "start": interval.start.isoformat(), "end": interval.end.isoformat()}
