"""Which ``--param`` names a step reads: what nobody reads is a slip of the pen, and would change nothing."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from etl.errors import UnknownNameError, UsageError
from etl.model.body import Function
from etl.model.plan import Plan
from etl.model.run import RUN
from etl.model.step import Step
from etl.model.template import PARAM

OWN = frozenset({"run_id", "interval"})  # what else a step may ask its run


def refuse_unread(plan: Plan, params: Mapping[str, str]) -> None:
    """Refuse parameters that no step of the plan reads.

    Raises:
        UsageError: with their names, and what the steps do read; none where a step's code does not say what it reads.
    """
    asking = [planned.step for planned in plan.steps if planned.step.takes_run]
    if not asking:
        names = ", ".join(repr(name) for name in params)
        raise UsageError(
            f"no selected step reads a parameter: {names}",
            remedy=f"leave out --param, or select a step with a parameter named `{RUN}`",
        )
    read = [read_names(step) for step in asking]
    known = frozenset().union(*(names for names in read if names is not None))
    unread = [name for name in params if name not in known]
    if unread and None not in read:
        others = f"nor {', '.join(unread[1:])}" if unread[1:] else ""
        raise UnknownNameError(f"no selected step reads parameter {unread[0]!r}", unread[0], known, hint=others)


def read_names(step: Step[Any, Any]) -> frozenset[str] | None:
    """Return the parameters that a step's function reads; None where it hands its run on, or has no source."""
    told = step.script or step.statements
    if told:
        return frozenset(name.removeprefix(PARAM) for name in told.names if name.startswith(PARAM))
    if not isinstance(step.body, Function):
        return None
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(step.body.call)))
    except (OSError, TypeError, SyntaxError):
        return None
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    found = list(_reads(tree, parents))
    return None if None in found else frozenset(name for name in found if name is not None)


def _reads(tree: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> Iterator[str | None]:
    """Yield the name of each parameter that is read, None where it cannot be told which."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Name) or node.id != RUN:
            continue
        asked = parents.get(node)
        if not isinstance(asked, ast.Attribute):
            yield None
        elif asked.attr == "params":
            yield _name(asked, parents)
        elif asked.attr not in OWN:
            yield None


def _name(params: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> str | None:
    """Return the literal name in ``run.params["x"]``, ``run.params.get("x")`` or ``"x" in run.params``."""
    user = parents.get(params)
    given: Iterable[ast.AST] = ()
    if isinstance(user, ast.Subscript):
        given = [user.slice]
    elif isinstance(user, ast.Attribute) and user.attr == "get":
        call = parents.get(user)
        given = call.args[:1] if isinstance(call, ast.Call) else ()
    elif isinstance(user, ast.Compare) and isinstance(user.ops[0], ast.In | ast.NotIn):
        given = [user.left]
    texts = [node.value for node in given if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return texts[0] if texts else None
