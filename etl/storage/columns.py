"""Declared columns beside those of a table: each difference, however deep it lies, and what both make together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from attrs import frozen
from pyspark.sql.types import ArrayType, DataType, MapType, StructField, StructType

from etl.storage.foreign import is_filled
from etl.storage.growth import in_place, widens


@frozen(kw_only=True)
class Difference:
    """One column, or field of a struct, that is not in the table as it is declared.

    Args:
        kind: ``gone`` is in the table alone, ``added`` in the declaration alone, ``renamed`` differs in case only.
        path: ``s.q`` is a field of a struct, ``a[]`` an array's element, ``m.key`` and ``m.value`` a map's.
        had: the table's; None where it has none.
        wanted: as declared; None where it is not.
        name: as declared, where it is another.
        required: declared NOT NULL.
    """

    kind: Literal["added", "gone", "renamed", "widened", "narrowed", "retyped"]
    path: str
    had: DataType | None = None
    wanted: DataType | None = None
    name: str = ""
    required: bool = False

    @property
    def types(self) -> str:
        """Both types, as a message says them."""
        return f"{self.path} is {short(self.had)}, declared {short(self.wanted)}"

    @property
    def in_place(self) -> bool:
        """Whether Delta widens it without rewriting files."""
        return self.had is not None and self.wanted is not None and in_place(self.had, self.wanted)


def differences(table: StructType, declared: StructType, path: str = "") -> Iterator[Difference]:
    """Yield what is not in the table as declared, in the order of the declaration; the order itself is no difference.

    Columns that the table fills by itself need not be declared.
    """
    there, lower = {each.name: each for each in table}, {each.name.lower(): each.name for each in table}
    for each in declared:
        here = f"{path}{each.name}"
        if each.name in there:
            yield from _types(there[each.name].dataType, each.dataType, here)
        elif each.name.lower() in lower:
            yield Difference(kind="renamed", path=f"{path}{lower[each.name.lower()]}", name=each.name)
        else:
            yield Difference(kind="added", path=here, wanted=each.dataType, required=not each.nullable)
    wanted = {each.name.lower() for each in declared}
    for each in table:
        if each.name.lower() not in wanted and not is_filled(each):
            yield Difference(kind="gone", path=f"{path}{each.name}", had=each.dataType)


def _types(had: DataType, wanted: DataType, path: str) -> Iterator[Difference]:
    if isinstance(had, StructType) and isinstance(wanted, StructType):
        yield from differences(had, wanted, f"{path}.")
    elif isinstance(had, ArrayType) and isinstance(wanted, ArrayType):
        yield from _types(had.elementType, wanted.elementType, f"{path}[]")
    elif isinstance(had, MapType) and isinstance(wanted, MapType):
        yield from _types(had.keyType, wanted.keyType, f"{path}.key")
        yield from _types(had.valueType, wanted.valueType, f"{path}.value")
    elif had.simpleString() != wanted.simpleString():
        kind: Literal["widened", "narrowed", "retyped"] = "retyped"
        kind = "widened" if widens(had, wanted) else "narrowed" if widens(wanted, had) else kind
        yield Difference(kind=kind, path=path, had=had, wanted=wanted)


def short(kind: DataType | None) -> str:
    """Return a type as messages spell it."""
    return kind.simpleString() if kind is not None else "nothing"


def merged(table: StructType, declared: StructType) -> StructType:
    """Return the table's columns with the declared types, and the declared columns that it lacks after its own.

    Whatever others have put on a column stays: NOT NULL, comments, defaults, expressions, ids.
    """
    wanted = {each.name: each for each in declared}
    fields = [_field(each, wanted[each.name].dataType) if each.name in wanted else each for each in table]
    new = [StructField(each.name, each.dataType) for each in declared if each.name not in table.names]
    return StructType([*fields, *new])


def _field(each: StructField, wanted: DataType) -> StructField:
    return StructField(each.name, _merged(each.dataType, wanted), each.nullable, each.metadata)


def _merged(had: DataType, wanted: DataType) -> DataType:
    if isinstance(had, StructType) and isinstance(wanted, StructType):
        return merged(had, wanted)
    if isinstance(had, ArrayType) and isinstance(wanted, ArrayType):
        return ArrayType(_merged(had.elementType, wanted.elementType), had.containsNull)
    if isinstance(had, MapType) and isinstance(wanted, MapType):
        key, value = _merged(had.keyType, wanted.keyType), _merged(had.valueType, wanted.valueType)
        return MapType(key, value, had.valueContainsNull)
    return wanted
