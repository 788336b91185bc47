"""The jobs and triggers that files tell of: answers of GetJobs and GetTriggers, CloudFormation templates."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from attrs import field, frozen

from etl.errors import ConfigError, Place
from etl.interop.intrinsics import defaults, resolved
from etl.interop.yaml_text import loaded

Said = Mapping[str, Any]
RESOURCES = {"AWS::Glue::Job": "Jobs", "AWS::Glue::Trigger": "Triggers"}


@frozen
class Found:
    """What files tell of.

    Args:
        jobs: by name, as the API says them.
        triggers: likewise.
        unknown: what only a stack knows, by name.
    """

    jobs: Mapping[str, Said] = field(factory=dict)
    triggers: Mapping[str, Said] = field(factory=dict)
    unknown: tuple[str, ...] = ()


def read(files: list[Path]) -> Found:
    """Return what files tell of, taken together.

    Raises:
        ConfigError: a file is neither JSON nor YAML; there is no job in any.
        PlatformError: it is YAML, and PyYAML is not installed.
    """
    jobs: dict[str, Said] = {}
    triggers: dict[str, Said] = {}
    unknown: set[str] = set()
    for file in files:
        for kind, said in _things(_document(file), unknown):
            {"Jobs": jobs, "Triggers": triggers}[kind][str(said["Name"])] = said
    if not jobs:
        raise ConfigError(
            "no Glue job is there",
            place=Place(str(files[0])),
            remedy="give what `aws glue get-jobs` and `aws glue get-triggers` print, or a CloudFormation template",
        )
    return Found(jobs, triggers, tuple(sorted(unknown)))


def _document(file: Path) -> Any:
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return loaded(text, str(file))


def _things(document: Any, unknown: set[str]) -> Iterator[tuple[str, Said]]:
    if isinstance(document, list):
        for each in document:
            yield from _things(each, unknown)
        return
    if not isinstance(document, dict):
        return
    if "Resources" in document:
        yield from _declared(document, unknown)
        return
    for kind in ("Jobs", "Triggers"):
        several = document.get(kind) or ([document[kind[:-1]]] if isinstance(document.get(kind[:-1]), dict) else [])
        for each in several:
            yield kind, each
    if "Command" in document and "Name" in document:
        yield "Jobs", document
    if "Actions" in document and "Name" in document:
        yield "Triggers", document


def _declared(template: Said, unknown: set[str]) -> Iterator[tuple[str, Said]]:
    known = defaults(template)
    resources = {
        logical: resource
        for logical, resource in template["Resources"].items()
        if isinstance(resource, dict) and resource.get("Type") in RESOURCES
    }
    for logical, resource in resources.items():
        name = (resource.get("Properties") or {}).get("Name")
        known[logical] = name if isinstance(name, str) else logical
    for logical, resource in resources.items():
        said = resolved(resource.get("Properties") or {}, partial(_named, known, unknown))
        yield RESOURCES[resource["Type"]], {**said, "Name": known[logical]}


def _named(known: Mapping[str, str], unknown: set[str], name: str) -> str:
    if name in known:
        return known[name]
    plain = re.sub(r"\W", "", name)
    unknown.add(plain)
    return f"STACK_{plain}"
