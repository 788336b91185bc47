"""A store that is no folder, and runs without Spark."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import define, field

from etl.errors import ConflictError
from etl.model.event import Event, Kind
from etl.model.plan import Plan
from etl.model.result import RowCounts, RunResult, Status, StepResult
from etl.runs.artifacts import open_artifacts
from etl.runs.execution import Execution
from etl.runs.ledger import Ledger
from etl.runs.objects import Entry, Stored, checked, settled
from etl.runs.stores import open_store

AT = datetime(2013, 2, 9, 6, 0, tzinfo=UTC)


@define
class Memory:
    """An object store as S3 is one: no append. The answers to the next ``lost`` writes get lost on their way."""

    objects: dict[str, Stored] = field(factory=dict)
    reads: list[str] = field(factory=list)
    lost: int = 0
    versions: Iterator[int] = field(factory=itertools.count)

    def get(self, key: str) -> Stored | None:
        self.reads.append(key)
        return self.objects.get(checked(key))

    def put_if(self, key: str, body: bytes, version: str | None) -> str:
        found = self.objects.get(checked(key))
        if (found.version if found else None) != version:
            return settled(key, body, found)
        self.objects[key] = Stored(body, str(next(self.versions)))
        if self.lost:
            self.lost -= 1
            raise TimeoutError(f"no answer for {key}")
        return self.objects[key].version

    def list(self, prefix: str, after: str | None = None, limit: int | None = None) -> Iterator[Entry]:
        keys = [key for key in sorted(self.objects) if key.startswith(prefix) and key > (after or "")]
        return islice((Entry(key, len(self.objects[key].body), AT) for key in keys), limit)

    def delete(self, key: str, version: str | None) -> None:
        found = self.objects.get(checked(key))
        if found and version not in {None, found.version}:
            raise ConflictError(key)
        self.objects.pop(key, None)


def make_event(kind: Kind, after: float = 0, **data: Any) -> Event:
    """An event so many seconds after six o'clock."""
    return Event(kind, AT + timedelta(seconds=after), "a", data=data)


def make_result(run_id: str = "a", status: Status = Status.PASS) -> RunResult:
    """A run of one step and nine seconds."""
    rows = RowCounts(output=930, quarantined=2, published=928)
    step = StepResult(step="clean.flights", job="nyc_flights", interval="2013-02-08", status=status, rows=rows)
    ended = AT + timedelta(seconds=9)
    return RunResult(run_id=run_id, environment="local", started_at=AT, finished_at=ended, steps=(step,))


@pytest.fixture
def memory() -> Memory:
    """An empty store."""
    return Memory()


@pytest.fixture
def event() -> Callable[..., Event]:
    """``event("step_finished", after=2.0, spark="3.5.9")``."""
    return make_event


@pytest.fixture
def result() -> Callable[..., RunResult]:
    """``result("a", Status.FAIL)``."""
    return make_result


def run_nothing(plan, *, run_id, session, listener, now, stop, **_):
    """A run of no steps."""
    began = now()
    listener(Event("run_started", began, run_id))
    listener(Event("run_finished", now(), run_id, data={"exit_code": 0}))
    return RunResult(
        run_id=run_id,
        environment=plan.environment,
        started_at=began,
        finished_at=now(),
        steps=(),
        interrupted=stop.requested,
    )


@pytest.fixture
def engine() -> Callable[..., RunResult]:
    """An engine that carries out no step, well."""
    return run_nothing


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """The record of runs in the test's directory."""
    return Ledger(open_store(str(tmp_path / "state")))


@pytest.fixture
def execution(tmp_path: Path, ledger: Ledger) -> Callable[..., Execution]:
    """``execution("a")`` is a run without Spark; ``changes`` replace what it is made of."""

    def make(run_id: str = "a", **changes: Any) -> Execution:
        values = {
            "plan": Plan(environment="local", intervals=(None,), steps=()),
            "manifest": {"project": "shop"},
            "ledger": ledger,
            "artifacts": open_artifacts(str(tmp_path / "target"), run_id),
            "session": lambda: SimpleNamespace(version="3.5.9"),
            "engine": run_nothing,
            "jvm": lambda _: os.getpid(),
            "now": lambda: AT,
        }
        return Execution(**(values | changes))

    return make


@pytest.fixture
def kept(tmp_path: Path) -> Callable[..., list[Any]]:
    """``kept("kind")`` gives the kind of every event in ``events.jsonl``."""

    def read(field: str, run_id: str = "a") -> list[Any]:
        lines = (tmp_path / "target" / "runs" / run_id / "events.jsonl").read_text().splitlines()
        return [json.loads(line)[field] for line in lines]

    return read
