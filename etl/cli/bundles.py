"""Which bundle a command means: the one that was built here, or the one that an environment uses."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from etl.errors import Place, ProjectError, UsageError

if TYPE_CHECKING:
    from etl.project.project import Project
    from etl.ship.built import Built


def chosen(project: Project, directory: Path, *, deployed: bool, here: bool) -> Built:
    """Return the bundle in a directory, or the one that the project's environment uses.

    Raises:
        UsageError: there is none; or what is deployed is meant to run ``here``.
    """
    from etl.ship import deploy
    from etl.ship.built import built_in

    if deployed and here:
        raise UsageError("--deployed with --to local", remedy="leave --deployed out: here the bundle of --bundle runs")
    if not deployed:
        return built_in(directory)
    config = project.config
    store = deploy.bundles_store(config.bundles, config.s3)
    return deploy.deployed(store, distribution(project), config.environment)


def distribution(project: Project) -> str:
    """Return the name that a project's bundles have: its distribution's.

    Raises:
        ProjectError: no pyproject.toml says one.
    """
    file = (project.directory or Path()) / "pyproject.toml"
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
        return str(said["project"]["name"])
    except (FileNotFoundError, KeyError):
        raise ProjectError(
            "the project has no name: bundles are kept below it",
            place=Place("pyproject.toml"),
            remedy='write [project] and name = "…" there',
        ) from None
