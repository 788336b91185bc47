"""What there is of a failed run: its results and events, its record in the ledger, logs; and what they explain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from etl.errors import QualityError
from etl.model.failure import rank
from etl.model.result import Status
from etl.report.diagnosis import Diagnosis, LogText, diagnose
from etl.report.explanation import Explanation
from etl.runs.run_record import RunRecord

Json = Mapping[str, Any]
Logs = Callable[[RunRecord], Iterable[LogText]]  # what a platform has of a run


def explain_logs(logs: Iterable[LogText], root: Path) -> Explanation:
    """Say what logs alone tell of a failure."""
    return Explanation(diagnosis=diagnose(logs, root))


def explain(run: RunRecord, results: Json | None, events: Iterable[Json], logs: Logs, root: Path) -> Explanation:
    """Say why a run failed.

    Args:
        run: its record in the ledger.
        results: its ``run_results.json``, None where it left none.
        events: its events, read only where it left no results.
        logs: gives what the run's platform, or a person, has of it.
        root: the project's directory.
    """
    if not run.failed:
        return Explanation(diagnosis=Diagnosis(), run=run)
    steps = list(results["steps"]) if results else []
    wrong = [step for step in steps if step["status"] in {Status.ERROR, Status.FAIL}]
    wrong = wrong or [step for step in steps if step["status"] == Status.CANCELLED]
    step: Json | None = min(wrong, key=lambda each: rank(_code(each)), default=None)
    if results is None:
        step = _at_work(events)
    own = [text for text in (_of_step(step), LogText("the ledger", run.error.splitlines())) if text.lines]
    found = diagnose([*logs(run), *own], root)
    return Explanation(diagnosis=found, run=run, step=step, others=max(len(wrong) - 1, 0))


def _code(step: Json) -> int:
    return int(step["error"]["exit_code"]) if step["error"] else QualityError.exit_code


def _at_work(events: Iterable[Json]) -> Json | None:
    """Return the step that a dead run was at, or that failed in it before it died."""
    begun: dict[tuple[str, str | None], Json] = {}
    for event in events:
        pair = (event["step"], event["interval"])
        if event["kind"] == "step_started":
            begun[pair] = {"step": pair[0], "interval": pair[1]}
        elif event["kind"] == "step_finished":
            begun.pop(pair, None)
            if event["data"]["status"] in {Status.ERROR, Status.FAIL}:
                return dict(event["data"])
    return next(iter(begun.values()), None)


def _of_step(step: Json | None) -> LogText:
    error = (step or {}).get("error") or {}
    text = error.get("traceback") or error.get("message") or ""
    return LogText("run_results.json", text.splitlines())
