"""dbt's selection grammar on steps.

``clean.flights`` a step, by its name or its target · ``nyc_flights`` the steps of a job · ``marts.*`` a wildcard ·
``tag:`` ``path:`` ``job:``
``source:`` methods · ``+x`` with all it reads from · ``x+`` with all that reads from it · ``2+x`` ``x+1`` with so many
levels · ``@x`` with all that reads from it and all those read from. A blank joins, a comma intersects.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from fnmatch import fnmatchcase

from attrs import field, frozen

from etl.errors import UnknownNameError, UsageError
from etl.model.plural import plural
from etl.project.graph import Graph, Node

_TERM = re.compile(r"(?:(?P<at>@)|(?P<up>\d*)(?P<plus>\+))?(?P<core>[^+@\s,]+)(?:\+(?P<down>\d*))?")
EVERYTHING = "everything is selected"


@frozen
class Selected:
    """The selected steps in graph order, each with the words that selected it."""

    why: Mapping[str, str] = field(hash=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The selected steps in graph order."""
        return tuple(self.why)


def select(graph: Graph, selectors: Sequence[str], exclude: Sequence[str] = ()) -> Selected:
    """Return the steps that any selector names and no exclusion does; no selector selects all.

    Raises:
        UsageError: an empty selector, a word that is no selector or names nothing, or nothing is left.
    """
    if any(not selector.strip() for selector in (*selectors, *exclude)):
        # "$JOB" with JOB unset must not run the whole project.
        raise UsageError("a selector is empty", remedy="leave it out to select every step")
    chosen: dict[str, str] = {}
    for selector in _words(selectors):
        for name in _intersection(graph, selector):
            chosen.setdefault(name, f"selected by {selector}")
    if not _words(selectors):
        chosen = dict.fromkeys(graph.nodes, EVERYTHING)
    for selector in _words(exclude):
        for name in _intersection(graph, selector):
            chosen.pop(name, None)
    if not chosen:
        excluded = f" without {' '.join(exclude)}" if exclude else ""
        raise UsageError(f"no step is left of {' '.join(selectors) or 'all'}{excluded}", remedy="see `etl list`")
    return Selected({name: chosen[name] for name in graph.ordered(chosen)})


def _words(selectors: Sequence[str]) -> list[str]:
    return [word for selector in selectors for word in selector.split()]


def _intersection(graph: Graph, selector: str) -> set[str]:
    terms = [_TERM.fullmatch(term) for term in selector.split(",")]
    read = [term for term in terms if term and not (term["at"] and term["down"] is not None)]
    if len(read) < len(terms):
        remedy = "write x, +x, x+, 2+x, x+1, @x, tag:x, path:x, job:x or source:x+"
        raise UsageError(f"selector {selector!r} cannot be read", remedy=remedy)
    return set.intersection(*(_term(graph, term) for term in read))


def _term(graph: Graph, match: re.Match[str]) -> set[str]:
    up, down = (int(text) if text else None for text in (match["up"], match["down"]))
    core, reads_on = match["core"], match["down"] is not None
    found = _core(graph, core)
    if core.startswith("source:") and down is not None:
        down = max(down - 1, 0)  # dbt counts from the source itself; its readers are the first level
    if match["at"]:
        return graph.ancestors(graph.descendants(found))
    result = set(found)
    if match["plus"]:
        result |= graph.ancestors(found, up)
    if reads_on:
        result |= graph.descendants(found, down)
    return result


def _core(graph: Graph, core: str) -> set[str]:
    method, colon, value = core.partition(":")
    if not colon:
        return _named(graph, core)
    if method not in METHODS:
        raise UnknownNameError(f"unknown method {method!r} in {core!r}", method, METHODS)
    return METHODS[method](graph, value)


def _named(graph: Graph, name: str) -> set[str]:
    found = {
        step
        for step, node in graph.nodes.items()
        if any(fnmatchcase(own, name) for own in (step, node.writes, node.job.name) if own)
    }
    if not found:
        jobs = _jobs(graph)
        counts = f"{plural(len(jobs), 'job')}, {plural(len(graph.nodes), 'step')}"
        raise _unknown(f"no job or step {name!r}", name, {*jobs, *graph.nodes, *graph.writers}, counts)
    return found


def _job(graph: Graph, name: str) -> set[str]:
    found = {step for step, node in graph.nodes.items() if fnmatchcase(node.job.name, name)}
    if not found:
        jobs = _jobs(graph)
        raise _unknown(f"no job {name!r}", name, jobs, plural(len(jobs), "job"))
    return found


def _tag(graph: Graph, tag: str) -> set[str]:
    found = {step for step, node in graph.nodes.items() if any(fnmatchcase(own, tag) for own in node.tags)}
    if not found:
        raise _unknown(f"no step has tag {tag!r}", tag, set().union(*(node.tags for node in graph.nodes.values())))
    return found


def _path(graph: Graph, path: str) -> set[str]:
    path = path.removeprefix("./").rstrip("/")
    files = {step: {node.job.file, *_step_file(node)} for step, node in graph.nodes.items()}
    found = {
        step
        for step, own in files.items()
        if any(fnmatchcase(file, path) or f"{file}/".startswith(f"{path}/") for file in own)
    }
    if not found:
        raise _unknown(f"no step is declared at {path!r}", path, set().union(*files.values()))
    return found


def _step_file(node: Node) -> set[str]:
    """Return a step's file in the spelling of its job's, which is relative to the project."""
    _, folder, rest = node.step.place.file.replace("\\", "/").rpartition(node.job.file.rpartition("/")[0] + "/")
    return {folder + rest} if folder else set()


def _source(graph: Graph, dataset: str) -> set[str]:
    if dataset in graph.writers:
        raise UsageError(f"{dataset} is written by a step here", remedy=f"select {dataset}+ without source:")
    outside = {s.dataset for node in graph.nodes.values() for s in node.step.sources.values()} - set(graph.writers)
    found = {step for name in outside if fnmatchcase(name, dataset) for step in graph.readers(name)}
    if not found:
        raise _unknown(f"no step reads {dataset!r}", dataset, outside)
    return found


METHODS: Mapping[str, Callable[[Graph, str], set[str]]] = {"job": _job, "path": _path, "source": _source, "tag": _tag}


def _jobs(graph: Graph) -> list[str]:
    return sorted({node.job.name for node in graph.nodes.values()})


def _unknown(message: str, name: str, known: Collection[str], counts: str = "") -> UsageError:
    return UnknownNameError(message, name, known, hint=f"{counts}: `etl list`" if counts else "")
