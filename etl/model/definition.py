"""What makes a declaration a step, checked where it stands, with the author's file and line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NoReturn, get_args

from etl.errors import DefinitionError, did_you_mean
from etl.model.dataset import Source, Target
from etl.model.expectation import Expectation
from etl.model.run import RUN
from etl.model.step import Step
from etl.model.write import Write

_WORD = "[a-z][a-z0-9_]{0,62}"
STEP_NAME = re.compile(rf"{_WORD}(\.{_WORD})?")


def check_parameters(declared: Step[Any, Any], names: Sequence[str]) -> None:
    """Refuse a parameter without a source and a source without a parameter.

    Raises:
        DefinitionError: naming the one that has no counterpart.
    """
    sources = set(declared.sources)
    for name in names:
        if name not in sources and name != RUN:
            _refuse(declared, f"parameter {name!r} has no source; {did_you_mean(name, sources)}")
    for name in sources:
        if name not in names:
            _refuse(declared, f"source {name!r} has no parameter; {did_you_mean(name, set(names))}")


def check_step(declared: Step[Any, Any]) -> None:
    """Refuse what is no step; what is wrong with one is told by ``etl.model.faults``, all of it together.

    Raises:
        DefinitionError: no target, a name that cannot be selected, a query without source, an unknown ``conserve``,
            something else where a source, a target, a write kind or an expectation should be.
    """
    if not declared.publishes:
        _refuse(declared, "a step that returns rows needs target=Target(…)")
    _check_kinds(declared)
    if not isinstance(declared.name, str) or not STEP_NAME.fullmatch(declared.name):
        _refuse(declared, "a step's name has one or two parts, joined by a dot, in lower-case letters, digits and _")
    if declared.sql is not None and not declared.sources:
        _refuse(declared, "a SQL step needs at least one source")
    if declared.conserve is not None and declared.conserve not in declared.sources:
        _refuse(
            declared,
            f"conserve={declared.conserve!r} is not a source; "
            + did_you_mean(declared.conserve, set(declared.sources)),
        )


def _check_kinds(declared: Step[Any, Any]) -> None:
    """Refuse what is not of the kind that it stands for: a name for a source, a class for a value."""
    for name, source in declared.sources.items():
        if not isinstance(source, Source):
            _refuse(declared, f"source {name!r} is {_said(source)}; write Source({str(source)!r})")
    target, write = declared.target, getattr(declared.target, "write", None)
    if not isinstance(target, Target):
        _refuse(declared, f"the target is {_said(target)}; write Target(dataset, schema, write)")
    if not isinstance(write, Write):
        kinds = ", ".join(f"{kind.__name__}(…)" for kind in get_args(Write))
        _refuse(declared, f"the target's write is {_said(write)}; known: {kinds}")
    for expectation in declared.expectations:
        if not isinstance(expectation, Expectation):
            _refuse(declared, f"an expectation is {_said(expectation)}; write expect.…(…)")


def _said(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else repr(value)[:60]


def _refuse(declared: Step[Any, Any], message: str) -> NoReturn:
    whole = declared.publishes and isinstance(declared.target, Target)
    raise DefinitionError(f"{f'step {declared.name}' if whole else 'a step'}: {message}", place=declared.place)
