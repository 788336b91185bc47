"""Which observations of a write can be believed: what Spark's own account of the plan that ran says of each.

An observation counts the rows that were pulled through it, as often as they were. It is right where everything above it
pulls every row once, up to the shuffle, the broadcast or the write that its stage ends in, and no stage ran again. Only
what is known to do so is believed; what is not known is measured again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from attrs import frozen

from etl.spark.actions import Action

FORGOTTEN = "Spark has kept no account of the write"
ABSENT = "the plan that ran goes without it"
NOTHING = "nothing was read beside a join"

_ENDS_A_STAGE = frozenset({"BroadcastExchange", "Exchange"})

_READS_FIRST = frozenset({"HashAggregate", "ObjectHashAggregate", "Sort"})
"""Nodes that pull every row before they give their first."""

_READS_ALL = _READS_FIRST | {
    *("AdaptiveSparkPlan", "AQEShuffleRead", "BroadcastQueryStage", "ResultQueryStage", "ShuffleQueryStage"),
    *("ArrowEvalPython", "BatchEvalPython", "ColumnarToRow", "RowToColumnar"),
    *("BroadcastHashJoin", "CollectMetrics", "Expand", "Filter", "Generate", "Project", "SortAggregate", "Union"),
    *("Execute", "Window", "WriteFiles", "=="),
}
"""Nodes that pull every row of what is below them if every row of theirs is pulled."""

_LIMITS = frozenset({"CollectLimit", "GlobalLimit", "LocalLimit", "TakeOrderedAndProject", "WindowGroupLimit"})

_NESTED_LOOPS_READ_ONCE = (
    *("Cross", "Inner", "LeftOuter BuildRight", "RightOuter BuildLeft", "LeftAnti BuildRight", "LeftSemi BuildRight"),
)
"""The others read the side that is not broadcast once more, to find what had no match."""

_MAY_READ_NOTHING = ("BroadcastHashJoin", "BroadcastNestedLoopJoin")
"""Where the broadcast side has no row, these may leave the other one alone, in every part of it."""

_ZIPPED = frozenset({"ShuffledHashJoin", "SortMergeJoin"})
_WHOLE_SIDES: Mapping[str, tuple[int, ...]] = {
    "LeftOuter": (0,),
    "LeftAnti": (0,),
    "RightOuter": (1,),
    "FullOuter": (0, 1),
}
"""The sides of such a join, by its type, whose every row is looked at; on the other, reading may end early."""


@frozen
class Pulled:
    """How much of a node's rows is asked for.

    Args:
        doubt: why perhaps not all of them, or some more than once; empty where it is all.
        some: whether at least the first row is, so that what reads all before its first row still reads all.
    """

    doubt: str = ""
    some: bool = True


@frozen
class Node:
    """A line of the explained tree."""

    depth: int
    name: str
    number: str
    last: bool


_LINE = re.compile(r"^((?:[: ] {2})*)([+:]- )?(?:\* )?(== \w+ Plan ==|(\S.*?) \((\d+)\)(?:, .*)?)$")
_DETAIL = re.compile(r"^\((\d+)\) (\w+)", re.MULTILINE)
_OBSERVED = re.compile(r"^Arguments: ([^,\s]+),", re.MULTILINE)


def doubts(action: Action | None, counts: Mapping[str, int]) -> dict[str, str]:
    """Return why an observation cannot be believed, by its name; those that can are left out.

    Args:
        action: the write, as Spark's account has it; None where there is no account.
        counts: the rows that each observation has seen, by its name.
    """
    if action is None:
        return dict.fromkeys(counts, FORGOTTEN)
    if action.again:
        return dict.fromkeys(counts, action.again)
    found: dict[str, str] = {}
    for name, pulled in _observations(action.plan):
        found[name] = found.get(name) or pulled.doubt
    said = {name: found.get(name, ABSENT) for name in counts}
    if any(join in action.plan for join in _MAY_READ_NOTHING):
        said |= {name: NOTHING for name, rows in counts.items() if not rows and not said[name]}
    return {name: why for name, why in said.items() if why}


def _observations(plan: str) -> Iterator[tuple[str, Pulled]]:
    """Yield each observation of the plan that ran, every time it stands in it, and how its rows are pulled."""
    details = dict(_details(plan))
    for tree, root in _trees(plan):
        above: list[tuple[int, Node, Pulled]] = []
        for node in tree:
            while above and above[-1][0] >= node.depth:
                above.pop()
            pulled = _below(above[-1][1], above[-1][2], node, details) if above else root
            above.append((node.depth, node, pulled))
            if node.name == "CollectMetrics" and (observed := _OBSERVED.search(details.get(node.number, ""))):
                yield observed[1], pulled


def _below(parent: Node, pulled: Pulled, child: Node, details: Mapping[str, str]) -> Pulled:
    """Return how the rows of a node's child are pulled; ``pulled`` is how the node's own are."""
    kind = parent.name.split(" ")[0]
    if kind in _ENDS_A_STAGE or (kind in _READS_FIRST and pulled.some):
        sampled = "Arguments: rangepartitioning(" in details.get(parent.number, "")
        return Pulled("a sort reads it once more, for a sample", some=False) if sampled else Pulled()
    if kind in _LIMITS:
        return Pulled(pulled.doubt or "a limit stops reading before the end", some=pulled.some)
    if kind == "Coalesce":  # parts one after the other: of the later ones perhaps no row at all
        return Pulled(pulled.doubt, some=not pulled.doubt)
    if kind in _READS_ALL or _looks_at_all(parent, child):
        return pulled
    ends = "a join stops reading where the other side ends"
    return Pulled(ends if kind in _ZIPPED else f"{kind} may not read every row once", some=False)


def _looks_at_all(join: Node, child: Node) -> bool:
    kind, _, how = join.name.partition(" ")
    if kind == "BroadcastNestedLoopJoin":
        return how.startswith(_NESTED_LOOPS_READ_ONCE)
    side = 1 if child.last else 0
    return kind in _ZIPPED and side in _WHOLE_SIDES.get(how.split(" ")[0], ())


def _trees(plan: str) -> Iterator[tuple[list[Node], Pulled]]:
    """Yield the explained trees, the write's and the subqueries', without what adaptive execution has replaced."""
    head, _, subqueries = plan.partition("\n===== Subqueries =====")
    yield list(_nodes(head.split("\n\n", 1)[0].split("\n"))), Pulled()
    for block in subqueries.split("\n\n"):
        yield list(_nodes(block.split("\n"))), Pulled("a subquery may stop reading before the end", some=False)


def _nodes(lines: list[str]) -> Iterator[Node]:
    replaced: int | None = None
    for line in lines:
        match = _LINE.match(line)
        if match is None:
            continue
        depth = (len(match[1]) + len(match[2] or "")) // 3
        if replaced is not None and depth >= replaced:
            continue
        replaced = depth if match[3] == "== Initial Plan ==" else None
        if replaced is None:
            yield Node(depth, match[4] or match[3], match[5] or "", match[2] != ":- ")


def _details(plan: str) -> Iterator[tuple[str, str]]:
    starts = list(_DETAIL.finditer(plan))
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        yield start[1], plan[start.start() : end.start() if end else None]
