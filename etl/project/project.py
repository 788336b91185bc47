"""A project, opened: its configuration, datasets, jobs and graph, and the plans made from them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from etl.config.settings import Config, load_config
from etl.errors import GoneError, UsageError
from etl.model.dataset import Dataset
from etl.model.interval import Interval
from etl.model.job import JobModule
from etl.model.plan import Plan, PlannedStep
from etl.project.catalog import read_catalog, resolve
from etl.project.discovery import PACKAGE, discover
from etl.project.graph import Graph, build_graph
from etl.project.intervals import check_interval_columns, check_lengths, choose_intervals
from etl.project.select import Selected, select

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

ENVIRONMENT = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
DEFAULT_ENVIRONMENT = "local"


@frozen(kw_only=True)
class Project:
    """What conf/ and jobs/ say in one environment.

    Args:
        name: the configured name, else that of the directory.
        config: the settings in force.
        datasets: every dataset, catalogued or written, by name.
        jobs: in alphabetical order.
        graph: all steps, joined.
        directory: where the project lies; None for the bundle.
    """

    name: str
    config: Config
    datasets: Mapping[str, Dataset] = field(hash=False)
    jobs: tuple[JobModule, ...]
    graph: Graph
    directory: Path | None = None

    def select(self, selectors: Sequence[str], exclude: Sequence[str] = ()) -> tuple[str, ...]:
        """Return the names of the selected steps in graph order; no selector selects all.

        Raises:
            UsageError: a selector that names nothing, or nothing is left.
        """
        return select(self.graph, selectors, exclude).names

    def plan(
        self,
        select_: Sequence[str] = (),
        exclude: Sequence[str] = (),
        date: str | None = None,
        start: str | None = None,
        end: str | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Plan:
        """Say what a run would do.

        Args:
            select_: selectors in dbt's grammar; none selects every step.
            exclude: selectors of steps to leave out.
            date: any point of the interval to run; its length is that of the jobs' schedule.
            start: first boundary of several intervals.
            end: first boundary that is not included.
            params: what a ``run`` parameter receives.

        Raises:
            UsageError: a selector that names nothing, a scheduled job without a time, jobs of different units.
        """
        selection = select(self.graph, select_, exclude)
        nodes = [self.graph.nodes[name] for name in selection.names]
        arguments = {"select": list(select_), "exclude": list(exclude), "date": date, "from": start, "to": end}
        return Plan(
            environment=self.config.environment,
            intervals=choose_intervals(nodes, date, start, end),
            steps=tuple(self._planned(name, selection) for name in selection.names),
            params=dict(params or {}),
            arguments=arguments | {"params": dict(params or {})},
        )

    def again(self, steps: Sequence[str], intervals: Sequence[Interval | None], arguments: Mapping[str, Any]) -> Plan:
        """Say what doing an earlier plan, or a part of it, would be now.

        Args:
            steps: their names.
            intervals: in their order.
            arguments: those of the earlier plan.

        Raises:
            GoneError: a step is not there any more, or its job has intervals of another length.
        """
        gone = [f"step {name}" for name in steps if name not in self.graph.nodes]
        if gone:
            raise GoneError(gone)
        selection = select(self.graph, steps)
        check_lengths([self.graph.nodes[name] for name in selection.names], intervals)
        return Plan(
            environment=self.config.environment,
            intervals=tuple(intervals),
            steps=tuple(self._planned(name, selection) for name in selection.names if name in steps),
            params=dict(arguments["params"]),
            arguments=dict(arguments),
        )

    def _planned(self, name: str, selection: Selected) -> PlannedStep:
        node = self.graph.nodes[name]
        return PlannedStep(
            job=node.job.name,
            retries=node.job.job.retries,
            step=node.step,
            reads={key: self.datasets[source.dataset] for key, source in node.step.sources.items()},
            writes=self.datasets[node.step.target.dataset],
            quarantine=self.datasets[node.step.target.quarantine],
            after=tuple(parent for parent in self.graph.parents[name] if parent in selection.why),
            why=selection.why[name],
            connection=self.config.connections[node.step.statements.connection] if node.step.statements else None,
        )


def open_project(
    directory: Path | None,
    *,
    environment: str | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, str] | None = None,
    static: bool = True,
) -> Project:
    """Read a project.

    Args:
        directory: the project's directory or one below it; None opens the bundle that the engine runs from.
        environment: ``local`` unless said otherwise: one file under ``conf/env``.
        environ: environment variables; those that start with ``ETL__`` are configuration.
        overrides: configuration values, dotted key to text.
        static: do not import PySpark; the plans can be looked at, not run.

    Raises:
        UsageError: no project there, no such environment.
        ProjectError: what conf/ or jobs/ say cannot be run; every problem of a file at once.
        PlatformError: PySpark is not installed, and ``static`` is false.
    """
    environment = environment or DEFAULT_ENVIRONMENT
    if not ENVIRONMENT.fullmatch(environment):
        raise UsageError(f"environment {environment[:80]!r} is no name", remedy="letters, digits, - and _: local, dev")
    root = _root(directory)
    conf = _bundled_conf() if root is None else root / "conf"
    name = "conf" if root else f"{PACKAGE}/conf"
    config = load_config(
        conf, name, root or Path.cwd(), environment=environment, environ=environ or {}, overrides=overrides or {}
    )
    catalog = read_catalog(conf / "datasets.toml", f"{name}/datasets.toml")
    jobs = discover(root, static=static)
    place_root = str(root or "")
    datasets = resolve(config, catalog, jobs, place_root)
    graph = build_graph(jobs, datasets, place_root)
    check_interval_columns(graph, datasets, place_root)
    return Project(
        name=config.name or (root.name if root else PACKAGE),
        config=config,
        datasets=datasets,
        jobs=jobs,
        graph=graph,
        directory=root,
    )


def find_directory(start: Path) -> Path | None:
    """Return the nearest directory at or above ``start`` that holds conf/base.toml."""
    here = start.absolute()
    return next((folder for folder in (here, *here.parents) if (folder / "conf" / "base.toml").exists()), None)


def _root(directory: Path | None) -> Path | None:
    if directory is None:
        return None
    root = find_directory(directory)
    if root is None:
        raise UsageError(
            f"no project at {directory} or above: no conf/base.toml",
            remedy="change into the project, give its directory with -C, or make one: `etl init DIR`",
        )
    return root


def _bundled_conf() -> Traversable:
    from importlib.resources import files

    try:
        conf: Traversable | None = files(PACKAGE) / "conf"
    except ModuleNotFoundError:
        conf = None
    if conf is None or not (conf / "base.toml").is_file():
        raise UsageError(
            "the bundle has no jobs/conf/base.toml", remedy="build it with `etl package`, which puts conf/ there"
        ) from None
    return conf
