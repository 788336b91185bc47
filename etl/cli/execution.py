"""One run with all that surrounds it: session, signals, display, artifacts, ledger."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO

from attrs import frozen

from etl.engine.stop import Stop
from etl.errors import ConfigError
from etl.model.event import Event, Listener
from etl.model.plan import Plan
from etl.model.result import RunResult
from etl.project.project import Project
from etl.report import terminal, wording
from etl.report.artifacts import Artifacts
from etl.report.manifest import manifest
from etl.state.ledger import Ledger
from etl.state.objects import open_store

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@frozen(kw_only=True)
class Execution:
    """A plan about to run, and how.

    Args:
        selection: what was asked for, for the ledger.
        threads: steps that may run at once; 0 for as many as there are cores.
        force: publish again what was already published.
        fail_fast: begin no further interval after a failure.
        master: Spark master on platform ``local``.
    """

    project: Project
    plan: Plan
    run_id: str
    selection: tuple[str, ...] = ()
    threads: int = 0
    force: bool = False
    fail_fast: bool = False
    master: str | None = None

    def run(self, stream: TextIO, progress: terminal.Mode, *, quiet: bool = False) -> RunResult:
        """Run, show it on ``stream``, and record it.

        Raises:
            EtlError: the run could not begin: no Java, no session, its id is taken. What happens to a step is in the
                result instead.
        """
        artifacts = Artifacts(_local(self.project.config.artifacts), self.run_id)
        ledger = Ledger(open_store(self.project.config.state, Path.cwd()))
        intervals = tuple(interval.key for interval in self.plan.intervals if interval)
        ledger.started(
            self.run_id, at=datetime.now(UTC), environment=self.plan.environment, selection=self.selection,
            intervals=intervals, artifacts=str(artifacts.folder),
        )  # fmt: skip
        try:
            result = self._shown(artifacts, stream, progress, quiet=quiet)
        except BaseException as error:
            ledger.failed(self.run_id, at=datetime.now(UTC), error=error)
            raise
        artifacts.write_results(result)
        report = write_report(artifacts, result, stream)
        ledger.finished(result)
        conclude(result, report, stream)
        return result

    def _shown(self, artifacts: Artifacts, stream: TextIO, progress: terminal.Mode, *, quiet: bool) -> RunResult:
        events = artifacts.open()
        artifacts.write_manifest(manifest(self.project, self.plan))
        try:
            mode = terminal.chosen(progress, stream, quiet=quiet)
            with terminal.follow(mode, stream, quiet=quiet) as display:
                return self._executed(_both(events, display), counts=mode == "live")
        finally:
            events.close()

    def _executed(self, listener: Listener, *, counts: bool) -> RunResult:
        from etl.engine.run import run

        stop = Stop()
        with interruptible(stop) as take_signals:
            session = self._session(listener)
            take_signals()  # PySpark puts its own SIGINT handler in place when the session starts
            return run(
                self.plan, run_id=self.run_id, session=session, listener=listener,
                threads=self.threads, force=self.force, fail_fast=self.fail_fast, progress=counts, stop=stop,
            )  # fmt: skip

    def _session(self, listener: Listener) -> SparkSession:
        from etl.spark.session import start
        from etl.spark.settings import SessionSettings

        config = self.project.config
        listener(Event("session_starting", datetime.now(UTC), self.run_id))
        session = start(SessionSettings(
            app_name=f"{self.project.name} {self.run_id}", platform=config.run.platform, master=self.master,
            conf=config.spark,
        ))  # fmt: skip
        listener(Event("session_started", datetime.now(UTC), self.run_id, data={"spark": session.version}))
        return session


def _both(first: Listener, second: Listener) -> Listener:
    def listener(event: Event) -> None:
        first(event)
        second(event)

    return listener


def _local(artifacts: str) -> Path:
    if "://" in artifacts:
        raise ConfigError(
            f"artifacts = {artifacts!r}: only a local folder can hold the artifacts yet", remedy="use a local path"
        )
    return Path(artifacts)


@contextmanager
def interruptible(stop: Stop) -> Iterator[Callable[[], None]]:
    """Turn SIGINT and SIGTERM into a wish to stop; a second SIGINT kills the process at once.

    Yields a function that takes the signals again, for when somebody else took them.
    """

    def wish(number: int, _: FrameType | None) -> None:
        if number == signal.SIGINT and stop.requested:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
        stop.request(128 + number)
        # os.write: a print would raise when the signal arrives in the middle of another one.
        os.write(2, b"\nstopping: what is published stays; Ctrl-C again kills\n")

    before: dict[signal.Signals, Any] = {}

    def take_signals() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            previous = signal.signal(number, wish)
            before.setdefault(number, previous)

    take_signals()
    try:
        yield take_signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def write_report(artifacts: Artifacts, result: RunResult, stream: TextIO) -> str:
    """Write the HTML report and return its path; empty, with a note, where jinja2 is not installed."""
    try:
        from etl.report.html import render
    except ModuleNotFoundError as error:
        print(f"no report.html: {error.name} is not installed (extra local)", file=stream)
        return ""
    artifacts.write_report(render(artifacts.read_manifest(), result.to_json()))
    return _shortest(artifacts.report)


def _shortest(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def conclude(result: RunResult, report: str, stream: TextIO) -> None:
    """Write the last lines: in a run of many intervals what broke again and again, then the summary."""
    intervals = {step.interval for step in result.steps}
    values = result.to_json()
    if len(intervals) > terminal.COMPACT_ABOVE:
        for line in wording.recurring(values["steps"]):
            print(line, file=stream)
    print(wording.summary(values, report), file=stream)
