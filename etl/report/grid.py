"""Steps by intervals, one letter a cell: how a backfill gets on, and what stands in the targets afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import field, frozen

from etl.model.result import Status

PUBLISHED, QUARANTINED, UNCHANGED, WARNED = "published", "quarantined", "unchanged", "warned"
FAILED, SKIPPED, STALE, RUNNING, MISSING, PLANNED = "failed", "skipped", "stale", "running", "missing", "planned"
LETTERS = {
    PUBLISHED: ("#", "published"),
    UNCHANGED: ("=", "was published already"),
    QUARANTINED: ("q", "published, rows in quarantine"),
    WARNED: ("w", "published, warnings"),
    STALE: ("s", "stale"),
    FAILED: ("x", "failed"),
    SKIPPED: ("-", "not run"),
    RUNNING: (">", "running"),
    MISSING: (".", "missing"),
    PLANNED: ("o", "to do"),
}
BLOCK = {7: 4, 10: 7, 13: 10}  # length of an interval's key → of its block's: months by year, days by month …
WIDEST = 60  # cells of a line

Key = str | None
_ENDED = {
    Status.PASS: PUBLISHED,
    Status.NO_OP: UNCHANGED,
    Status.FAIL: FAILED,
    Status.ERROR: FAILED,
    Status.SKIP: SKIPPED,
    Status.CANCELLED: SKIPPED,
}


@frozen
class Grid:
    """The state of each step for each interval.

    Args:
        steps: the lines, by name.
        intervals: the columns, by key.
        states: by step and interval; what is not in it is not asked about, and left blank.
    """

    steps: tuple[str, ...]
    intervals: tuple[Key, ...]
    states: Mapping[tuple[str, Key], str] = field(hash=False)

    def counts(self) -> dict[str, int]:
        """Return how many cells are in each state, in the legend's order."""
        states = list(self.states.values())
        return {state: states.count(state) for state in LETTERS if state in states}


def state_of(step: Mapping[str, Any]) -> str:
    """Return the state that a step's result, in its JSON form, leaves."""
    status = Status(step["status"])
    if status is Status.WARN:
        return QUARANTINED if step["rows"]["quarantined"] else WARNED
    return _ENDED[status]


def draw(grid: Grid, blocks: int | None = None) -> list[str]:
    """Return the grid as lines, a block for each month of days, then the legend.

    Args:
        grid: what to draw.
        blocks: at most so many, the last ones that anything has happened in; None for all.
    """
    width = max((len(step) for step in grid.steps), default=0)
    named = _blocks(grid.intervals)
    shown = named if blocks is None else _lately(grid, named)[-blocks:]
    lines = []
    for name, keys in shown:
        lines.append(f"{name.ljust(width)}  {''.join(_short(key) for key in keys)}".rstrip())
        lines += [f"{step.ljust(width)}  {_letters(grid, step, keys)}".rstrip() for step in grid.steps]
    return [*lines, legend(grid.states.values())]


def legend(states: Iterable[str]) -> str:
    """Return what the letters mean, of those that occur."""
    there = set(states)
    return "   ".join(f"{letter} {words}" for state, (letter, words) in LETTERS.items() if state in there)


def _letters(grid: Grid, step: str, keys: Sequence[Key]) -> str:
    found = (grid.states.get((step, key)) for key in keys)
    return "".join(LETTERS[state][0] if state else " " for state in found)


def _blocks(keys: Iterable[Key]) -> list[tuple[str, list[Key]]]:
    found: dict[str, list[Key]] = {}
    for key in keys:
        text = key or ""
        found.setdefault(text[: BLOCK.get(len(text), 0)], []).append(key)
    return [
        (name if at == 0 else "", own[at : at + WIDEST])
        for name, own in found.items()
        for at in range(0, len(own), WIDEST)
    ]


def _lately(grid: Grid, blocks: list[tuple[str, list[Key]]]) -> list[tuple[str, list[Key]]]:
    """Leave out the blocks at the end in which nothing has begun."""
    begun = [n for n, (_, keys) in enumerate(blocks) if _has_begun(grid, keys)]
    return blocks[: begun[-1] + 1] if begun else blocks[:1]


def _has_begun(grid: Grid, keys: Iterable[Key]) -> bool:
    return any(grid.states.get((step, key), PLANNED) != PLANNED for key in keys for step in grid.steps)


def _short(key: Key) -> str:
    """Return the last letter of a key: the columns of a month are counted 1 2 3 … 9 0 1."""
    return key[-1] if key and BLOCK.get(len(key)) else "·"


def cells(grid: Grid) -> Iterator[dict[str, Any]]:
    """Yield the grid as JSON values, interval by interval."""
    for key in grid.intervals:
        for step in grid.steps:
            if (step, key) in grid.states:
                yield {"step": step, "interval": key, "state": grid.states[step, key]}
