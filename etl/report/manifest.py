"""What a project says, as JSON: ``manifest.json``, and what ``etl show`` prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from etl import __version__
from etl.model.dataset import Dataset, Source
from etl.model.job import JobModule
from etl.model.plan import Plan
from etl.model.schema import Schema
from etl.model.step import Step
from etl.project.project import Project
from etl.runs.request import Request

SCHEMA_VERSION = "1.0"


def manifest(project: Project, plan: Plan, request: Request | None = None) -> dict[str, Any]:
    """Return the project, what of it is planned, and what was asked for, so that it can be asked for again."""
    planned = {step.step.name: step.after for step in plan.steps}
    return {
        "schema_version": SCHEMA_VERSION,
        "engine": __version__,
        "project": project.name,
        "environment": plan.environment,
        "intervals": [interval.key if interval else None for interval in plan.intervals],
        "jobs": [job_json(job) for job in project.jobs],
        "steps": [
            step_json(project, step, job.name)
            | {"selected": step.name in planned, "after": list(planned.get(step.name, ()))}
            for job in project.jobs
            for step in job.steps
        ],
        "datasets": [dataset_json(dataset) for dataset in project.datasets.values()],
        "config": list(effective_settings(project)),
        "request": request.to_json() if request else None,
    }


def job_json(job: JobModule) -> dict[str, Any]:
    """Return a job as JSON values."""
    schedule = job.job.schedule
    return {
        "name": job.name,
        "description": job.description,
        "file": job.file,
        "owner": job.job.owner,
        "schedule": schedule.to_json() if schedule else None,
        "retries": job.job.retries,
        "tags": list(job.job.tags),
        "steps": [step.name for step in job.steps],
    }


def step_json(project: Project, step: Step[..., Any], job: str) -> dict[str, Any]:
    """Return a step as JSON values."""
    write = step.target.write
    return {
        "name": step.name,
        "target": step.target.dataset,
        "job": job,
        "description": step.description,
        "place": str(step.place.relative_to(str(project.directory or ""))),
        "tags": list(step.tags),
        "sources": [_source(name, source) for name, source in step.sources.items()],
        "write": {"kind": type(write).__name__} | attrs.asdict(write),
        "partition_by": list(step.target.partition_by),
        "schema": schema_json(step.target.readable),
        "expectations": [expectation.to_json() for expectation in step.expectations],
        "conserve": step.conserve,
        "sql": step.sql,
    }


def _source(name: str, source: Source) -> dict[str, Any]:
    return {"name": name} | attrs.asdict(source) | {"lookback": source.back}


def dataset_json(dataset: Dataset) -> dict[str, Any]:
    """Return a dataset as JSON values."""
    return {
        "name": dataset.name,
        "format": dataset.format,
        "uri": dataset.uri,
        "written_by": dataset.written_by,
        "schema": schema_json(dataset.schema) if dataset.schema else None,
        "options": dict(dataset.options),
        "partitioned_by": list(dataset.partitioned_by),
        "on_corrupt": dataset.on_corrupt,
        "on_drift": dataset.on_drift,
        "allow_empty": dataset.allow_empty,
        "place": str(dataset.place),
    }


def schema_json(schema: Schema) -> list[dict[str, Any]]:
    """Return the columns as JSON values."""
    return [attrs.asdict(column) for column in schema]


def effective_settings(project: Project) -> Iterator[dict[str, Any]]:
    """Yield each effective configuration value with its origin; configuration holds references, never secrets."""
    for key, value in project.config.effective().items():
        yield {"key": key, "value": value, "origin": str(project.config.origins[key])}
