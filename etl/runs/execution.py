"""One run from its first record to its last, as whoever starts runs calls it; from any thread, and it renders nothing.

A run holds all its targets from before its session starts until its last record is written; see ``leases``.

RECORD is done here: the ledger is closed before anything that only tells of the run (results, report, listeners), and
what then fails is a note among the events, never the run's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import Factory, field, frozen

from etl.engine.delivery import delivered
from etl.engine.stop import Stop
from etl.errors import EtlError, InterruptedRunError
from etl.model.event import Event, Kind, Listener, note
from etl.model.plan import Plan
from etl.model.result import RunResult
from etl.model.run import Clock, utc_now
from etl.runs import past
from etl.runs.artifacts import Artifacts
from etl.runs.held import Held
from etl.runs.holders import Holder
from etl.runs.leases import Leases
from etl.runs.ledger import Ledger
from etl.runs.processes import find

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Engine = Callable[..., RunResult]


def _engine() -> Engine:
    from etl.engine.run import run  # PySpark only when something runs

    return run


def _jvm(session: SparkSession) -> int:
    from etl.spark.jvm import process_id

    return process_id(session)


@frozen(kw_only=True)
class Execution:
    """A plan about to run, and all that it needs.

    Args:
        plan: what to do.
        manifest: what was planned, for the artifacts: see ``etl.report.manifest``.
        ledger: the record of runs.
        artifacts: where this run leaves what it leaves; names the run.
        session: starts the Spark session, or returns one.
        listeners: get every event, each in a thread of its own.
        selection: what was asked for, for the ledger.
        retry_of: the run whose rest this one does.
        threads: steps that may run at once; 0 for as many as there are cores.
        force: publish again what was already published.
        parallel: intervals that may be at work at once.
        fail_fast: begin no further interval after a failure.
        progress: emit live task counts.
        stop: how others end the run early.
        now: the time, in UTC, that everything recorded carries.
        engine: carries the plan out.
        leases: keep others from its targets.
        wait: seconds to wait for other runs that hold its targets.
        jvm: the number of the process that a session's JVM is.
        afterwards: what else is done with the result of a run once it is on record, by what to call it where it fails;
            each returns sentences for people.
    """

    plan: Plan
    manifest: Mapping[str, Any] = field(hash=False)
    ledger: Ledger
    artifacts: Artifacts
    session: Callable[[], SparkSession]
    listeners: tuple[Listener, ...] = ()
    selection: tuple[str, ...] = ()
    retry_of: str = ""
    threads: int = 0
    parallel: int = 1
    force: bool = False
    fail_fast: bool = False
    progress: bool = False
    stop: Stop = field(factory=Stop)
    now: Clock = utc_now
    engine: Engine = field(factory=_engine)
    leases: Leases = Factory(lambda self: Leases(store=self.ledger.store), takes_self=True)
    wait: float = 0.0
    jvm: Callable[[SparkSession], int] = _jvm
    afterwards: Mapping[str, Callable[[RunResult], Iterable[str]]] = field(factory=dict, hash=False)

    @property
    def run_id(self) -> str:
        """The run's name."""
        return self.artifacts.run_id

    def run(self) -> RunResult:
        """Run and record.

        Raises:
            TargetLockedError: another run holds one of the targets; nothing was begun.
            EtlError: the run could not begin: no Java, no session, its id is taken. What happens to a step is in the
                result instead.
        """
        held = self.leases.begin(self.run_id, self.stop)
        try:
            return self._recorded(held)
        finally:
            self._let_go(held)

    def _recorded(self, held: Held) -> RunResult:
        self.ledger.started(
            self.run_id,
            at=self.now(),
            environment=self.plan.environment,
            selection=self.selection,
            intervals=tuple(interval.key for interval in self.plan.intervals if interval),
            artifacts=self.artifacts.root,
            jobs=tuple(dict.fromkeys(planned.job for planned in self.plan.steps)),
            retry_of=self.retry_of,
        )
        try:
            with delivered(self.artifacts.events(), *self.listeners) as emit:
                result = self._waited(held, emit) or self._carried_out(held, emit)
                if held.lost:
                    emit(note(self.run_id, self.now(), "the run lost its targets", held.lost))
                try:
                    self.ledger.finished(result)
                finally:
                    self._keep(result, emit)
        except BaseException as error:
            self.ledger.failed(self.run_id, at=self.now(), error=error)
            raise
        return result

    def _waited(self, held: Held, emit: Listener) -> RunResult | None:
        """Take the targets; return the run's result if it is told to stop while it waits for them."""
        began = self.now()

        def tell(message: str) -> None:
            emit(self._event("note", {"message": message}))

        def close(lost: Holder) -> None:
            self.ledger.lost(lost.run_id, at=self.now(), by=lost.lost_to)
            tell(f"run {lost.run_id} on {lost.host} (pid {lost.process.pid}) died without a word: it is lost")

        try:
            targets = {planned.writes.uri: planned.writes.name for planned in self.plan.steps}
            held.take(targets, close, wait=self.wait, tell=tell)
        except InterruptedRunError:
            from etl.engine.record import never_begun

            return RunResult(
                run_id=self.run_id,
                environment=self.plan.environment,
                started_at=began,
                finished_at=self.now(),
                steps=tuple(never_begun(self.plan, self.plan.intervals, stopped=True)),
                arguments=self.plan.arguments,
                interrupted=self.stop.requested,
                never_begun=tuple(interval.key for interval in self.plan.intervals if interval),
            )
        return None

    def _carried_out(self, held: Held, emit: Listener) -> RunResult:
        self.artifacts.write_manifest(self.manifest)
        emit(self._event("session_starting"))
        session = self.session()
        emit(self._event("session_started", {"spark": session.version}))
        held.renew(find(self.jvm(session)))
        return self.engine(
            self.plan,
            run_id=self.run_id,
            session=session,
            listener=emit,
            threads=self.threads,
            parallel=self.parallel,
            force=self.force,
            fail_fast=self.fail_fast,
            progress=self.progress,
            stop=self.stop,
            now=self.now,
            fence=held.check,
            keep=self.artifacts.keep,
        )

    def _let_go(self, held: Held) -> None:
        try:
            held.end()
        except Exception as error:  # what is done is recorded; the next run finds this one gone, and takes over
            with suppress(EtlError, OSError):
                self.artifacts.add(note(self.run_id, self.now(), "the targets are not free yet", error))

    def _keep(self, result: RunResult, emit: Listener) -> None:
        writes: dict[str, Callable[[RunResult], None]] = {
            "the results": self.artifacts.write_results,
            "what the ledger remembers of its steps": partial(past.keep, self.ledger.store),
        }
        for what, write in writes.items():
            try:
                write(result)
            except Exception as error:
                emit(note(self.run_id, self.now(), f"{what} could not be written", error))
        for what, act in self.afterwards.items():
            try:
                for sentence in act(result):
                    emit(self._event("note", {"message": sentence}))
            except Exception as error:
                emit(note(self.run_id, self.now(), what, error))

    def _event(self, kind: Kind, data: Mapping[str, Any] | None = None) -> Event:
        return Event(kind, self.now(), self.run_id, data=data or {})
