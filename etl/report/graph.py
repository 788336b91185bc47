"""The graph of steps as text: a tree for people, Mermaid and DOT for documents, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from etl.errors import UnknownNameError
from etl.project.project import Project

Edge = tuple[str, str]


def render_graph(project: Project, steps: Sequence[str], form: str = "tree") -> str:
    """Draw the named steps, the datasets they read, and what feeds what.

    Args:
        project: where the steps are declared.
        steps: names; edges to steps that are not named are drawn as datasets read as they are.
        form: ``tree``, ``mermaid``, ``dot`` or ``json``.

    Raises:
        UsageError: another form.
    """
    if form not in _FORMS:
        raise UnknownNameError(f"no graph format {form!r}", form, _FORMS)
    return _FORMS[form](project, project.graph.ordered(steps))


def edges(project: Project, steps: Sequence[str]) -> tuple[Edge, ...]:
    """Return (step or dataset read, step) pairs, by step in graph order and source in declaration order.

    A dataset that one of the steps publishes is drawn as that step, any other as itself.
    """
    graph = project.graph
    shown = {dataset: name for dataset, name in graph.writers.items() if name in steps}
    read = [(source.dataset, name) for name in steps for source in graph.nodes[name].step.sources.values()]
    return tuple(dict.fromkeys((shown.get(dataset, dataset), name) for dataset, name in read))


def _tree(project: Project, steps: Sequence[str]) -> str:
    return "\n".join(_tree_lines(project, steps))


def _tree_lines(project: Project, steps: Sequence[str]) -> Iterator[str]:
    """Each job's steps in graph order, and under each the datasets it reads, marked when a shown step writes them."""
    width = max((len(name) for name in steps), default=0)
    for job in project.jobs:
        own = [name for name in steps if project.graph.nodes[name].job is job]
        if own:
            yield job.name
        for position, name in enumerate(own):
            last = position == len(own) - 1
            step = project.graph.nodes[name].step
            reads = ", ".join(dict.fromkeys(source.dataset for source in step.sources.values()))
            yield f"{'└─' if last else '├─'} {name.ljust(width)}  ← {reads}"


def _mermaid(project: Project, steps: Sequence[str]) -> str:
    lines = ["flowchart LR"]
    lines += [f'  {_id(name)}[("{name}")]' for name in _outside(project, steps)]
    lines += [f'  {_id(name)}["{name}"]' for name in steps]
    lines += [f"  {_id(read)} --> {_id(name)}" for read, name in edges(project, steps)]
    return "\n".join(lines)


def _dot(project: Project, steps: Sequence[str]) -> str:
    lines = ["digraph headrace {", "  rankdir=LR;", "  node [shape=box];"]
    lines += [f'  "{name}" [shape=cylinder];' for name in _outside(project, steps)]
    lines += [f'  "{name}";' for name in steps]
    lines += [f'  "{read}" -> "{name}";' for read, name in edges(project, steps)]
    return "\n".join([*lines, "}"])


def _json(project: Project, steps: Sequence[str]) -> str:
    nodes = [{"name": name, "kind": "dataset"} for name in _outside(project, steps)]
    nodes += [{"name": name, "kind": "step", "job": project.graph.nodes[name].job.name} for name in steps]
    links = [{"from": read, "to": name} for read, name in edges(project, steps)]
    return json.dumps({"schema_version": "1.0", "nodes": nodes, "edges": links}, indent=1, ensure_ascii=False)


def _outside(project: Project, steps: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(read for read, _ in edges(project, steps) if read not in steps))


def _id(name: str) -> str:
    return name.replace(".", "__")


_FORMS: Mapping[str, Callable[[Project, Sequence[str]], str]] = {
    "tree": _tree,
    "mermaid": _mermaid,
    "dot": _dot,
    "json": _json,
}
