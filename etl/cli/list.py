"""``etl list``: what a project has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import click

from etl.cli.context import Context, pass_context
from etl.cli.table import print_rows

if TYPE_CHECKING:
    from etl.project.project import Project

Rows = list[dict[str, Any]]
Kind = Literal["job", "step", "dataset"]
_NOUNS: dict[tuple[str, ...], Kind] = {
    ("jobs",): "job",
    ("job",): "job",
    ("steps",): "step",
    ("step",): "step",
    ("datasets",): "dataset",
    ("dataset",): "dataset",
}


@click.command()
@click.argument("names", nargs=-1, metavar="[SELECT]...")
@click.option("--type", "kind", type=click.Choice(["job", "step", "dataset"]), help="[default: step]")
@pass_context
def command(context: Context, names: tuple[str, ...], kind: Kind | None) -> None:
    """List jobs, steps or datasets.

    \b
    etl list
    etl list datasets
    etl list --type dataset
    etl list +marts.route_on_time -o json
    """
    project = context.open()
    if kind is None and names[:1] in _NOUNS and not _is_a_job(project, names[0]):
        kind, names = _NOUNS[names[:1]], names[1:]
    rows, columns = _LISTS[kind or "step"]
    print_rows(rows(project, project.select(names)), columns, context.output)


def _is_a_job(project: Project, name: str) -> bool:
    return any(job.name == name for job in project.jobs)


def _jobs(project: Project, steps: tuple[str, ...]) -> Rows:
    from etl.report.manifest import job_json

    jobs = [job_json(job) for job in project.jobs if any(step.name in steps for step in job.steps)]
    return [job | {"steps": len(job["steps"]), "schedule": _schedule(job["schedule"])} for job in jobs]


def _schedule(schedule: dict[str, Any] | None) -> str:
    if not schedule:
        return "on demand"
    details = " ".join(f"{key}={value}" for key, value in schedule.items() if key != "kind")
    return f"{schedule['kind']} {details}"


def _steps(project: Project, steps: tuple[str, ...]) -> Rows:
    from etl.report.manifest import step_json

    nodes = (project.graph.nodes[name] for name in steps)
    return [_step_row(step_json(project, node.step, node.job.name)) for node in nodes]


def _step_row(step: dict[str, Any]) -> dict[str, Any]:
    return {
        "step": step["name"],
        "target": step["target"],
        "job": step["job"],
        "write": step["write"]["kind"],
        "sources": [source["dataset"] for source in step["sources"]],
        "expectations": len(step["expectations"]),
        "tags": step["tags"],
        "description": step["description"],
    }


def _datasets(project: Project, steps: tuple[str, ...]) -> Rows:
    from etl.report.manifest import dataset_json

    touched: set[str] = set()
    for name in steps:
        step = project.graph.nodes[name].step
        touched |= {step.target.dataset, *(source.dataset for source in step.sources.values())}
    return [dataset_json(project.datasets[name]) for name in sorted(touched)]


_LISTS: dict[str, tuple[Callable[[Project, tuple[str, ...]], Rows], tuple[str, ...]]] = {
    "job": (_jobs, ("name", "schedule", "steps", "owner", "file", "description")),
    "step": (_steps, ("step", "job", "write", "sources", "expectations", "description")),
    "dataset": (_datasets, ("name", "format", "written_by", "uri")),
}
