"""What a step's code is made of: its own function, and all that it reaches in the project's modules.

A name leads to the value it has now: a constant says its text, whatever made it; a function or a class, the statements
that define it and the names those use, in whichever module they stand; a container or an object, what it holds. Where a
value has no text that stays the same, the statements that bind its name stand for it; where names are looked up by
text, or a module is handed around as a value, the whole module does. An edit to one step does not touch its siblings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from inspect import getattr_static
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from attrs import define

from etl.engine.modules import is_project
from etl.engine.reach import Statements
from etl.engine.values import inside, plain
from etl.model.body import Function
from etl.model.step import Step


def made_of(step: Step[Any, Any]) -> dict[str, str]:
    """Return a digest of everything that a step's function is and reaches, by name: ``jobs._money.RATE``.

    A query has no code: its text is part of the declaration.
    """
    reach = Reach(step.module)
    if isinstance(step.body, Function):
        reach.value(f"{step.module}.{getattr(step.body.call, '__qualname__', 'step')}", step.body.call, step.module)
    return {name: digest(*sorted(said)) for name, said in sorted(reach.found.items())}


def digest(*texts: str) -> str:
    """Return a digest of texts."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


@define(eq=False)
class Reach(Statements):
    """What a step reaches, from value to value."""

    def value(self, where: str, value: Any, home: str) -> bool:
        """Follow a value; False where it hides what it is."""
        text = plain(value)
        if text is not None:
            self.say(where, text)
            return True
        if not self.is_new(id(value)):
            return True
        self.kept.append(value)
        if isinstance(value, Step):
            return not isinstance(value.body, Function) or self.value(where, value.body.call, home)
        if isinstance(value, ModuleType):
            self.whole(value.__name__)
        elif isinstance(value, type):
            self.type(value)
        else:
            return self.function(value) if isinstance(value, FunctionType) else self.object(where, value, home)
        return True

    def object(self, where: str, value: Any, home: str) -> bool:
        """Follow what an object holds; False where it hides it."""
        if isinstance(value, BuiltinFunctionType):
            self.library(value.__module__ or "")
            return True
        if isinstance(value, MethodType):
            return all([self.value(where, value.__func__, home), self.value(where, value.__self__, home)])
        if isinstance(value, partial):
            return self.held(where, {"func": value.func, "args": value.args, "keywords": value.keywords}, home)
        wrapped = getattr_static(value, "__wrapped__", None) or getattr_static(value, "func", None)
        if isinstance(wrapped, FunctionType):  # of a cache; of a user-defined function, which holds its type besides
            self.library(type(value).__module__)
            return self.value(where, wrapped, home) and type(value).__module__ == "functools"
        self.type(type(value))
        return self.held(where, value, home)

    def held(self, where: str, value: Any, home: str) -> bool:
        """Follow each value that one holds; False where one of them, or it, hides what it is."""
        held = inside(value)
        known = [self.value(f"{where}{place}", item, home) for place, item in held or ()]
        return held is not None and all(known)

    def type(self, kind: type) -> None:
        """Follow a class, those it is made from, and what it holds."""
        for each in kind.__mro__:
            if not is_project(each.__module__):
                self.library(each.__module__)
            elif self.is_new((each.__module__, each.__qualname__, "type")):
                self.binding(each.__module__, each.__qualname__.partition(".")[0])
                for name, value in vars(each).items():
                    if not name.startswith("__"):
                        self.value(f"{each.__module__}.{each.__qualname__}.{name}", value, each.__module__)

    def function(self, function: FunctionType) -> bool:
        """Follow a function: its statement, what it closes over, its defaults, and what it wraps.

        False for a library's that hides something: the statement that made it is the project's.
        """
        code, home = function.__code__, function.__globals__.get("__name__", function.__module__) or ""
        where = f"{home}.{code.co_qualname}"
        if is_project(home):
            self.met.setdefault(home, function.__globals__)
            self.definition(home, where, function)
        else:
            self.library(home)
        held = [(f"{where} closes over {name}", cell) for name, cell in _closed_over(function)]
        held += [(f"{where} default {n}", value) for n, value in enumerate(function.__defaults__ or ())]
        held += [(f"{where} default {name}", value) for name, value in (function.__kwdefaults__ or {}).items()]
        held += [(where, wrapped)] if (wrapped := getattr(function, "__wrapped__", None)) else []
        known = [self.value(place, value, home) for place, value in held]
        if not is_project(home):
            return all(known)
        if not all(known):
            self.whole(self.home)  # what made the closure stands there
        return True

    def definition(self, home: str, where: str, function: FunctionType) -> None:
        """Follow the statement that a function stands in; its bytecode where there is no source."""
        code, source = function.__code__, self.source(home)
        name, line = code.co_qualname.partition(".")[0], code.co_firstlineno
        if source is None:
            self.say(where, _bytecode(code))
            for each in sorted(_looked_up(code) & set(function.__globals__)):
                self.value(f"{home}.{each}", function.__globals__[each], home)
        elif name in source.binds:
            self.binding(home, name)
        else:
            lines = [unit for unit in source.units if unit.lines[0] <= line <= unit.lines[1]]
            for unit in lines:
                self.unit(home, where, unit)
            if not lines:
                self.whole(home)


def _closed_over(function: FunctionType) -> Iterator[tuple[str, Any]]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # a name the factory has not bound
            continue


def _bytecode(code: CodeType) -> str:
    inner = [_bytecode(each) if isinstance(each, CodeType) else repr(each) for each in code.co_consts]
    return f"{code.co_code.hex()} {code.co_names} {inner}"


def _looked_up(code: CodeType) -> set[str]:
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*(_looked_up(each) for each in inner))
