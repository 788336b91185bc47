"""Whether what a file stores fits what a dataset declares: exactly, or not at all.

Types are those of Spark's JSON form of a schema: a name, or a mapping for what nests. A type fits another if every
value that it can hold is a value of the other one too; what would be rounded, cut or guessed does not fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from attrs import frozen

from etl.errors import closest
from etl.model.types import holds
from etl.sql import literal, quoted

_WORDS = {"byte": "TINYINT", "short": "SMALLINT", "integer": "INT", "long": "BIGINT"}
_HELD = {"byte": 2, "short": 4, "integer": 9, "long": 18}  # digits of which every number is one of its values
_WIDER = {
    "string": "binary",
    "date": "timestamp_ntz",
    # As a text without a zone is read: a wall clock counts as UTC unless the dataset says which zone it is.
    "timestamp_ntz": "timestamp",
}
_WHOLE = re.compile(r"decimal\((\d+),0\)")


@frozen
class Difference:
    """What of a declared column a file does not give.

    Args:
        column: the column, with its fields after dots.
        said: what is wrong, both types named.
        near: a name in the file that may be meant.
    """

    column: str
    said: str
    near: str | None = None


def words(kind: Any) -> str:
    """Return a type as people declare it."""
    if isinstance(kind, str):
        return _WORDS.get(kind, kind.upper())
    if kind["type"] == "array":
        return f"ARRAY<{words(kind['elementType'])}>"
    if kind["type"] == "map":
        return f"MAP<{words(kind['keyType'])}, {words(kind['valueType'])}>"
    if kind["type"] == "struct":
        return f"STRUCT<{', '.join(field['name'] + ': ' + words(field['type']) for field in kind['fields'])}>"
    return str(kind["type"]).upper()


def fits(stored: str, declared: str) -> bool:
    """Whether each value of one type without parts is exactly a value of the other."""
    narrow, wide = (_WORDS.get(kind, kind).lower() for kind in (stored, declared))
    if holds(wide, narrow) or _WIDER.get(stored) == declared:
        return True
    whole = _WHOLE.fullmatch(stored)
    return whole is not None and int(whole[1]) <= _HELD.get(declared, 0)


def differences(stored: Any, declared: Any, column: str, *, extra: bool) -> Iterator[Difference]:
    """Yield what keeps a stored column from being read as it is declared.

    Args:
        stored: the file's type.
        declared: the declared type.
        column: the column's name.
        extra: fields of a struct that nobody declared may be there.
    """
    shape = _shape(declared)
    if shape is None or shape != _shape(stored):
        if shape or _shape(stored) or not fits(stored, declared):
            yield Difference(column, f"is {words(stored)} in the file and {words(declared)} in the schema")
    elif shape == "array":
        yield from differences(stored["elementType"], declared["elementType"], f"{column}.element", extra=extra)
    elif shape == "map":
        yield from differences(stored["keyType"], declared["keyType"], f"{column}.key", extra=extra)
        yield from differences(stored["valueType"], declared["valueType"], f"{column}.value", extra=extra)
    else:
        yield from _fields(stored, declared, column, extra=extra)


def near(name: str, known: Iterable[str]) -> str | None:
    """Return the name that is probably meant: one that differs only in case before any other."""
    names = list(known)
    return next((other for other in names if other.casefold() == name.casefold()), closest(name, names))


def twice(names: Iterable[str]) -> str | None:
    """Return the first name that is there twice, without regard to case, as Spark resolves names."""
    seen: set[str] = set()
    for name in names:
        if name.casefold() in seen:
            return name
        seen.add(name.casefold())
    return None


def nullable(kind: Any) -> Any:
    """Return a type in which everything may be null, as what is read from files may."""
    shape = _shape(kind)
    if shape == "array":
        return {**kind, "elementType": nullable(kind["elementType"]), "containsNull": True}
    if shape == "map":
        key, value = nullable(kind["keyType"]), nullable(kind["valueType"])
        return {**kind, "keyType": key, "valueType": value, "valueContainsNull": True}
    if shape == "struct":
        fields = [{**each, "type": nullable(each["type"]), "nullable": True} for each in kind["fields"]]
        return {**kind, "fields": fields}
    return kind


def clipped(stored: Any, declared: Any) -> Any:
    """Return the type to read a stored column with: the file's own types, in the shape that is declared.

    What is read so can be cast to the declared type, field by field and exactly, once ``differences`` has none.
    """
    shape = _shape(declared)
    if shape is None:
        return stored
    if shape == "array":
        return {**declared, "elementType": clipped(stored["elementType"], declared["elementType"])}
    if shape == "map":
        key, value = (clipped(stored[part], declared[part]) for part in ("keyType", "valueType"))
        return {**declared, "keyType": key, "valueType": value}
    kinds = _named(stored)
    fields = [{**each, "type": clipped(kinds[each["name"]], each["type"])} for each in declared["fields"]]
    return {**declared, "fields": fields}


def as_declared(sql: str, stored: Any, declared: Any, depth: int = 0) -> str:
    """Return SQL that puts a value into the declared shape: fields by name, in order, and no others.

    What it gives can be cast to the declared type; SQL that is as it was needs no cast.
    """
    shape = _shape(declared)
    if shape is None:
        return sql if stored == declared else f"CAST({sql} AS {words(declared)})"
    if clipped(stored, declared) == stored:
        return sql if stored == declared else f"({sql})"
    each = f"_{depth}"
    if shape == "array":
        element = as_declared(each, stored["elementType"], declared["elementType"], depth + 1)
        return f"transform({sql}, {each} -> {element})"
    if shape == "map":
        key = as_declared(f"{each}.key", stored["keyType"], declared["keyType"], depth + 1)
        value = as_declared(f"{each}.value", stored["valueType"], declared["valueType"], depth + 1)
        return f"map_from_entries(transform(map_entries({sql}), {each} -> struct({key}, {value})))"
    found, wanted = _named(stored), _named(declared)
    fields = ", ".join(
        f"{literal(name)}, {as_declared(f'{sql}.{quoted(name)}', found[name], kind, depth + 1)}"
        for name, kind in wanted.items()
    )
    return f"IF({sql} IS NULL, NULL, named_struct({fields}))"


def _fields(stored: Any, declared: Any, column: str, *, extra: bool) -> Iterator[Difference]:
    again = twice(field["name"] for field in stored["fields"])
    if again:
        yield Difference(f"{column}.{again}", "is twice in the file (names are compared without case)")
    found, wanted = _named(stored), _named(declared)
    undeclared = [name for name in found if name not in wanted]
    for name, kind in wanted.items():
        if name in found:
            yield from differences(found[name], kind, f"{column}.{name}", extra=extra)
        else:
            said = f"is not in the file and {words(kind)} in the schema"
            yield Difference(f"{column}.{name}", said, near(name, undeclared))
    if undeclared and not extra:
        name = undeclared[0]
        yield Difference(f"{column}.{name}", f"is {words(found[name])} in the file and not in the schema")


def _named(struct: Any) -> dict[str, Any]:
    return {field["name"]: field["type"] for field in struct["fields"]}


def _shape(kind: Any) -> str | None:
    return kind["type"] if isinstance(kind, dict) and kind["type"] in {"array", "map", "struct"} else None
