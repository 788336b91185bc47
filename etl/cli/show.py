"""``etl show``: one thing, in full."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from etl.cli.context import Context, pass_context
from etl.cli.records import open_ledger
from etl.cli.runs import STEP_COLUMNS, step_results, step_row
from etl.cli.table import print_facts, print_json, print_rows
from etl.errors import EtlError, UnknownNameError

if TYPE_CHECKING:
    from etl.project.project import Project

LAST_RUNS = 5
_LOOKED_AT = 50  # runs; a step that ran in none of them has not run lately


@click.command()
@click.argument("name")
@pass_context
def command(context: Context, name: str) -> None:
    """Show one job, step or dataset.

    What it reads, writes and promises, and its last runs.

    \b
    etl show clean.flights
    etl show nyc_flights
    etl show raw.flights -o json
    """
    project = context.open()
    found = _found(project, name)
    if context.output == "json":
        print_json(found)
        return
    found |= {key: tell(found[key]) for key, tell in _TELL.items() if found.get(key)}
    lists = {key: found.pop(key) for key in ("schema", "expectations", "runs") if found.get(key)}
    print_facts(found)
    for title, rows in lists.items():
        click.echo(f"\n{title}")
        _print_list(title, rows)


def _found(project: Project, name: str) -> dict[str, Any]:
    from etl.report.manifest import dataset_json, job_json, step_json

    jobs = {job.name: job for job in project.jobs}
    if name in jobs:
        return job_json(jobs[name])
    steps = {step.name: (step, job) for job in project.jobs for step in job.steps}
    if name in steps:
        step, job = steps[name]
        dataset = step.target.dataset
        more = {"retries": job.job.retries, "uri": project.datasets[dataset].uri, "read_by": _readers(project, dataset)}
        return step_json(project, step, job.name) | more | {"runs": _last_runs(project, name)}
    if name in project.datasets:
        return dataset_json(project.datasets[name]) | {"read_by": _readers(project, name)}
    known = {*jobs, *steps, *project.datasets}
    raise UnknownNameError(f"no job, step or dataset {name!r}", name, known)


def _readers(project: Project, dataset: str) -> list[str]:
    steps = (step for job in project.jobs for step in job.steps)
    return [step.name for step in steps if any(source.dataset == dataset for source in step.sources.values())]


def _last_runs(project: Project, name: str) -> list[dict[str, Any]]:
    from etl.runs.index import Asked

    rows: list[dict[str, Any]] = []
    asked = Asked(job=project.graph.nodes[name].job.name)
    try:
        for run in open_ledger(project.config).runs(_LOOKED_AT, asked):
            own = [step_row(step) for step in step_results(project.config, run) if step["step"] == name]
            rows += [{"run_id": run.run_id} | row for row in own[-LAST_RUNS:]]
            if len(rows) >= LAST_RUNS:
                break
    except EtlError as error:  # what a step declares can be shown without its past
        click.echo(f"note: last runs unknown: {error.message}", err=True)
    return rows[:LAST_RUNS]


def _sources(sources: list[dict[str, Any]]) -> str:
    lines = [
        f"{s['name']}: {s['dataset']}"
        + (f" by {s['interval_column']}" if s["interval_column"] else "")
        + (f", looking back {s['lookback']}" if s.get("lookback") else "")
        + (", what is new" if s.get("incremental") else "")
        + (" (optional)" if s["optional"] else "")
        for s in sources
    ]
    return "\n".join(lines)


def _settings(values: dict[str, Any]) -> str:
    said = {key: ", ".join(value) if isinstance(value, tuple | list) else value for key, value in values.items()}
    kind = said.pop("kind", "")
    return " ".join([kind, *(f"{key}={value}" for key, value in said.items() if value not in {None, ""})]).strip()


_TELL: dict[str, Callable[[Any], str]] = {
    "sources": _sources,
    "write": _settings,
    "schedule": _settings,
    "options": _settings,
}


def _print_list(title: str, rows: list[dict[str, Any]]) -> None:
    from etl.report import wording

    if title == "schema":
        rows = [row | {"null": "" if row["nullable"] else "NOT NULL"} for row in rows]
        print_rows(rows, ("name", "type", "null", "comment"), "text")
    elif title == "expectations":
        results = [{"expectation_config": row} for row in rows]
        shown = [
            {
                "expectation": wording.name(result),
                "expected": wording.expected(result),
                "on_failure": result["expectation_config"]["meta"]["on_failure"],
            }
            for result in results
        ]
        print_rows(shown, ("expectation", "expected", "on_failure"), "text")
    else:
        print_rows(rows, ("run_id", *STEP_COLUMNS[1:]), "text")
