"""A definition as values: objects with fields, parameters, and the values given for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from attrs import evolve, field, frozen

from etl.errors import ConfigError, Place, closest

SECRET = re.compile(r"pass(word|wd|phrase)|secret|token|api_?key|access_?key|private_?key|credential", re.IGNORECASE)
DEFAULT = "Default"


@frozen
class Ref:
    """A field's value that names another object."""

    id: str


Value = str | Ref


@frozen(kw_only=True)
class Thing:
    """One object.

    Args:
        id: its id.
        name: its name, by default the id.
        fields: field to its values, one or several.
        line: where it stands in its file; 0 where that is not known.
    """

    id: str
    name: str
    fields: Mapping[str, tuple[Value, ...]] = field(hash=False)
    line: int = 0

    @property
    def type(self) -> str:
        """Its type; empty for ``Default``."""
        return self.text("type") or ""

    def text(self, name: str) -> str | None:
        """Return a field's first text, as it stands; None where there is none."""
        return next((value for value in self.fields.get(name, ()) if isinstance(value, str)), None)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a field's texts."""
        return tuple(value for value in self.fields.get(name, ()) if isinstance(value, str))

    def refs(self, *names: str) -> tuple[str, ...]:
        """Return the ids that fields name."""
        return tuple(value.id for name in names for value in self.fields.get(name, ()) if isinstance(value, Ref))


@frozen(kw_only=True)
class Definition:
    """A pipeline.

    Args:
        name: for people, and for the job.
        file: where it was read.
        objects: by id.
        parameters: by id, each with its attributes.
        values: by parameter.
        notes: what was repaired while it was read.
    """

    name: str
    file: str
    objects: Mapping[str, Thing] = field(hash=False)
    parameters: Mapping[str, Mapping[str, tuple[str, ...]]] = field(factory=dict, hash=False)
    values: Mapping[str, tuple[str, ...]] = field(factory=dict, hash=False)
    notes: tuple[str, ...] = ()

    def place(self, thing: Thing) -> Place:
        """Return where an object stands."""
        return Place(self.file, thing.line or None, thing.id)

    def value(self, parameter: str) -> tuple[str, ...] | None:
        """Return what a parameter is set to, or its default; None where it has neither."""
        found = self.values.get(parameter) or self.parameters.get(parameter, {}).get("default")
        return found if found and any(found) else None

    def is_secret(self, name: str) -> bool:
        """Say whether a parameter's or a field's value must be written nowhere."""
        return name.startswith("*") or SECRET.search(name) is not None


def inherited(definition: Definition) -> Definition:
    """Return the definition with every object's fields completed from its parents, or from ``Default``.

    Raises:
        ConfigError: a reference to nothing, or parents in a circle.
    """
    _check_references(definition)
    return evolve(
        definition,
        objects={id_: evolve(one, fields=_fields(definition, one, ())) for id_, one in definition.objects.items()},
    )


def _fields(definition: Definition, one: Thing, below: tuple[str, ...]) -> dict[str, tuple[Value, ...]]:
    if one.id in below:
        raise ConfigError(f"parents go round: {' → '.join((*below, one.id))}", place=definition.place(one))
    parents = one.refs("parent")
    if not parents and one.id != DEFAULT and DEFAULT in definition.objects:
        parents = (DEFAULT,)
    found: dict[str, tuple[Value, ...]] = {}
    for parent in parents:
        found |= _fields(definition, definition.objects[parent], (*below, one.id))
    own = {name: values for name, values in one.fields.items() if name != "parent"}
    without = {"type"} if parents == (DEFAULT,) else set()
    return {name: values for name, values in found.items() if name not in without} | own


def _check_references(definition: Definition) -> None:
    for one, name, value in _values(definition):
        if isinstance(value, Ref) and value.id not in definition.objects:
            near = closest(value.id, definition.objects)
            hint = f"; did you mean {near!r}?" if near else ""
            raise ConfigError(
                f"object {one.id!r}: {name} names {value.id!r}, and there is no such object{hint}",
                place=definition.place(one),
            )


def _values(definition: Definition) -> Iterator[tuple[Thing, str, Value]]:
    for one in definition.objects.values():
        for name, values in one.fields.items():
            for value in values:
                yield one, name, value
