"""From TOML values to frozen classes, strictly: nothing is converted silently, every problem is found and located.

cattrs converts by default (``str(2013-02-08)``, ``int("7")``, ``bool("no")``); the hooks here refuse instead.
``Annotated[str, check]`` is text that ``check`` accepts: it returns the value in its one spelling or refuses it.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from attrs import fields, frozen, has
from cattrs import BaseValidationError, Converter, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn

from etl.config.choice import chosen, is_choice
from etl.config.document import KeyPath, dotted
from etl.config.refusal import RefusedError
from etl.errors import ConfigError, DefinitionError, NotAllowedError, Place, UnknownKeyError
from etl.model.schema import Schema, parse_schema

T = TypeVar("T")


@frozen
class Origin:
    """Where an effective value comes from.

    Args:
        layer: ``base``, ``environment``, ``variable``, ``option`` or ``default``.
        place: file, line and key; for a variable or option its name.
        text: the value as it is written there, where that is known.
    """

    layer: Literal["base", "environment", "variable", "option", "default"]
    place: Place
    text: str = ""

    def __str__(self) -> str:
        return self.layer if self.layer == "default" else str(Place(self.place.file, self.place.line))


class Text(str):
    """A value from an environment variable or ``--set``: text until the declared type says otherwise."""

    __slots__ = ()


def structured(
    values: object, kind: type[T], locate: Callable[[KeyPath], Origin]
) -> tuple[T | None, list[ConfigError]]:
    """Return ``values`` as ``kind``, or None and every problem in it.

    Args:
        values: what TOML gave.
        kind: an attrs class, or a Mapping of them.
        locate: tells where a path of keys is said.
    """
    try:
        return _converter().structure(values, kind), []
    except (BaseValidationError, RefusedError, ConfigError) as error:
        return None, [_located(path, problem, locate) for path, problem in _flat(error, ())]


def _flat(error: BaseException, path: KeyPath) -> Iterator[tuple[KeyPath, BaseException]]:
    if isinstance(error, BaseValidationError):
        for inner in error.exceptions:
            keys = [getattr(note, "name", getattr(note, "index", None)) for note in getattr(inner, "__notes__", ())]
            yield from _flat(inner, (*path, *(str(key) for key in keys[-1:] if key is not None)))
    elif isinstance(error, ForbiddenExtraKeysError):
        known = {attribute.name for attribute in fields(error.cl)}
        for key in sorted(error.extra_fields):
            yield (*path, key), UnknownKeyError(key, known)
    else:
        yield path, error


def _located(path: KeyPath, problem: BaseException, locate: Callable[[KeyPath], Origin]) -> ConfigError:
    origin = locate(path)
    if isinstance(problem, ConfigError):
        problem.place = origin.place
        return problem
    if isinstance(problem, KeyError):  # a key without a default
        return ConfigError(f"{problem.args[0]!r} is missing", place=origin.place)
    if not isinstance(problem, RefusedError):
        return ConfigError(str(problem), place=origin.place)
    remedy = problem.remedy
    if problem.quote and origin.text:
        remedy = f'quote it: {dotted(path[-1:])} = "{origin.text}"'
    return ConfigError(problem.message, place=origin.place, remedy=remedy)


@cache
def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)
    for kind, read in ((str, _text), (int, _integer), (float, _number), (bool, _flag), (Schema, _schema)):
        converter.register_structure_hook(kind, read)
    converter.register_structure_hook_func(_is(Literal), _choice)
    converter.register_structure_hook_func(_is(tuple), _texts)
    converter.register_structure_hook_func(is_choice, lambda value, kind: chosen(converter, value, kind))
    converter.register_structure_hook_func(_is(Annotated), lambda value, kind: _checked(converter, value, kind))
    converter.register_structure_hook_factory(
        lambda kind: has(kind) and kind is not Schema,
        lambda kind: _table(make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True)),
    )
    converter.register_structure_hook_factory(_is(Mapping), lambda kind: _table(converter.gen_structure_mapping(kind)))
    return converter


def _is(generic: object) -> Callable[[Any], bool]:
    return lambda kind: get_origin(kind) is generic


def _checked(converter: Converter, value: object, kind: Any) -> Any:
    plain, *checks = get_args(kind)
    value = converter.structure(value, plain)
    for check in checks:
        value = check(value)
    return value


def _table(structure: Callable[..., Any]) -> Callable[[object, Any], Any]:
    def read(value: object, kind: object) -> Any:
        if not isinstance(value, Mapping):
            raise RefusedError(f"expected a table, found {_described(value)}")
        return structure(value, kind)

    return read


def _text(value: object, _: object = None) -> str:
    if not isinstance(value, str):
        quote = not isinstance(value, list | Mapping)
        remedy = f'quote it: "{value}"' if quote else ""
        raise RefusedError(f"expected text, found {_described(value)}", remedy, quote=quote)
    return str(value)


def _texts(value: object, _: object) -> tuple[str, ...]:
    value = _parsed(value)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise RefusedError(f"expected a list of texts, found {_described(value)}", 'write ["a", "b"]')
    return tuple(value)


def _integer(value: object, _: object) -> int:
    value = _parsed(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise RefusedError(f"expected a whole number, found {_described(value)}")
    return value


def _number(value: object, _: object) -> float:
    value = _parsed(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise RefusedError(f"expected a number, found {_described(value)}")
    return float(value)


def _flag(value: object, _: object) -> bool:
    value = _parsed(value)
    if not isinstance(value, bool):
        raise RefusedError(f"expected true or false, found {_described(value)}")
    return value


def _choice(value: object, kind: object) -> str:
    allowed = get_args(kind)
    text = _text(value)
    if text not in allowed:
        raise NotAllowedError(text, allowed)
    return text


def _schema(value: object, _: object) -> Schema:
    try:
        return parse_schema(_text(value))
    except DefinitionError as error:
        raise RefusedError(error.message, error.remedy) from None


def _parsed(value: object) -> object:
    if not isinstance(value, Text):
        return value
    try:
        parsed = tomllib.loads(f"value = {value}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return str(value)
    return parsed["value"] if len(parsed) == 1 else str(value)


def _described(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    for kind, word in (
        (str, "text"),
        (datetime, "the date and time"),
        (date, "the date"),
        (time, "the time"),
        (int, "the number"),
        (float, "the number"),
    ):
        if isinstance(value, kind):
            return f"{word} {str(value)[:60]!r}" if kind is str else f"{word} {str(value)[:60]}"
    return "a list" if isinstance(value, list) else "a table"
