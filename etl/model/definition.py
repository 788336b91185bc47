"""What makes a declaration a step, checked where it stands, with the author's file and line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NoReturn

from etl.errors import DefinitionError, did_you_mean
from etl.model.run import RUN
from etl.model.step import Step

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
        DefinitionError: no target, a name that cannot be selected, a query without source, an unknown ``conserve``.
    """
    if not isinstance(declared.name, str) or not STEP_NAME.fullmatch(declared.name):
        _refuse(declared, "a step's name has one or two parts, joined by a dot, in lower-case letters, digits and _")
    if not declared.publishes:
        _refuse(declared, "a step that returns rows needs target=Target(…)")
    if declared.sql is not None and not declared.sources:
        _refuse(declared, "a SQL step needs at least one source")
    if declared.conserve is not None and declared.conserve not in declared.sources:
        _refuse(
            declared,
            f"conserve={declared.conserve!r} is not a source; "
            + did_you_mean(declared.conserve, set(declared.sources)),
        )


def _refuse(declared: Step[Any, Any], message: str) -> NoReturn:
    raise DefinitionError(f"step {declared.name}: {message}", place=declared.place)
