"""CloudFormation templates: their pipelines, with what the template itself can say of intrinsic functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from etl.interop.intrinsics import defaults, resolved

TYPE = "AWS::DataPipeline::Pipeline"


def pipelines(template: Mapping[str, Any], _: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each pipeline's name and properties; what only a stack knows becomes a parameter of the pipeline."""
    known = defaults(template)
    for logical, resource in (template.get("Resources") or {}).items():
        if isinstance(resource, dict) and resource.get("Type") == TYPE:
            missing: set[str] = set()
            properties = resolved(resource.get("Properties") or {}, partial(_named, known, missing))
            named = [{"Id": name, "Attributes": []} for name in sorted(missing)]
            properties["ParameterObjects"] = [*(properties.get("ParameterObjects") or []), *named]
            name = properties.get("Name")
            yield (name if isinstance(name, str) and "#{" not in name else logical), properties


def _named(known: Mapping[str, str], missing: set[str], name: str) -> str:
    if name in known:
        return known[name]
    parameter = "my" + "".join(part[:1].upper() + part[1:] for part in re.split(r"\W+", name))
    missing.add(parameter)
    return f"#{{{parameter}}}"
