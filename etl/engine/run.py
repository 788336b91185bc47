"""A run: the plan's steps in graph order, for one interval after the other or several at once, in one session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from etl.engine import record
from etl.engine.attempts import CONFLICTS, Backoff
from etl.engine.batches import batches
from etl.engine.delivery import delivered
from etl.engine.fence import Fence, no_fence
from etl.engine.lifecycle import Attempt
from etl.engine.progress import Running, watched
from etl.engine.room import Keep, Room, keep_nothing
from etl.engine.sessions import Sessions
from etl.engine.stop import Stop
from etl.engine.turns import Node, Turns
from etl.engine.versions import versions
from etl.model.event import Event, Kind, Listener
from etl.model.interval import Interval
from etl.model.plan import Plan, PlannedStep, key_of
from etl.model.result import GOOD, RunResult, Status, StepResult
from etl.model.run import Clock, Run, utc_now

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

POLL = 0.2  # seconds between looks at the stop signal while steps run


def run(
    plan: Plan,
    *,
    run_id: str,
    session: SparkSession,
    listener: Listener,
    threads: int = 1,
    parallel: int = 1,
    force: bool = False,
    fail_fast: bool = False,
    progress: bool = False,
    stop: Stop | None = None,
    now: Clock = utc_now,
    backoff: Backoff | None = None,
    fence: Fence = no_fence,
    keep: Keep = keep_nothing,
) -> RunResult:
    """Carry out a plan.

    A step whose upstream failed is skipped; other steps and later intervals go on unless ``fail_fast``. The results
    stand in the plan's order, whatever order the steps ended in.

    Args:
        plan: what to do.
        run_id: names the run in every commit, event and artifact.
        session: a classic Spark session from ``etl.spark.session``; each step works in a child of it.
        listener: gets every event in order, from a thread of its own; the run neither waits for it nor fails by it.
        threads: steps that may run at once; 0 means one for each core Spark has. Never fewer than ``parallel``.
        parallel: intervals that may be at work at once; steps that ``etl.model.order`` names take theirs in turn.
        force: publish even what is published already from the same code and inputs.
        fail_fast: begin no further interval after a failure.
        progress: emit live task counts.
        stop: when it is requested, running Spark jobs are cancelled and no step starts.
        now: the time, in UTC, that results and events carry.
        backoff: how long a step waits before it is tried again.
        fence: asked immediately before each publish.
        keep: puts a file among the run's artifacts: what a script said.
    """
    backoff = backoff or Backoff()
    if parallel > 1:
        backoff = evolve(backoff, conflicts=CONFLICTS)
    with delivered(listener) as events, closing(Sessions(session)) as sessions:
        turns = Turns(plan, parallel)
        given = (plan, run_id, session, events, force, stop or Stop(), now, backoff)
        engine = _Engine(*given, turns, fail_fast, sessions, fence, keep)
        return _carried_out(engine, threads, progress=progress)


def _carried_out(engine: _Engine, threads: int, *, progress: bool) -> RunResult:
    plan, session, started = engine.plan, engine.session, engine.now()
    names = [planned.step.name for planned in plan.steps]
    keys = [key_of(interval) for interval in plan.intervals]
    said = {"environment": plan.environment, "steps": names, "intervals": keys, "parallel": engine.turns.at_once}
    engine.emit("run_started", said if plan.only is None else said | {"pairs": [list(pair) for pair in plan.pairs]})
    width = max(threads or session.sparkContext.defaultParallelism, engine.turns.at_once)
    watching = watched(session, engine.running_steps, engine.emit) if progress else nullcontext()
    with ThreadPoolExecutor(max(1, width), thread_name_prefix="step") as pool, watching:
        engine.work(pool)
    ahead = plan.intervals[engine.turns.begun :]
    result = RunResult(
        run_id=engine.run_id,
        environment=plan.environment,
        started_at=started,
        finished_at=engine.now(),
        steps=(*engine.results(), *record.never_begun(plan, ahead, stopped=engine.stop.requested is not None)),
        arguments=plan.arguments,
        versions=versions(session),
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
    turns: Turns
    fail_fast: bool
    sessions: Sessions
    fence: Fence
    keep: Keep
    ended: dict[Node, StepResult] = field(factory=dict)
    running: dict[str, Running] = field(factory=dict)
    failed: bool = False
    stopping: bool = False

    def emit(
        self, kind: Kind, data: Mapping[str, Any], step: str | None = None, interval: Interval | None = None
    ) -> None:
        self.listener(Event(kind, self.now(), self.run_id, step, key_of(interval), data))

    def running_steps(self) -> Mapping[str, Running]:
        return dict(self.running)

    def results(self) -> Iterator[StepResult]:
        """Yield what ended, in the plan's order."""
        places = {planned.step.name: n for n, planned in enumerate(self.plan.steps)}
        for node in sorted(self.ended, key=lambda node: (node[0], places[node[1]])):
            yield self.ended[node]

    def work(self, pool: ThreadPoolExecutor) -> None:
        """Run every step for every interval, each as soon as it may begin."""
        futures: dict[Future[StepResult], Node] = {}
        steps = {planned.step.name: planned for planned in self.plan.steps}
        while True:
            for place in self.turns.open() if self.goes_on() else ():
                self.emit("interval_started", {}, interval=self.plan.intervals[place])
            for node in self.turns.ready():
                futures[pool.submit(self.step, steps[node[1]], node, self.turns.position(node))] = node
            if not futures:
                return
            for future in self.finished(futures):
                node = futures.pop(future)
                self.ended[node] = future.result()
                self.failed = self.failed or bool(self.ended[node].exit_code)
                if self.turns.end(node):
                    self.emit("interval_finished", {}, interval=self.plan.intervals[node[0]])

    def goes_on(self) -> bool:
        """Say whether further intervals may begin."""
        return not (self.stop.requested or (self.fail_fast and self.failed))

    def finished(self, futures: Iterable[Future[StepResult]]) -> set[Future[StepResult]]:
        """Wait for a step to end; cancel Spark's jobs when the run is told to stop."""
        while True:
            done, _ = wait(list(futures), timeout=POLL, return_when=FIRST_COMPLETED)
            if self.stop.requested:
                self.tell_stopping()
                for group in self.running_steps():
                    self.session.sparkContext.cancelJobGroup(group)
            if done:
                return done

    def tell_stopping(self) -> None:
        """Say once that the run ends: what the signal's handler writes is soon drawn over by a live display."""
        if not self.stopping:
            self.stopping = True
            self.emit("note", {"message": "stopping: running steps are cancelled, what is published stays"})

    def step(self, planned: PlannedStep, node: Node, position: dict[str, int]) -> StepResult:
        """Run or skip one step, with retries; emits its events."""
        (place, name), interval = node, self.plan.intervals[node[0]]
        above = [(upstream, self.ended.get((place, upstream))) for upstream in planned.after]
        missing = [upstream for upstream, result in above if result is not None and result.status not in GOOD]
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
        """Execute the step in a session of its own; even a defect of the engine is a result."""
        name = planned.step.name
        run = Run(self.run_id, interval, self.plan.params)
        group = f"{self.run_id}/{name}/{interval}"
        self.running[group] = (name, interval)
        try:
            with self.sessions.lent(name) as own:
                given = (own, run, self.force, self.stop, self.listener)
                with closing(Room(session=own, keep=self.keep, stop=self.stop)) as room:
                    attempt = Attempt(*given, now=self.now, fence=self.fence, room=room)
                    return batches(planned, attempt, self.backoff)
        except Exception as error:
            return record.defect(planned, self.session, run, error)
        finally:
            self.running.pop(group, None)
