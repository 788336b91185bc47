"""Parameters of a state whose values are known when it runs: paths and intrinsic functions of the States Language.

Each try has a run id of its own, a digest of execution, job and number of the try: Serverless and EKS would give a
second try the failed run otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from etl.schedule.export.marks import RUN, WHEN, has_marks

PATHS = {
    WHEN: "$.due",
    RUN: "States.Hash(States.Format('{}/{}/{}', $$.Execution.Id, $$.State.Name, $$.State.RetryCount), 'SHA-1')",
}
_MARKS = re.compile("|".join(map(re.escape, PATHS)))
_FREE = frozenset({"properties", "tags", "Arguments", "Tags"})  # maps, whose keys are no names of the API


def parameters(value: Any) -> Any:
    """Return parameters with what is filled in at run time: ``key.$``, by paths and intrinsic functions."""
    if not isinstance(value, Mapping):
        return [parameters(each) for each in value] if isinstance(value, list) else value
    found: dict[str, Any] = {}
    for key, each in value.items():
        if has_marks(each):
            found[f"{key}.$"] = _intrinsic(each)
        elif isinstance(each, list) and any(has_marks(one) for one in each):
            found[f"{key}.$"] = f"States.Array({', '.join(_intrinsic(one) for one in each)})"
        else:
            found[key] = parameters(each)
    return found


def _intrinsic(text: str) -> str:
    """Return a text as an expression: itself in quotes, a path, or both put together."""
    if text in PATHS:
        return PATHS[text]
    marks = _MARKS.findall(text)
    if not marks:
        return f"'{_escaped(text)}'"
    template = "{}".join(_escaped(part) for part in _MARKS.split(text))
    return f"States.Format('{template}', {', '.join(PATHS[mark] for mark in marks)})"


def _escaped(text: str) -> str:
    return re.sub(r"([\\'{}])", r"\\\1", text)


def pascal(value: Any) -> Any:
    """Return parameters as Step Functions spells them: names begin with a capital letter, keys of maps stay."""
    if not isinstance(value, Mapping):
        return [pascal(each) for each in value] if isinstance(value, list) else value
    return {key[:1].upper() + key[1:]: each if key in _FREE else pascal(each) for key, each in value.items()}
