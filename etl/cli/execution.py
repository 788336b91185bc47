"""A run at the command line: its signals, its display, its HTML report, its last lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from etl.cli.records import open_ledger
from etl.cli.session import start_session
from etl.cli.signals import interruptible
from etl.engine import fingerprint
from etl.engine.stop import Stop
from etl.errors import AnalysisError, EtlError
from etl.model.event import Listener, note
from etl.model.plan import Plan
from etl.model.platforms import LOCAL
from etl.model.result import RunResult
from etl.model.run import utc_now
from etl.project.project import Project
from etl.report import terminal, wording
from etl.report.lines import COMPACT_ABOVE
from etl.report.manifest import manifest
from etl.runs.artifacts import REPORT, Artifacts, open_artifacts, place
from etl.runs.execution import Execution
from etl.runs.leases import Leases
from etl.runs.request import Request

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ASKED = ("force", "fail_fast", "threads", "parallel", "master", "retry_of")  # options that a manifest remembers


def execute(
    project: Project,
    plan: Plan,
    run_id: str,
    stream: TextIO,
    mode: terminal.Mode,
    *,
    quiet: bool,
    overrides: Mapping[str, str] | None = None,
    past: Mapping[str, float] | None = None,
    metrics: bool = True,
    **options: Any,
) -> RunResult:
    """Run a plan of a project, show it on ``stream``, and draw its report.

    Args:
        project: whose configuration says where state and artifacts are.
        plan: what to do.
        run_id: names the run.
        stream: usually stderr.
        mode: how the run is shown.
        quiet: only what did not go well.
        overrides: configuration values of the command line, for whoever does this run again.
        past: seconds that steps took in earlier runs.
        metrics: on a platform, write a line for each step to stdout that CloudWatch makes metrics of.
        options: ``master`` for Spark on platform ``local``, or the ``session`` that there is; ``selection``,
            ``retry_of``, ``threads``, ``parallel``, ``force``, ``fail_fast`` and ``wait`` of an ``Execution``.

    Raises:
        EtlError: the run could not begin. What happens to a step is in the result instead.
    """
    mode = terminal.chosen(mode, stream, quiet=quiet)
    artifacts = open_artifacts(project.config.artifacts, run_id, project.config.s3)
    asked = {name: options[name] for name in ASKED if name in options}
    said = manifest(project, plan, _request(plan, overrides or {}, asked))
    with terminal.follow(mode, stream, quiet=quiet, past=past) as display:
        listeners = (display, *(_metrics(project) if metrics else ()))
        result = _run(project, plan, said, artifacts, listeners=listeners, progress=mode == "live", **options)
    conclude(result, write_report(artifacts, result, stream), stream)
    return result


def _metrics(project: Project) -> tuple[Listener, ...]:
    """Return what tells CloudWatch of each step, by lines of stdout: on a platform, whose logs go there."""
    if project.config.run.platform == LOCAL:
        return ()
    from etl.report.emf import Emf

    said = Emf(project=project.name, environment=project.config.environment, write=partial(print, flush=True))
    return (said,)


def _request(plan: Plan, overrides: Mapping[str, str], options: Mapping[str, Any]) -> Request:
    code = {planned.step.name: fingerprint.code(planned) for planned in plan.steps}
    return Request.of(plan, code=code, overrides=overrides, options=options)


def _run(
    project: Project,
    plan: Plan,
    said: Mapping[str, Any],
    artifacts: Artifacts,
    *,
    master: str | None,
    session: SparkSession | None = None,
    **options: Any,
) -> RunResult:
    stop, ledger = Stop(), open_ledger(project.config)
    with interruptible(stop) as take_signals:

        def started() -> SparkSession:
            found = session or start_session(project, plan, artifacts.run_id, master=master)
            take_signals()  # PySpark puts its own SIGINT handler in place when the session starts
            return found

        leases = Leases(store=ledger.store, term=project.config.run.lease_seconds)
        execution = Execution(
            plan=plan,
            manifest=said,
            ledger=ledger,
            leases=leases,
            artifacts=artifacts,
            session=started,
            stop=stop,
            afterwards=_afterwards(project, plan),
            **options,
        )
        return execution.run()


def _afterwards(project: Project, plan: Plan) -> Mapping[str, Callable[[RunResult], Iterable[str]]]:
    """Return what else is done with the result of a run."""
    if not project.config.glue_catalog.databases:
        return {}
    from etl.runs.registrar import after_run

    return {"targets were not registered": after_run(plan, project.config.glue_catalog, project.config.s3)}


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
    return place(artifacts.root, result.run_id, REPORT).removeprefix(f"{Path.cwd()}/")


def conclude(result: RunResult, report: str, stream: TextIO) -> None:
    """Write the last lines: in a run of many intervals what broke again and again, then the summary."""
    intervals = {step.interval for step in result.steps}
    values = result.to_json()
    if len(intervals) > COMPACT_ABOVE:
        for line in wording.recurring(values["steps"]):
            print(line, file=stream)
    if any(step.error and step.error.type == AnalysisError.__name__ for step in result.steps):
        print("`etl validate` finds such errors of a plan without reading data", file=stream)
    for line in filter(None, [wording.never_begun(values)]):
        print(line, file=stream)
    print(wording.summary(values, report), file=stream)
