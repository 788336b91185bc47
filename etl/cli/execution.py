"""A run at the command line: its signals, its display, its HTML report, its last lines."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from etl.cli.signals import interruptible
from etl.engine.stop import Stop
from etl.errors import EtlError
from etl.model.event import note
from etl.model.plan import Plan
from etl.model.result import RunResult
from etl.model.run import utc_now
from etl.project.project import Project
from etl.report import terminal, wording
from etl.report.lines import COMPACT_ABOVE
from etl.report.manifest import manifest
from etl.runs.artifacts import Artifacts, open_artifacts, place
from etl.runs.execution import Execution
from etl.runs.ledger import Ledger
from etl.runs.objects import open_store

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def execute(
    project: Project,
    plan: Plan,
    run_id: str,
    *,
    stream: TextIO,
    mode: terminal.Mode = "auto",
    quiet: bool = False,
    selection: tuple[str, ...] = (),
    threads: int = 0,
    force: bool = False,
    fail_fast: bool = False,
    master: str | None = None,
) -> RunResult:
    """Run a plan of a project, show it on ``stream``, and draw its report.

    Args:
        project: whose configuration says where state and artifacts are.
        plan: what to do.
        run_id: names the run.
        stream: usually stderr.
        mode: how the run is shown.
        quiet: only what did not go well.
        selection: what was asked for, for the ledger.
        threads: steps that may run at once; 0 for as many as there are cores.
        force: publish again what was already published.
        fail_fast: begin no further interval after a failure.
        master: Spark master on platform ``local``.

    Raises:
        EtlError: the run could not begin. What happens to a step is in the result instead.
    """
    stop, mode = Stop(), terminal.chosen(mode, stream, quiet=quiet)
    artifacts = open_artifacts(project.config.artifacts, run_id)
    with terminal.follow(mode, stream, quiet=quiet) as display, interruptible(stop) as take_signals:

        def session() -> SparkSession:
            started = _session(project, run_id, master)
            take_signals()  # PySpark puts its own SIGINT handler in place when the session starts
            return started

        result = Execution(
            plan=plan,
            manifest=manifest(project, plan),
            ledger=Ledger(open_store(project.config.state)),
            artifacts=artifacts,
            session=session,
            listeners=(display,),
            selection=selection,
            threads=threads,
            force=force,
            fail_fast=fail_fast,
            progress=mode == "live",
            stop=stop,
        ).run()
    conclude(result, write_report(artifacts, result, stream), stream)
    return result


def _session(project: Project, run_id: str, master: str | None) -> SparkSession:
    from etl.spark.session import start
    from etl.spark.settings import SessionSettings

    config = project.config
    name = f"{project.name} {run_id}"
    return start(SessionSettings(app_name=name, platform=config.run.platform, master=master, conf=config.spark))


def write_report(artifacts: Artifacts, result: RunResult, stream: TextIO) -> str:
    """Write the HTML report and return where it is; empty where it could not be made, which is a note, not an error."""
    try:
        from etl.report.html import render
    except ModuleNotFoundError as error:
        print(f"no report.html: {error.name} is not installed (extra local)", file=stream)
        return ""
    try:
        artifacts.write_report(render(artifacts.read_manifest(), result.to_json()))
    except Exception as error:
        told = note(result.run_id, utc_now(), "no report.html", error)
        print(f"note: {told.data['message']}", file=stream)
        with suppress(EtlError, OSError):  # said already; the place that failed may be this one
            artifacts.add(told)
        return ""
    return place(artifacts.root, result.run_id, "report.html").removeprefix(f"{Path.cwd()}/")


def conclude(result: RunResult, report: str, stream: TextIO) -> None:
    """Write the last lines: in a run of many intervals what broke again and again, then the summary."""
    intervals = {step.interval for step in result.steps}
    values = result.to_json()
    if len(intervals) > COMPACT_ABOVE:
        for line in wording.recurring(values["steps"]):
            print(line, file=stream)
    print(wording.summary(values, report), file=stream)
