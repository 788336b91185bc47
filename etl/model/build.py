"""What the builders of expectations share: their common arguments, what is left out, and the line they stand at."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from etl.errors import DefinitionError, Place, did_you_mean
from etl.kinds.kind import SWITCHES
from etl.model.expectation import Expectation

KEYWORDS = frozenset({"on_failure", "row_condition", "description", "strict_min", "strict_max"})


def expectation(kind: str, common: Mapping[str, Any], **arguments: Any) -> Expectation:
    """Build the value; arguments that say what Great Expectations assumes anyway are left out.

    Args:
        kind: its type, without the prefix.
        common: what every builder takes, as it was given; at run time nobody else looks at the names.
        **arguments: the builder's own.

    Raises:
        DefinitionError: an argument that no builder takes, at the line that calls the builder.
    """
    caller = sys._getframe(2)  # of the builder
    place = Place(caller.f_code.co_filename, caller.f_lineno)
    for name in common:
        if name not in KEYWORDS:
            known = {name for name in arguments if name not in ("value_set", "regex")} | KEYWORDS
            raise DefinitionError(f"{kind} takes no argument {name!r}; {did_you_mean(name, known)}", place=place)
    strict = {side: common.get(side) for side in ("strict_min", "strict_max")}
    named = {**arguments, **strict, "row_condition": common.get("row_condition")}
    given = {key: value for key, value in named.items() if not _assumed(key, value)}
    if "row_condition" in given:
        given["condition_parser"] = "spark"
    action, description = common.get("on_failure", "fail"), common.get("description", "")
    return Expectation(f"expect_{kind}", given, action, description, place)


def _assumed(name: str, value: Any) -> bool:
    if name in SWITCHES:
        return value is None or value is False
    return value is None or (name == "mostly" and type(value) in (int, float) and value == 1)


def several(values: Any) -> Any:
    """Return the values as a tuple; one that is no list of them is left for the step to refuse, with its place."""
    alone = isinstance(values, str | bytes | Mapping | set | frozenset) or not isinstance(values, Iterable)
    return values if alone else tuple(values)
