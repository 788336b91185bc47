"""Where the boxes and lines of a directed graph go: layers from left to right, few crossings, no line through a box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from itertools import pairwise

from attrs import frozen

WIDTH, HEIGHT = 188, 40
GAP_X, GAP_Y = 62, 16
_SWEEPS = 6
Name = str | tuple[str, str, int]  # a box, or a place where the line from one box to another passes a layer between


@frozen
class Box:
    """A box's name and its upper left corner."""

    name: str
    x: float
    y: float


@frozen
class Drawing:
    """Boxes, the lines between them as SVG path data, and the size of the whole."""

    boxes: tuple[Box, ...]
    lines: tuple[str, ...]
    width: float
    height: float


def draw(parents: Mapping[str, Sequence[str]]) -> Drawing:
    """Lay out a graph.

    Args:
        parents: for each name the names that point to it; no cycle. A name that is only pointed from is drawn too.
    """
    depth = _depths(parents)
    layers, edges = _layers(parents, depth)
    for sweep in range(_SWEEPS):
        _reorder(layers, edges, forward=sweep % 2 == 0)
    tall = max((len(layer) for layer in layers), default=0)
    place = {
        name: (column * (WIDTH + GAP_X), (row + (tall - len(layer)) / 2) * (HEIGHT + GAP_Y))
        for column, layer in enumerate(layers)
        for row, name in enumerate(layer)
    }
    boxes = tuple(Box(name, *place[name]) for name in place if isinstance(name, str))
    lines = tuple(_line(place, parent, child, depth) for child, above in parents.items() for parent in above)
    width = len(layers) * (WIDTH + GAP_X) - GAP_X
    return Drawing(boxes, lines, max(width, 0), max(tall * (HEIGHT + GAP_Y) - GAP_Y, 0))


def _depths(parents: Mapping[str, Sequence[str]]) -> dict[str, int]:
    order = list(TopologicalSorter(parents).static_order())
    depth = dict.fromkeys(order, 0)
    for name in order:
        depth[name] = max((depth[parent] + 1 for parent in parents.get(name, ())), default=0)
    children = {name: [child for child, above in parents.items() if name in above] for name in order}
    for name in order:
        if not parents.get(name) and children[name]:  # beside what reads it, not in a far first column
            depth[name] = min(depth[child] for child in children[name]) - 1
    return depth


def _layers(
    parents: Mapping[str, Sequence[str]], depth: Mapping[str, int]
) -> tuple[list[list[Name]], list[tuple[Name, Name]]]:
    layers: list[list[Name]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name, column in depth.items():
        layers[column].append(name)
    edges: list[tuple[Name, Name]] = []
    for child, above in parents.items():
        for parent in above:
            stops = _stops(parent, child, depth)
            for column, stop in enumerate(stops[1:-1], depth[parent] + 1):
                layers[column].append(stop)
            edges += pairwise(stops)
    return layers, edges


def _stops(parent: str, child: str, depth: Mapping[str, int]) -> list[Name]:
    return [parent, *((parent, child, column) for column in range(depth[parent] + 1, depth[child])), child]


def _reorder(layers: list[list[Name]], edges: Sequence[tuple[Name, Name]], *, forward: bool) -> None:
    """Move each box to the mean row of its neighbours in the layer before: few crossings, and cheap."""
    neighbours: dict[Name, list[Name]] = {}
    for start, end in edges:
        near, far = (end, start) if forward else (start, end)
        neighbours.setdefault(near, []).append(far)
    for layer in layers if forward else reversed(layers):
        row = {name: position - len(other) / 2 for other in layers for position, name in enumerate(other)}
        mean = {
            name: sum(row[n] for n in neighbours[name]) / len(neighbours[name]) if name in neighbours else row[name]
            for name in layer
        }
        layer.sort(key=mean.__getitem__)


def _line(place: Mapping[Name, tuple[float, float]], parent: str, child: str, depth: Mapping[str, int]) -> str:
    stops = _stops(parent, child, depth)
    x, y = place[parent]
    path = f"M{x + WIDTH:g} {y + HEIGHT / 2:g}"
    for position, stop in enumerate(stops[1:], 1):
        left, top = place[stop]
        bend = left - GAP_X / 2
        path += f"C{bend:g} {y + HEIGHT / 2:g} {bend:g} {top + HEIGHT / 2:g} {left:g} {top + HEIGHT / 2:g}"
        if position < len(stops) - 1:
            path += f"h{WIDTH}"
        y = top
    return path
