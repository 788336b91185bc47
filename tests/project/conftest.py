"""A project made of literal files, opened without Spark."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from etl.project.project import Project, open_project

IMPORTS = "from etl import Job, ReplaceTable, Source, Target, step\n"


@pytest.fixture(autouse=True)
def _modules_as_before() -> Iterator[None]:
    """Give back the import path and the job modules that other tests see."""
    path = list(sys.path)
    jobs = {name: module for name, module in sys.modules.items() if name == "jobs" or name.startswith("jobs.")}
    yield
    sys.path[:] = path
    for name in [name for name in sys.modules if name == "jobs" or name.startswith("jobs.")]:
        del sys.modules[name]
    sys.modules.update(jobs)


@pytest.fixture
def opened(write: Callable[..., Path]) -> Callable[..., Project]:
    """Write files of a project and open it."""

    def open_files(files: dict[str, str], **options: object) -> Project:
        return open_project(write(files), **options)  # type: ignore[arg-type]

    return open_files


@pytest.fixture
def chain() -> str:
    """A job module with raw.flights → clean.flights → marts.days and marts.hours."""
    return IMPORTS + dedent("""
        JOB = Job(tags=["nightly"])

        def simple(dataset, read, tags=()):
            @step(sources={"frame": Source(read)}, target=Target(dataset, "id INT", ReplaceTable()), tags=tags)
            def copy(frame):
                return frame
            return copy

        flights = simple("clean.flights", "raw.flights")
        days = simple("marts.days", "clean.flights", ["slow"])
        hours = simple("marts.hours", "clean.flights")
        """)
