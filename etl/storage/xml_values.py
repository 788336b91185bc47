"""XML values as Spark's parser gives them: texts, held to the contract; an element that is there twice is no value.

The parser takes the last of several elements where one is asked for, and leaves out the text of an element that is
asked for its children. So every element is asked for as a list, and every record and STRUCT for its text too.
"""

from __future__ import annotations

from collections.abc import Sequence

from etl.model.schema import Column, parse_schema
from etl.model.text import TextRules
from etl.model.xml import XmlShape
from etl.sql import literal, quoted
from etl.storage import values
from etl.storage.values import Conversion


def raw_fields(columns: Sequence[Column], shape: XmlShape) -> str:
    """Return what the parser is asked for: the columns' elements, and the text between them."""
    asked = [f"{quoted(column.name)} {_raw(column, shape)}" for column in columns]
    if shape.value_tag not in [column.name for column in columns]:
        asked.append(f"{quoted(shape.value_tag)} STRING")
    return ", ".join(asked)


def _raw(column: Column, shape: XmlShape) -> str:
    if shape.is_single(column.name):
        return "STRING"
    kind = _element(column.type)
    return f"ARRAY<STRUCT<{raw_fields(_fields(kind), shape)}>>" if kind.startswith("STRUCT<") else "ARRAY<STRING>"


def text_of(column: Column, record: str, shape: XmlShape) -> str | None:
    """SQL for the text that a column's value is made of, empty is null; None where it is made of more than one."""
    raw = f"{record}.{quoted(column.name)}"
    if shape.is_single(column.name):
        return f"nullif({raw}, '')"
    return None if column.type.startswith(("ARRAY<", "STRUCT<")) else f"nullif(get({raw}, 0), '')"


def conversion(column: Column, record: str, rules: TextRules, shape: XmlShape, text: str | None = None) -> Conversion:
    """Return how a column is made of what the parser found in a record or STRUCT, given as SQL.

    ``text`` is SQL for ``text_of`` that costs nothing; the value then has the column's name in a projection below.
    """
    raw, ref = f"{record}.{quoted(column.name)}", quoted(column.name) if text else None
    found = text or text_of(column, record, shape)
    if column.type.startswith("ARRAY<"):
        made = _one(_element(column.type), "x", rules, shape)
        return Conversion(f"transform({raw}, x -> {made.value})", _any(raw, made))
    made = (
        values.conversion(column.type, found, rules, ref)
        if found
        else _one(column.type, f"get({raw}, 0)", rules, shape)
    )
    if shape.is_single(column.name):
        return made
    bad = f"{repeated(raw)} OR {made.bad}" if made.bad else repeated(raw)
    return Conversion(made.value, f"({bad})", f"(NOT {repeated(raw)} AND {made.sure})")


def repeated(raw: str) -> str:
    """SQL that is true where an element is there more than once; never null."""
    return f"coalesce(size({raw}) > 1, false)"


def stray(record: str, columns: Sequence[Column], shape: XmlShape) -> str:
    """SQL that is true for a record or STRUCT with text between its elements that nobody declared; never null."""
    if shape.value_tag in [column.name for column in columns]:
        return "false"
    return f"coalesce({record}.{quoted(shape.value_tag)} RLIKE {literal(chr(92) + 'S')}, false)"


def _one(kind: str, raw: str, rules: TextRules, shape: XmlShape) -> Conversion:
    if not kind.startswith("STRUCT<"):
        return values.conversion(kind, f"nullif({raw}, '')", rules)
    fields = _fields(kind)
    made = {field.name: conversion(field, raw, rules, shape) for field in fields}
    inner = ", ".join(f"{literal(name)}, {each.value}" for name, each in made.items())
    bad = " OR ".join([stray(raw, fields, shape), *(each.bad for each in made.values() if each.bad)])
    return Conversion(f"CASE WHEN {raw} IS NOT NULL THEN named_struct({inner}) END", f"({bad})")


def _any(raw: str, made: Conversion) -> str | None:
    return made.bad and f"coalesce(exists({raw}, x -> {made.bad}), false)"


def _element(kind: str) -> str:
    return kind[6:-1] if kind.startswith("ARRAY<") else kind


def _fields(kind: str) -> tuple[Column, ...]:
    return parse_schema(kind[7:-1].replace(": ", " ")).columns
