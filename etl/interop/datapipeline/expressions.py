"""What ``#{…}`` comes to: a value where all is known, a text of the interval's where it is known at run time."""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import define, field

from etl.errors import ConfigError, did_you_mean
from etl.interop.datapipeline.definition import Definition, Ref, Thing
from etl.interop.datapipeline.functions import called, each_operated
from etl.interop.datapipeline.syntax import Call, Literal, Node, Number, Path, pieces
from etl.interop.datapipeline.texts import Filled, Said, as_text, joined
from etl.interop.datapipeline.times import Later

DEEPEST = 20
RUNTIME: dict[str, Later] = {"@scheduledStartTime": Later("start"), "@scheduledEndTime": Later("end")}
# Times that a run has and an interval has not: the nearest that is the same each time.
NEAREST = {"@actualStartTime": Later("end"), "@actualEndTime": Later("end")}


@define
class Scope:
    """What the names of an object's texts mean.

    Args:
        definition: with inherited fields.
        thing: whose texts.
        node: what an alarm or a precondition is of; None elsewhere.
        secrets: gets variable to reference, of what must be written nowhere.
        notes: gets what a reader should know.
        missing: gets the parameters without a value.
    """

    definition: Definition
    thing: Thing
    node: Thing | None = None
    secrets: dict[str, str] = field(factory=dict)
    notes: list[str] = field(factory=list)
    missing: set[str] = field(factory=set)
    depth: int = 0

    def inner(self, thing: Thing) -> Scope:
        """Return the scope of another object that this one leads to."""
        if self.depth > DEEPEST:
            raise ConfigError(
                f"object {thing.id!r}: its fields lead back to themselves", place=self.definition.place(thing)
            )
        return Scope(self.definition, thing, self.node, self.secrets, self.notes, self.missing, self.depth + 1)

    def look(self, names: Sequence[str]) -> Said:
        """Return what a path means.

        Raises:
            ConfigError: nothing of that name.
        """
        first, *rest = names
        if first == "node":
            return self.inner(self.node).look(rest) if self.node and rest else Filled("")
        if rest:
            return self._beyond(first, rest)
        own = {"@id": self.thing.id, "id": self.thing.id, "name": self.thing.name}
        if first in own:
            return own[first]
        if first.startswith("@"):
            return self._runtime(first)
        return self._field(first) if first in self.thing.fields else self._parameter(first)

    def _runtime(self, name: str) -> Said:
        if name in RUNTIME:
            return RUNTIME[name]
        if name in NEAREST:
            self.notes.append(f"{name} is the interval's end: a re-run must say the same")
            return NEAREST[name]
        self.notes.append(f"{name} is known to Data Pipeline only, and left out")
        return Filled("")

    def _beyond(self, first: str, rest: Sequence[str]) -> Said:
        if first in ("parent", "Default") and first not in self.thing.fields:
            return self.inner(self.definition.objects.get("Default", self.thing)).look(rest)
        found = self.thing.refs(first)
        if not found:
            known = [
                name for name, values in self.thing.fields.items() if any(isinstance(each, Ref) for each in values)
            ]
            raise ConfigError(
                f"object {self.thing.id!r}: {first}.{'.'.join(rest)} leads nowhere; {did_you_mean(first, known)}",
                place=self.definition.place(self.thing),
            )
        said = tuple(self.inner(self.definition.objects[each]).look(rest) for each in found)
        return said[0] if len(said) == 1 else said

    def _field(self, name: str) -> Said:
        if self.definition.is_secret(name):
            return self._secret(name)
        inner = self.inner(self.thing)
        said = tuple(
            evaluated(value, inner) if isinstance(value, str) else value.id for value in self.thing.fields[name]
        )
        return said[0] if len(said) == 1 else said

    def _parameter(self, name: str) -> Said:
        if name not in self.definition.parameters and name not in self.definition.values:
            known = [*self.thing.fields, *self.definition.parameters, *self.definition.values]
            if not name.lstrip("*").startswith("my"):
                raise ConfigError(
                    f"object {self.thing.id!r}: #{{{name}}} is neither a field nor a parameter; "
                    f"{did_you_mean(name, known)}",
                    place=self.definition.place(self.thing),
                )
        if self.definition.is_secret(name):
            return self._secret(name)
        found = self.definition.value(name)
        if found is None:
            self.missing.add(name)
            return Filled(f"{{param.{name}}}")
        said = tuple(evaluated(each, self.inner(self.thing)) for each in found)
        return said[0] if len(said) == 1 else said

    def _secret(self, name: str) -> Filled:
        words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name.lstrip("*"))
        owner = "" if name.lstrip("*").startswith("my") else f"{self.thing.id}_"
        variable = re.sub(r"\W", "_", f"{owner}{'_'.join(words)}").upper()
        self.secrets[variable] = f"env://{variable}"
        return Filled(f"${{{variable}}}")


def template(text: str, scope: Scope) -> str:
    """Return a text as a template of ours: what is known filled in, the interval's times in braces.

    Raises:
        ConfigError: an expression that is none, or names nothing.
    """
    return as_text(evaluated(text, scope))


def templates(texts: Sequence[str], scope: Scope) -> list[str]:
    """Return texts as templates; an expression that is a list gives as many."""
    found = (evaluated(text, scope) for text in texts)
    return [as_text(each) for said in found for each in (said if isinstance(said, tuple) else (said,))]


def plain(text: str, scope: Scope) -> str | None:
    """Return a text in which everything is known; None where it depends on a run."""
    said = evaluated(text, scope)
    return None if isinstance(said, Filled | Later | tuple) else as_text(said).replace("{{", "{").replace("}}", "}")


def evaluated(text: str, scope: Scope) -> Said:
    """Return what a text comes to; one that is a single expression keeps its kind."""
    found = [piece for piece in pieces(text) if piece != ""]
    if len(found) == 1 and not isinstance(found[0], str):
        return value(found[0], scope)
    said = [piece if isinstance(piece, str) else value(piece, scope) for piece in found]
    return joined(said)


def value(node: Node, scope: Scope) -> Said:
    """Return what a tree comes to."""
    if isinstance(node, Number | Literal):
        return node.value
    if isinstance(node, Path):
        return scope.look(node.names)
    if isinstance(node, Call):
        return called(node.function, [value(each, scope) for each in node.arguments], scope.thing.id, scope.notes)
    return each_operated(node.sign, value(node.left, scope), value(node.right, scope))
