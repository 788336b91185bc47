"""The pytest plugin: a Spark session per test run, literal tables, runs into a temporary lake."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from etl.testing.lake import Lake
from etl.testing.tables import assert_table as compare
from etl.testing.tables import literal_table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from etl.model.result import RunResult
    from etl.project.project import Project
    from etl.spark.settings import SessionSettings


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker that ``pytest_collection_modifyitems`` gives."""
    config.addinivalue_line("markers", "spark: asks the installed Spark; given to each test with the fixture `spark`")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs Spark before ``-m`` chooses: ``pytest -m "not spark"`` runs in seconds."""
    for item in items:
        if "spark" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.spark)


@pytest.fixture(scope="session")
def spark_settings() -> SessionSettings:
    """What the tests' session is asked for: the fast JVM profile on two cores. A project's conftest may give others."""
    from etl.spark.settings import SessionSettings

    return SessionSettings(app_name="pytest", profile="test", master="local[2]")


@pytest.fixture(scope="session")
def spark(spark_settings: SessionSettings) -> Iterator[SparkSession]:
    """A local Spark session with Delta and the fast JVM profile, one for the whole test run."""
    from etl.spark.session import start

    session = start(spark_settings)
    yield session
    session.stop()


@pytest.fixture
def table(spark: SparkSession) -> Callable[[str, Iterable[Sequence[Any]]], DataFrame]:
    """``table(ddl, rows)`` makes a frame of literal rows."""
    return lambda ddl, rows: literal_table(spark, ddl, rows)


@pytest.fixture
def assert_table() -> Callable[..., None]:
    """``assert_table(frame, rows, ordered=False)`` compares and shows the rows that differ."""
    return compare


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    """A lake in the test's own directory."""
    return Lake(spark, tmp_path / "lake")


@pytest.fixture
def run_job(lake: Lake, request: pytest.FixtureRequest) -> Callable[..., RunResult]:
    """``run_job("nyc_flights", date="2013-02-08")`` runs a job of the project into the temporary lake.

    ``start`` and ``end`` give a range; other options are those of ``etl.engine.run.run``.
    """

    def run(
        *select: str,
        date: str | None = None,
        start: str | None = None,
        end: str | None = None,
        params: dict[str, str] | None = None,
        **options: Any,
    ) -> RunResult:
        project = open_lake_project(request.config.rootpath, lake)
        plan = project.plan(select, (), date, start, end, params or {})
        for planned in plan.steps:
            for dataset in (planned.writes, planned.quarantine, *planned.reads.values()):
                lake.declared[dataset.name] = dataset
        return lake.carry_out(plan, **options)

    return run


def open_lake_project(directory: Path, lake: Lake) -> Project:
    """Open the project at ``directory`` with every zone below the lake's root."""
    from etl.project.project import open_project

    first = open_project(directory, environ=os.environ, static=False)
    zones = {f"zones.{zone}": str(lake.root / zone) for zone in first.config.zones}
    return open_project(directory, environ=os.environ, overrides=zones, static=False)
