"""Whose turn it is: which step may run next, and for which interval. No Spark, no threads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import define, field

from etl.model.order import taken_in_turn, whole_readers
from etl.model.plan import Plan

Node = tuple[int, str]  # an interval by its place in the plan, and a step by its name


@define
class Turns:
    """The steps of a plan for its intervals, given out as soon as everything they wait for has ended.

    Intervals are opened in the plan's order. A step waits for those it reads, of its interval. Where it takes its
    intervals in turn (``etl.model.order``) it waits for its own earlier one too, and what others read whole waits until
    they have read it. No step takes a second interval before its first has ended: that one makes or widens the table,
    and of two that did so at once one would have to begin again.

    Args:
        plan: what to do.
        at_once: intervals that may be open at the same time.
    """

    plan: Plan
    at_once: int = 1
    begun: int = 0
    left: dict[int, set[str]] = field(factory=dict)  # of each open interval the steps that have not ended
    given: set[Node] = field(factory=set)
    first: dict[str, int] = field(factory=dict)  # of each step the interval that it begins with
    in_turn: Mapping[str, str] = field(init=False)
    readers: Mapping[str, tuple[str, ...]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        alone = self.at_once == 1
        self.in_turn = {} if alone else taken_in_turn(self.plan)
        self.readers = {} if alone else whole_readers(self.plan)

    def open(self) -> Iterator[int]:
        """Open as many further intervals as may be, and yield them."""
        while len(self.left) < self.at_once and self.begun < len(self.plan.intervals):
            place = self.begun
            self.begun += 1
            names = {planned.step.name for planned in self.plan.steps_for(self.plan.intervals[place])}
            for name in names:
                self.first.setdefault(name, place)
            if names:  # nothing would end an interval without a step
                self.left[place] = names
                yield place

    def ready(self) -> list[Node]:
        """Return what may begin now, in the plan's order; each is returned once."""
        found = [
            (place, planned.step.name)
            for place, names in self.left.items()
            for planned in self.plan.steps
            if planned.step.name in names and self._may_begin(place, planned.step.name, planned.after)
        ]
        self.given.update(found)
        return found

    def position(self, node: Node) -> dict[str, int]:
        """Return a step's place among those of its interval."""
        place, name = node
        steps = [planned.step.name for planned in self.plan.steps_for(self.plan.intervals[place])]
        return {"index": steps.index(name) + 1, "of": len(steps)}

    def end(self, node: Node) -> bool:
        """Take a step as ended; return True if it was the last of its interval."""
        place, name = node
        self.left[place].discard(name)
        self.given.discard(node)
        if self.left[place]:
            return False
        del self.left[place]
        return True

    def _may_begin(self, place: int, name: str, after: tuple[str, ...]) -> bool:
        if (place, name) in self.given or any(upstream in self.left[place] for upstream in after):
            return False
        waits_for = (name, *self.readers.get(name, ())) if name in self.in_turn else ()
        earlier = [names for other, names in self.left.items() if other < place]
        if any(each in names for names in earlier for each in waits_for):
            return False
        first = self.first[name]
        return place == first or name not in self.left.get(first, ())
