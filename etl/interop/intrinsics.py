"""What a CloudFormation template itself can say of its intrinsic functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Named = Callable[[str], str]  # a name to its value, or to what stands for one that only a stack knows
_SUB = re.compile(r"\$\{(!?)([\w:.]+)\}")


def defaults(template: Mapping[str, Any]) -> dict[str, str]:
    """Return the values that a template's parameters have by themselves."""
    return {
        name: str(said["Default"])
        for name, said in (template.get("Parameters") or {}).items()
        if isinstance(said, dict) and "Default" in said
    }


def resolved(value: Any, named: Named) -> Any:
    """Return a value with ``Ref``, ``Fn::Join``, ``Fn::Sub`` and other functions as texts."""
    if isinstance(value, list):
        return [resolved(each, named) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::")):
        return _intrinsic(*next(iter(value.items())), named)
    return {key: resolved(each, named) for key, each in value.items()}


def _intrinsic(name: str, said: Any, named: Named) -> str:
    if name == "Ref":
        return named(str(said))
    if name == "Fn::Join":
        return str(said[0]).join(str(resolved(each, named)) for each in said[1])
    if name == "Fn::Sub":
        return _substituted(said, named)
    words = said if isinstance(said, list) else str(said).split(".")
    return named("".join(re.sub(r"\W", "", str(word)) for word in words))


def _substituted(said: Any, named: Named) -> str:
    text, more = (said[0], said[1]) if isinstance(said, list) else (said, {})
    own = {key: str(resolved(each, named)) for key, each in more.items()}

    def one(name: str) -> str:
        return own[name] if name in own else named(name)

    return _SUB.sub(lambda found: f"${{{found[2]}}}" if found[1] else one(found[2]), str(text))
