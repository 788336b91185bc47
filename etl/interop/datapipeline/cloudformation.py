"""CloudFormation templates: their pipelines, with what the template itself can say of intrinsic functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

TYPE = "AWS::DataPipeline::Pipeline"
_SUB = re.compile(r"\$\{(!?)([\w:.]+)\}")


def pipelines(template: Mapping[str, Any], _: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each pipeline's name and properties; what only a stack knows becomes a parameter of the pipeline."""
    defaults = {
        name: str(said["Default"])
        for name, said in (template.get("Parameters") or {}).items()
        if isinstance(said, dict) and "Default" in said
    }
    for logical, resource in (template.get("Resources") or {}).items():
        if isinstance(resource, dict) and resource.get("Type") == TYPE:
            missing: set[str] = set()
            properties = _resolved(resource.get("Properties") or {}, defaults, missing)
            named = [{"Id": name, "Attributes": []} for name in sorted(missing)]
            properties["ParameterObjects"] = [*(properties.get("ParameterObjects") or []), *named]
            name = properties.get("Name")
            yield (name if isinstance(name, str) and "#{" not in name else logical), properties


def _resolved(value: Any, defaults: Mapping[str, str], missing: set[str]) -> Any:
    if isinstance(value, list):
        return [_resolved(each, defaults, missing) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::")):
        return _intrinsic(*next(iter(value.items())), defaults, missing)
    return {key: _resolved(each, defaults, missing) for key, each in value.items()}


def _intrinsic(name: str, said: Any, defaults: Mapping[str, str], missing: set[str]) -> str:
    if name == "Ref":
        return _named(str(said), defaults, missing)
    if name == "Fn::Join":
        return str(said[0]).join(str(_resolved(each, defaults, missing)) for each in said[1])
    if name == "Fn::Sub":
        return _substituted(said, defaults, missing)
    words = said if isinstance(said, list) else str(said).split(".")
    return _named("".join(re.sub(r"\W", "", str(word)) for word in words), defaults, missing)


def _substituted(said: Any, defaults: Mapping[str, str], missing: set[str]) -> str:
    text, own = (said[0], said[1]) if isinstance(said, list) else (said, {})
    known = {**defaults, **{name: str(_resolved(each, defaults, missing)) for name, each in own.items()}}
    return _SUB.sub(lambda found: f"${{{found[2]}}}" if found[1] else _named(found[2], known, missing), str(text))


def _named(name: str, known: Mapping[str, str], missing: set[str]) -> str:
    if name in known:
        return known[name]
    parameter = "my" + "".join(part[:1].upper() + part[1:] for part in re.split(r"\W+", name))
    missing.add(parameter)
    return f"#{{{parameter}}}"
