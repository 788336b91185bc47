"""Where transformations report rows they drop on purpose, so that nothing vanishes unnamed.

``etl.transforms`` calls ``drops()``; the engine opens a collector around the transformation. Outside a run (a unit
test of the transformation) nobody collects and the transformations only transform.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal

from attrs import define, field, frozen

Kind = Literal["filtered", "deduplicated"]


@frozen
class Drop:
    """Rows counted by two observations, before and after; their difference was dropped under this name."""

    kind: Kind
    name: str
    before: Any
    after: Any


@define
class Collector:
    """Collects the drops of one transformation and makes the observed frames.

    Args:
        observe: ``(frame) -> (frame, observation)``; counts the rows that pass.
    """

    observe: Any
    drops: list[Drop] = field(factory=list)


_active: ContextVar[Collector | None] = ContextVar("headrace_accounting", default=None)


def collector() -> Collector | None:
    """Return the collector of the running step, or None outside a run."""
    return _active.get()


@contextmanager
def collecting(observe: Any) -> Iterator[Collector]:
    """Collect what the transformations called inside the block drop."""
    active = Collector(observe)
    token = _active.set(active)
    try:
        yield active
    finally:
        _active.reset(token)
