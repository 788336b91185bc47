"""The wheel of a project: its jobs with their conf, whatever its pyproject.toml says of wheels, or does not say."""

from __future__ import annotations

import importlib.util
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from etl.errors import PlatformError, ProjectError

JOBS, CONF = "jobs", "conf"
INSIDE = f"{JOBS}/{CONF}"


def build_wheel(directory: Path, out: Path) -> Path:
    """Build the wheel of the project in ``directory`` into ``out``.

    Packages that its own hatchling settings name are in it too; ``jobs`` and ``conf`` (as ``jobs/conf``) always are.

    Raises:
        ProjectError: there is no pyproject.toml, or what it says gives no wheel.
        PlatformError: hatchling is not installed.
    """
    file = directory / "pyproject.toml"
    if not file.is_file():
        raise ProjectError(
            f"{directory} has no pyproject.toml: a bundle carries the project's name, version and dependencies",
            remedy='write one: [project] name = "shop", version = "0.1.0", dependencies = ["headrace"]',
        )
    if importlib.util.find_spec("hatchling") is None:
        raise PlatformError("hatchling is not installed", remedy="pip install hatchling, or headrace's extra 'local'")
    from hatchling.builders.wheel import WheelBuilder
    from hatchling.plugin.manager import PluginManager

    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
        builder = WheelBuilder(str(directory.absolute()), plugin_manager=PluginManager(), config=_with_jobs(said))
        return out / Path(next(builder.build(directory=str(out.absolute()), versions=["standard"]))).name
    except Exception as error:  # hatchling raises whatever fits: ValueError, TypeError, KeyError, OSError
        raise ProjectError(f"the wheel of {directory} cannot be built: {error}") from error


def files_of(wheel: Path) -> dict[str, bytes]:
    """Return what a wheel holds, by name."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


def _with_jobs(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return pyproject.toml's words with jobs and conf among what its wheel holds."""
    tool: Any = said.get("tool", {})
    hatch = tool.get("hatch", {})
    build = hatch.get("build", {})
    targets = build.get("targets", {})
    wheel = targets.get("wheel", {})
    packages = [*wheel.get("packages", ())]
    if JOBS not in packages:
        packages.append(JOBS)
    wheel = {**wheel, "packages": packages, "force-include": {**wheel.get("force-include", {}), CONF: INSIDE}}
    build = {**build, "targets": {**targets, "wheel": wheel}}
    return {**said, "tool": {**tool, "hatch": {**hatch, "build": build}}}
