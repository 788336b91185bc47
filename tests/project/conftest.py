"""A project made of literal files, opened without Spark."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from etl.project.project import Project, open_project

BASE = """
[zones]
raw = "lake/raw"
clean = "lake/clean"
marts = "lake/marts"
quarantine = "lake/quarantine"
"""

DATASETS = """
[raw.flights]
format = "csv"
schema = "id INT, day DATE"
"""

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
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write files of a project over a small one: path to text. Gives its directory."""

    def write_files(files: dict[str, str] | None = None) -> Path:
        given = {"conf/base.toml": BASE, "conf/env/local.toml": "[run]\nthreads = 2\n", "conf/datasets.toml": DATASETS}
        for name, text in (given | {"jobs/__init__.py": ""} | (files or {})).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))
        return tmp_path

    return write_files


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
