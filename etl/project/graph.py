"""Steps joined by the datasets they publish and read."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from attrs import field, frozen

from etl.config.problems import raise_all
from etl.errors import CircularStepsError, GraphError, did_you_mean
from etl.model.job import JobModule
from etl.model.step import Step


@frozen
class Node:
    """A step and the job that declares it."""

    job: JobModule
    step: Step[Any, Any] = field(eq=False)

    @property
    def name(self) -> str:
        """The step's name."""
        return self.step.name

    @property
    def writes(self) -> str | None:
        """The dataset that the step publishes; None for a step without target."""
        return self.step.target.dataset if self.step.publishes else None

    @property
    def tags(self) -> frozenset[str]:
        """The step's tags and its job's."""
        return frozenset(self.step.tags) | frozenset(self.job.job.tags)


@frozen
class Graph:
    """All steps of a project.

    Args:
        nodes: by name, each after those it reads from; where that leaves a choice, in declaration order.
        writers: the step that publishes each dataset, by dataset.
        parents: the steps that publish what a step reads.
        children: the steps that read what a step publishes.
    """

    nodes: Mapping[str, Node] = field(hash=False)
    writers: Mapping[str, str] = field(hash=False)
    parents: Mapping[str, tuple[str, ...]] = field(hash=False)
    children: Mapping[str, tuple[str, ...]] = field(hash=False)

    def ancestors(self, names: Collection[str], depth: int | None = None) -> set[str]:
        """Return the steps ``names`` read from, up to ``depth`` levels; None is all. They are included."""
        return _reach(self.parents, names, depth)

    def descendants(self, names: Collection[str], depth: int | None = None) -> set[str]:
        """Return the steps that read from ``names``, down to ``depth`` levels; None is all. They are included."""
        return _reach(self.children, names, depth)

    def readers(self, dataset: str) -> set[str]:
        """Return the steps that read a dataset themselves."""
        return {name for name, node in self.nodes.items() if dataset in _reads(node.step)}

    def ordered(self, names: Collection[str]) -> tuple[str, ...]:
        """Return names in graph order."""
        return tuple(name for name in self.nodes if name in names)


def build_graph(jobs: Sequence[JobModule], known: Collection[str], root: str = "") -> Graph:
    """Join the steps of all jobs.

    Args:
        jobs: in declaration order.
        known: every dataset of the project: catalogued, or written by a step.
        root: directory that places in messages are relative to.

    Raises:
        GraphError: every dataset with two writers, every name that two steps have or that means something else, every
            step that reads its own target, every source that nobody writes or catalogues; and if there is none of
            these, a cycle.
    """
    nodes = [Node(job, step) for job in jobs for step in job.steps]
    raise_all([*_two_writers(nodes, root), *_bad_names(nodes, known, root), *_bad_sources(nodes, known, root)])
    by_name = {node.name: node for node in nodes}
    writers = {node.writes: node.name for node in nodes if node.writes}
    parents = {node.name: tuple(writers[read] for read in _reads(node.step) if read in writers) for node in nodes}
    order = _order(parents, by_name, root)
    children = {name: tuple(child for child in order if name in parents[child]) for name in order}
    return Graph({name: by_name[name] for name in order}, writers, parents, children)


def _reads(step: Step[Any, Any]) -> dict[str, None]:
    return dict.fromkeys(source.dataset for source in step.sources.values())


def _two_writers(nodes: Sequence[Node], root: str) -> Iterator[GraphError]:
    writers: dict[str, Node] = {}
    for node in nodes:
        first = writers.setdefault(node.writes, node) if node.writes else node
        if first is not node:
            other = first.step.place.relative_to(root)
            message = f"{node.writes} is written by two steps; the other is at {other}"
            yield GraphError(message, place=node.step.place.relative_to(root), remedy="a dataset has one writer")


def _bad_names(nodes: Sequence[Node], known: Collection[str], root: str) -> Iterator[GraphError]:
    """A name that means two things would select, show and record the wrong one."""
    named: dict[str, Node] = {}
    jobs = {node.job.name for node in nodes}
    for node in nodes:
        first = named.setdefault(node.name, node)
        if node.name == node.writes:
            continue
        place = node.step.place.relative_to(root)
        if first is not node:
            other = first.step.place.relative_to(root)
            yield GraphError(f"two steps are named {node.name}; the other is at {other}", place=place)
        elif node.name in jobs:
            yield GraphError(f"step {node.name} has the name of a job", place=place)
        elif node.name in known:
            message = f"step {node.name} has the name of a dataset that is not its target"
            yield GraphError(message, place=place, remedy="leave name out to name it after its target")


def _bad_sources(nodes: Sequence[Node], known: Collection[str], root: str) -> Iterator[GraphError]:
    for node in nodes:
        place = node.step.place.relative_to(root)
        for dataset in _reads(node.step):
            if dataset == node.writes:
                remedy = "Merge updates a target by its keys and need not read it"
                yield GraphError(f"step {node.name} reads its own target", place=place, remedy=remedy)
            elif dataset not in known:
                message = f"step {node.name} reads {dataset}, which no step writes and conf/datasets.toml does not list"
                remedy = f"add [{dataset}] to conf/datasets.toml"
                yield GraphError(f"{message}; {did_you_mean(dataset, known)}", place=place, remedy=remedy)


def _order(parents: Mapping[str, tuple[str, ...]], nodes: Mapping[str, Node], root: str) -> tuple[str, ...]:
    names = list(parents)
    rank = {name: position for position, name in enumerate(names)}
    sorter = TopologicalSorter(parents)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = error.args[1]
        raise CircularStepsError(circle, place=nodes[circle[0]].step.place.relative_to(root)) from None
    ready: list[int] = []
    order: list[str] = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heapq.heappush(ready, rank[name])
        order.append(names[heapq.heappop(ready)])
        sorter.done(order[-1])
    return tuple(order)


def _reach(edges: Mapping[str, tuple[str, ...]], start: Collection[str], depth: int | None) -> set[str]:
    reached, edge = set(start), set(start)
    while edge and (depth is None or depth > 0):
        edge = {far for near in edge for far in edges[near]} - reached
        reached |= edge
        depth = None if depth is None else depth - 1
    return reached
