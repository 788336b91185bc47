"""A run: the plan's steps in graph order, for one interval after the other, in one Spark session."""

from __future__ import annotations

import graphlib
import platform
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from attrs import define, field

from etl.engine import record
from etl.engine.attempts import Backoff, attempts
from etl.engine.delivery import delivered
from etl.engine.fence import Fence, no_fence
from etl.engine.lifecycle import Attempt
from etl.engine.progress import watched
from etl.engine.stop import Stop
from etl.model.event import Event, Kind, Listener
from etl.model.interval import Interval
from etl.model.plan import Plan, PlannedStep
from etl.model.result import RunResult, Status, StepResult
from etl.model.run import Clock, Run, utc_now
from etl.spark.session import step_session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

GOOD = frozenset({Status.PASS, Status.WARN, Status.NO_OP})
POLL = 0.2  # seconds between looks at the stop signal while steps run


def run(
    plan: Plan,
    *,
    run_id: str,
    session: SparkSession,
    listener: Listener,
    threads: int = 1,
    force: bool = False,
    fail_fast: bool = False,
    progress: bool = False,
    stop: Stop | None = None,
    now: Clock = utc_now,
    backoff: Backoff | None = None,
    fence: Fence = no_fence,
) -> RunResult:
    """Carry out a plan.

    A step whose upstream failed is skipped; other steps and later intervals go on unless ``fail_fast``.

    Args:
        plan: what to do.
        run_id: names the run in every commit, event and artifact.
        session: a classic Spark session from ``etl.spark.session``; each step works in a child of it.
        listener: gets every event in order, from a thread of its own; the run neither waits for it nor fails by it.
        threads: steps that may run at once; 0 means one for each core Spark has.
        force: publish even what is published already from the same code and inputs.
        fail_fast: begin no further interval after a failure.
        progress: emit live task counts.
        stop: when it is requested, running Spark jobs are cancelled and no step starts.
        now: the time, in UTC, that results and events carry.
        backoff: how long a step waits before it is tried again.
        fence: asked immediately before each publish.
    """
    with delivered(listener) as events:
        engine = _Engine(plan, run_id, session, events, force, stop or Stop(), now, backoff or Backoff(), fence)
        return _carried_out(engine, threads, fail_fast=fail_fast, progress=progress)


def _carried_out(engine: _Engine, threads: int, *, fail_fast: bool, progress: bool) -> RunResult:
    plan, session, started = engine.plan, engine.session, engine.now()
    keys = [interval.key if interval else None for interval in plan.intervals]
    names = [planned.step.name for planned in plan.steps]
    engine.emit("run_started", {"environment": plan.environment, "steps": names, "intervals": keys})
    results: list[StepResult] = []
    ahead = list(plan.intervals)
    width = threads or session.sparkContext.defaultParallelism
    watching = watched(session, engine.running_groups, engine.emit) if progress else nullcontext()
    with ThreadPoolExecutor(max(1, width), thread_name_prefix="step") as pool, watching:
        for interval in plan.intervals:
            ahead.remove(interval)
            here = list(engine.interval(pool, interval))
            results += here
            if engine.stop.requested or (fail_fast and any(result.exit_code for result in here)):
                break
    result = RunResult(
        run_id=engine.run_id,
        environment=plan.environment,
        started_at=started,
        finished_at=engine.now(),
        steps=(*results, *record.never_begun(plan, ahead, stopped=engine.stop.requested is not None)),
        arguments=plan.arguments,
        versions=_versions(session),
        interrupted=engine.stop.requested,
        never_begun=tuple(interval.key for interval in ahead if interval),
    )
    seconds = round((result.finished_at - started).total_seconds(), 3)
    engine.emit("run_finished", {"exit_code": result.exit_code, "seconds": seconds})
    return result


@define
class _Engine:
    plan: Plan
    run_id: str
    session: SparkSession
    listener: Listener
    force: bool
    stop: Stop
    now: Clock
    backoff: Backoff
    fence: Fence
    sessions: dict[str, SparkSession] = field(factory=dict)
    running: dict[str, str] = field(factory=dict)
    stopping: bool = False

    def emit(
        self, kind: Kind, data: Mapping[str, Any], step: str | None = None, interval: Interval | None = None
    ) -> None:
        key = interval.key if interval else None
        self.listener(Event(kind, self.now(), self.run_id, step, key, data))

    def running_groups(self) -> Mapping[str, str]:
        return dict(self.running)

    def interval(self, pool: ThreadPoolExecutor, interval: Interval | None) -> Iterator[StepResult]:
        """Run every step for one interval; yields in the order they end."""
        self.emit("interval_started", {}, interval=interval)
        by_name = {planned.step.name: planned for planned in self.plan.steps}
        positions = {name: n for n, name in enumerate(by_name, 1)}
        order = graphlib.TopologicalSorter({name: by_name[name].after for name in by_name})
        order.prepare()
        ended: dict[str, StepResult] = {}
        futures: dict[Future[StepResult], str] = {}
        while order.is_active():
            for name in sorted(order.get_ready(), key=positions.__getitem__):
                position = {"index": positions[name], "of": len(by_name)}
                futures[pool.submit(self.step, by_name[name], interval, dict(ended), position)] = name
            for future in self.finished(futures):
                name = futures.pop(future)
                ended[name] = future.result()
                order.done(name)
                yield ended[name]
        self.emit("interval_finished", {}, interval=interval)

    def finished(self, futures: Iterable[Future[StepResult]]) -> set[Future[StepResult]]:
        """Wait for a step to end; cancel Spark's jobs when the run is told to stop."""
        while True:
            done, _ = wait(list(futures), timeout=POLL, return_when=FIRST_COMPLETED)
            if self.stop.requested:
                self.tell_stopping()
                for group in self.running_groups():
                    self.session.sparkContext.cancelJobGroup(group)
            if done:
                return done

    def tell_stopping(self) -> None:
        """Say once that the run ends: what the signal's handler writes is soon drawn over by a live display."""
        if not self.stopping:
            self.stopping = True
            self.emit("note", {"message": "stopping: running steps are cancelled, what is published stays"})

    def step(
        self, planned: PlannedStep, interval: Interval | None, ended: Mapping[str, StepResult], position: dict[str, int]
    ) -> StepResult:
        """Run or skip one step, with retries; emits its events."""
        name = planned.step.name
        missing = [upstream for upstream in planned.after if ended[upstream].status not in GOOD]
        if self.stop.requested:
            result = record.not_run(planned, interval, Status.CANCELLED, "not begun: the run was told to stop")
        elif missing:
            result = record.not_run(planned, interval, Status.SKIP, f"{missing[0]} did not succeed")
        else:
            self.emit("step_started", position, name, interval)
            result = self.attempted(planned, interval)
        self.emit("step_finished", {**result.to_json(), **position}, name, interval)
        return result

    def attempted(self, planned: PlannedStep, interval: Interval | None) -> StepResult:
        """Execute the step in its session; even a defect of the engine is a result."""
        name = planned.step.name
        run = Run(self.run_id, interval, self.plan.params)
        group = f"{self.run_id}/{name}/{interval}"
        self.running[group] = name
        try:
            if name not in self.sessions:
                self.sessions[name] = step_session(self.session)
            given = (self.sessions[name], run, self.force, self.stop, self.listener)
            attempt = Attempt(*given, now=self.now, fence=self.fence)
            return attempts(planned, attempt, self.backoff)
        except Exception as error:
            return record.defect(planned, self.session, run, error)
        finally:
            self.running.pop(group, None)


def _versions(session: SparkSession) -> dict[str, str]:
    from importlib import metadata

    import etl

    jvm: Any = session._jvm
    found = {
        "headrace": etl.__version__,
        "python": platform.python_version(),
        "spark": session.version,
        "java": jvm.System.getProperty("java.version"),
    }
    try:
        found["delta"] = metadata.version("delta-spark")
    except metadata.PackageNotFoundError:  # on a cluster Delta comes as jars alone
        found["delta"] = "of the platform"
    return found
