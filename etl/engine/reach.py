"""From one statement of the project's modules to the next, by the names that they use."""

from __future__ import annotations

import builtins
import hashlib
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from attrs import define, field

from etl.engine import modules
from etl.engine.modules import is_project
from etl.engine.units import Chain, Source, Unit

NAMES_BY_TEXT = frozenset({"globals", "locals", "vars", "eval", "exec", "__dict__"})
MODULES_BY_TEXT = frozenset(
    {"import_module", "__import__", "modules", "run_module", "run_path", "exec_module", "load_module"}
)
READING = frozenset(
    {"open", "read", "files", "path", "Path", "addFile", "get_data", "open_text", "open_binary", "fromfile", "loadtxt"}
    | {"__file__", "__path__", "__spec__", "__loader__", "linecache", "sqlite3", "scandir", "listdir"}
)
MISSING = object()


@define(eq=False)
class Statements(ABC):
    """What has been reached so far: texts, by the name of what they are of."""

    home: str
    found: dict[str, set[str]] = field(factory=dict)
    seen: set[Any] = field(factory=set)
    kept: list[Any] = field(factory=list)  # an id names an object only while it lives
    met: dict[str, Mapping[str, Any]] = field(factory=dict)  # the names of modules, of which some may be unloaded

    def say(self, name: str, text: str) -> None:
        """Note that this belongs to the step."""
        self.found.setdefault(name, set()).add(text)

    def is_new(self, key: Any) -> bool:
        """Say whether this is met for the first time."""
        return not (key in self.seen or self.seen.add(key))  # type: ignore[func-returns-value]

    def names(self, module: str) -> Mapping[str, Any]:
        """Return the names of a module and their values."""
        return self.met.get(module) or modules.loaded(module) or {}

    def source(self, module: str) -> Source | None:
        """Return a module's statements; None where it has no source."""
        return modules.source(module, self.met.get(module))

    @abstractmethod
    def value(self, where: str, value: Any, home: str) -> bool:
        """Follow a value; False where it hides what it is."""

    def binding(self, home: str, name: str) -> None:
        """Follow the statements that bind a name of a module; all of the module where none does."""
        source = self.source(home)
        bound = [source.units[number] for number in source.binds.get(name, ())] if source else []
        for unit in bound:
            self.unit(home, f"{home}.{name}", unit)
        if not bound:
            self.whole(home)

    def name(self, home: str, name: str) -> None:
        """Follow a name of a module to the value that it has."""
        if not self.is_new((home, name)):
            return
        value, source = self.names(home).get(name, MISSING), self.source(home)
        if value is MISSING and source is not None and "__getattr__" in source.binds:
            self.whole(home)
        if value is MISSING and (hasattr(builtins, name) or source is None or name not in source.binds):
            return
        if value is MISSING or not self.value(f"{home}.{name}", value, home):
            self.binding(home, name)

    def unit(self, home: str, where: str, unit: Unit) -> None:
        """Follow a statement: its text, the names it uses, and what it looks up or reads when it runs."""
        if not self.is_new((home, unit)):
            return
        self.say(where, unit.text)
        self.effects(home)
        if unit.words & NAMES_BY_TEXT:
            self.whole(home)
        if unit.words & MODULES_BY_TEXT:
            for each in [each for each in sys.modules if each.partition(".")[0] in (modules.JOBS, home)]:
                self.whole(each)
        if unit.words & READING or any(word.startswith("read_") for word in unit.words):
            for name, content in modules.files(home):
                self.say(f"file {name}", hashlib.sha256(content).hexdigest())
        for origin, taken in unit.imports:
            self.imported(origin, taken)
        for chain in sorted(unit.chains):
            value = self.names(home).get(chain[0], MISSING)
            if isinstance(value, ModuleType):
                self.met.setdefault(value.__name__, vars(value))
                self.through(value.__name__, chain[1:])
            else:
                self.name(home, chain[0])

    def through(self, name: str, rest: Chain) -> None:
        """Follow what is asked of a module: a name of it, or all of it where it is used as a value."""
        if not is_project(name):
            self.library(name)
        elif not rest or rest[0].startswith("__"):
            self.whole(name)
        elif isinstance(inner := self.names(name).get(rest[0], MISSING), ModuleType):
            self.through(inner.__name__, rest[1:])
        else:
            self.name(name, rest[0])

    def imported(self, origin: str, taken: str | None) -> None:
        """Follow what a function imports when it runs."""
        if not is_project(origin):
            self.library(origin)
        elif taken in (None, "*") or (modules.is_package(origin) and modules.spec(f"{origin}.{taken}") is not None):
            self.whole(origin if taken in (None, "*") else f"{origin}.{taken}")
        else:
            modules.loaded(origin)
            self.name(origin, str(taken))

    def whole(self, name: str) -> None:
        """Follow every statement of a module."""
        if not is_project(name):
            self.library(name)
        elif self.is_new((name, "whole")):
            source = self.source(name)
            for unit in source.units if source else ():
                self.unit(name, name, unit)

    def effects(self, name: str) -> None:
        """Follow what a module, and those it imports, do when they are imported besides giving names."""
        if not name or not is_project(name) or not self.is_new((name, "effects")):
            return
        source = self.source(name)
        for unit in [source.units[number] for number in source.loose] if source else ():
            self.unit(name, name, unit)
        self.effects(name.rpartition(".")[0])
        for each in sorted(source.imports) if source else ():
            if each in sys.modules:
                self.effects(each)

    def library(self, name: str) -> None:
        """Note the version of a library."""
        found = modules.library(name)
        if found:
            self.say(f"library {found[0]}", found[1])
