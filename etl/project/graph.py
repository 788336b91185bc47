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
    def tags(self) -> frozenset[str]:
        """The step's tags and its job's."""
        return frozenset(self.step.tags) | frozenset(self.job.job.tags)


@frozen
class Graph:
    """All steps of a project.

    Args:
        nodes: by name, each after those it reads from; where that leaves a choice, in declaration order.
        parents: the steps that publish what a step reads.
        children: the steps that read what a step publishes.
    """

    nodes: Mapping[str, Node] = field(hash=False)
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
        GraphError: every dataset with two writers, every step that reads its own target, every source that nobody
            writes or catalogues; and if there is none of these, a cycle.
    """
    nodes = [Node(job, step) for job in jobs for step in job.steps]
    raise_all([*_two_writers(nodes, root), *_bad_sources(nodes, known, root)])
    by_name = {node.name: node for node in nodes}
    parents = {node.name: tuple(s for s in _reads(node.step) if s in by_name) for node in nodes}
    order = _order(parents, by_name, root)
    children = {name: tuple(child for child in order if name in parents[child]) for name in order}
    return Graph({name: by_name[name] for name in order}, parents, children)


def _reads(step: Step[Any, Any]) -> dict[str, None]:
    return dict.fromkeys(source.dataset for source in step.sources.values())


def _two_writers(nodes: Sequence[Node], root: str) -> Iterator[GraphError]:
    writers: dict[str, Node] = {}
    for node in nodes:
        first = writers.setdefault(node.name, node)
        if first is not node:
            other = first.step.place.relative_to(root)
            yield GraphError(f"{node.name} is written by two steps; the other is at {other}",
                             place=node.step.place.relative_to(root), remedy="a dataset has one writer")  # fmt: skip


def _bad_sources(nodes: Sequence[Node], known: Collection[str], root: str) -> Iterator[GraphError]:
    for node in nodes:
        place = node.step.place.relative_to(root)
        for dataset in _reads(node.step):
            if dataset == node.name:
                yield GraphError(f"step {node.name} reads its own target", place=place,
                                 remedy="Merge updates a target by its keys and need not read it")  # fmt: skip
            elif dataset not in known:
                yield GraphError(f"step {node.name} reads {dataset}, which no step writes and conf/datasets.toml does "
                                 f"not list; {did_you_mean(dataset, known)}", place=place,
                                 remedy=f"add [{dataset}] to conf/datasets.toml")  # fmt: skip


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
