"""Definitions in each of their encodings: the file of the CLI, the API's, CloudFormation's JSON and YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import evolve

from etl.errors import ConfigError, Place
from etl.interop.datapipeline.cloudformation import pipelines
from etl.interop.datapipeline.definition import Definition, Ref, Thing, Value
from etl.interop.datapipeline.dirt import parsed

API = ("pipelineObjects", "parameterObjects", "parameterValues")


def read(file: Path, shown: str | None = None) -> list[Definition]:
    """Return the pipelines of a file; a CloudFormation template may hold several.

    Raises:
        ConfigError: there is no such file, it is none of the encodings, or an object is none.
    """
    name = shown or str(file)
    text = _text(file)
    said, notes = _document(text, name)
    if not isinstance(said, dict):
        raise ConfigError("is no definition: it holds no object", place=Place(name))
    if "Resources" in said:
        found = [(logical, *_api(body)) for logical, body in pipelines(said, name)]
        if not found:
            raise ConfigError(
                "is a template without an AWS::DataPipeline::Pipeline", place=Place(name, key="Resources")
            )
    else:
        found = [(file.stem, *_sections(said, name))]
    return [
        Definition(
            name=title,
            file=name,
            objects=_objects(objects, text, name),
            parameters=_parameters(parameters, name),
            values=_values(values),
            notes=notes,
        )
        for title, objects, parameters, values in found
    ]


def with_parameters(definition: Definition, file: Path) -> Definition:
    """Return the definition with the parameters of another file, and the values that stand there."""
    said, notes = parsed(_text(file), str(file))
    section = said if isinstance(said, list) else said.get("parameters", said.get("parameterObjects", []))
    values = _values(said.get("values", said.get("parameterValues", {}))) if isinstance(said, dict) else {}
    return evolve(
        definition,
        parameters={**definition.parameters, **_parameters(section, str(file))},
        values={**definition.values, **values},
        notes=(*definition.notes, *(f"{file}: {note}" for note in notes)),
    )


def with_values(definition: Definition, file: Path) -> Definition:
    """Return the definition with the values of another file: ``{"values": {…}}``, the API's list, or a plain object."""
    said, notes = parsed(_text(file), str(file))
    section = said.get("values", said.get("parameterValues", said)) if isinstance(said, dict) else said
    return evolve(
        definition,
        values={**definition.values, **_values(section)},
        notes=(*definition.notes, *(f"{file}: {note}" for note in notes)),
    )


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", place=Place(str(file))) from None


def _document(text: str, name: str) -> tuple[Any, tuple[str, ...]]:
    if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        return parsed(text, name)
    from etl.interop.yaml_text import loaded

    return loaded(text, name), ()


def _sections(said: Mapping[str, Any], name: str) -> tuple[Any, Any, Any]:
    body = said.get("pipelineDefinition", said)
    if any(key in body for key in API) and "objects" not in body:
        return _api({key[0].upper() + key[1:]: body.get(key, []) for key in API})
    if not isinstance(body.get("objects"), list):
        raise ConfigError(
            "is no definition of AWS Data Pipeline: it has neither objects, pipelineObjects nor Resources",
            place=Place(name),
            remedy="aws datapipeline get-pipeline-definition --pipeline-id df-… writes one",
        )
    values = body.get("values", body.get("parameterValues", {}))
    return body["objects"], body.get("parameters", body.get("parameterObjects", [])), values


def _api(body: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    return body.get("PipelineObjects", []), body.get("ParameterObjects", []), body.get("ParameterValues", [])


def _lower(value: Any) -> Any:
    """Return an API object with its keys as the API writes them: CloudFormation has capitals."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _lower(each) for key, each in value.items()}
    return [_lower(each) for each in value] if isinstance(value, list) else value


def _objects(said: list[Any], text: str, name: str) -> dict[str, Thing]:
    found: dict[str, Thing] = {}
    for number, one in enumerate(said, 1):
        if not isinstance(one, dict):
            raise ConfigError(f"object {number} is {type(one).__name__}, no object", place=Place(name))
        is_api = any(key in one for key in ("fields", "Fields"))
        plain = _of_fields(_lower(one)) if is_api else {key: _plain(each) for key, each in one.items()}
        thing_id = next((value for value in plain.pop("id", plain.pop("Id", ())) if isinstance(value, str)), None)
        if not thing_id:
            raise ConfigError(f"object {number} has no id", place=Place(name))
        line = _line(text, thing_id)
        if thing_id in found:
            raise ConfigError(f"object {thing_id!r} is there twice", place=Place(name, line, thing_id))
        title = next((value for value in plain.pop("name", ()) if isinstance(value, str)), thing_id)
        found[thing_id] = Thing(id=thing_id, name=title, fields=plain, line=line)
    if not found:
        raise ConfigError("has no objects", place=Place(name))
    return found


def _of_fields(one: Mapping[str, Any]) -> dict[str, tuple[Value, ...]]:
    found: dict[str, tuple[Value, ...]] = {key: (str(one[key]),) for key in ("id", "name") if key in one}
    for each in one.get("fields", []):
        key = str(each.get("key", ""))
        value: Value = Ref(str(each["refValue"])) if "refValue" in each else _said(each.get("stringValue", ""))
        found[key] = (*found.get(key, ()), value)
    return found


def _plain(value: Any) -> tuple[Value, ...]:
    if isinstance(value, list):
        return tuple(each for item in value for each in _plain(item))
    if isinstance(value, dict) and set(value) == {"ref"}:
        return (Ref(str(value["ref"])),)
    return (_said(value),)


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _parameters(said: Any, name: str) -> dict[str, dict[str, tuple[str, ...]]]:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for one in said or []:
        plain = _lower(one) if isinstance(one, dict) else {}
        if "id" not in plain:
            raise ConfigError("a parameter has no id", place=Place(name, key="parameters"))
        attributes: dict[str, tuple[str, ...]] = {}
        for each in plain.pop("attributes", []):
            key = str(each.get("key", ""))
            attributes[key] = (*attributes.get(key, ()), _said(each.get("stringValue", "")))
        for key, value in plain.items():
            attributes[key] = tuple(map(_said, value)) if isinstance(value, list) else (_said(value),)
        found[str(plain["id"])] = attributes
    return found


def _values(said: Any) -> dict[str, tuple[str, ...]]:
    if isinstance(said, dict):
        return {
            key: tuple(map(_said, each)) if isinstance(each, list) else (_said(each),) for key, each in said.items()
        }
    found: dict[str, tuple[str, ...]] = {}
    for one in _lower(said or []):
        found[str(one["id"])] = (*found.get(str(one["id"]), ()), _said(one.get("stringValue", "")))
    return found


def _line(text: str, thing_id: str) -> int:
    found = re.search(rf"""["']?\b[iI]d["']?\s*:\s*["']?{re.escape(thing_id)}(?![\w-])""", text)
    return text.count("\n", 0, found.start()) + 1 if found else 0
