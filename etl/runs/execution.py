"""One run from its first record to its last, as whoever starts runs calls it; from any thread, and it renders nothing.

RECORD is done here: the ledger is closed before anything that only tells of the run (results, report, listeners), and
what then fails is a note among the events, never the run's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from etl.engine.delivery import delivered
from etl.engine.stop import Stop
from etl.model.event import Event, Kind, Listener, note
from etl.model.plan import Plan
from etl.model.result import RunResult
from etl.model.run import Clock, utc_now
from etl.runs import past
from etl.runs.artifacts import Artifacts
from etl.runs.ledger import Ledger

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Engine = Callable[..., RunResult]


def _engine() -> Engine:
    from etl.engine.run import run  # PySpark only when something runs

    return run


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

    @property
    def run_id(self) -> str:
        """The run's name."""
        return self.artifacts.run_id

    def run(self) -> RunResult:
        """Run and record.

        Raises:
            EtlError: the run could not begin: no Java, no session, its id is taken. What happens to a step is in the
                result instead.
        """
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
                result = self._carried_out(emit)
                try:
                    self.ledger.finished(result)
                finally:
                    self._keep(result, emit)
        except BaseException as error:
            self.ledger.failed(self.run_id, at=self.now(), error=error)
            raise
        return result

    def _carried_out(self, emit: Listener) -> RunResult:
        self.artifacts.write_manifest(self.manifest)
        emit(self._event("session_starting"))
        session = self.session()
        emit(self._event("session_started", {"spark": session.version}))
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
        )

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

    def _event(self, kind: Kind, data: Mapping[str, Any] | None = None) -> Event:
        return Event(kind, self.now(), self.run_id, data=data or {})
