"""Rows as items of DynamoDB: each value wrapped in its type, as SQL; ``etl.storage.items`` reads what this writes.

Numbers are ``N``, and exact: DynamoDB holds 38 digits. A DATE and a TIMESTAMP are texts of ISO 8601, in the order of
their instants, or, where the dataset declares ``timestamp_unit``, a TIMESTAMP is a number.
"""

from __future__ import annotations

from etl.errors import ProjectError
from etl.model.schema import Schema, parse_schema
from etl.model.text import TextRules
from etl.sql import literal, quoted
from etl.storage.items import Wrapping
from etl.storage.values import UNITS

SPELLED = ("TINYINT", "SMALLINT", "INT", "BIGINT", "DECIMAL", "STRING")
PLAIN = {
    **dict.fromkeys(SPELLED, "CAST({} AS STRING)"),
    "DATE": "date_format({}, 'yyyy-MM-dd')",
    "BOOLEAN": "{}",
    "BINARY": "base64({})",
}
NESTED = {"ARRAY": "L", "MAP": "M", "STRUCT": "M"}
ISO = "yyyy-MM-dd'T'HH:mm:ss.SSSSSS"
ZONE = "'Z'"


def item(schema: Schema, rules: TextRules) -> str:
    """Return SQL of a row as an item in JSON; a null is ``{"NULL": true}``.

    Raises:
        ProjectError: DynamoDB has no type for a column.
    """
    said = ", ".join(f"{literal(each.name)}, {wrapped(each.type, quoted(each.name), rules)}" for each in schema)
    return f"to_json(named_struct({said}), map('ignoreNullFields', 'true'))"


def wrapped(kind: str, value: str, rules: TextRules, depth: int = 0) -> str:
    """Return SQL of a value in its wrapper."""
    null = f"if({value} IS NULL, true, CAST(NULL AS BOOLEAN))"
    return f"named_struct('{letter_of(kind, rules)}', {_inside(kind, value, rules, depth)}, 'NULL', {null})"


def letter_of(kind: str, rules: TextRules) -> str:
    """Return the wrapper of a type's values."""
    return NESTED.get(kind.partition("<")[0]) or Wrapping(rules, {}).letter(kind)


def _inside(kind: str, value: str, rules: TextRules, depth: int) -> str:
    word = kind.partition("(")[0].partition("<")[0]
    if word in PLAIN:
        return PLAIN[word].format(value)
    if word in ("FLOAT", "DOUBLE"):
        said = f"concat('[NUMBER] ', CAST({value} AS STRING), ' is no number of DynamoDB')"
        bad = f"isnan({value}) OR abs({value}) = double('Infinity')"
        return f"if({bad}, raise_error({said}), CAST({value} AS STRING))"
    how = _instant if word.startswith("TIMESTAMP") else _nested
    return how(kind, value, rules, depth)


def _instant(kind: str, value: str, rules: TextRules, _: int) -> str:
    if not rules.timestamp_unit:
        return f"date_format({value}, {literal(ISO + ZONE * (kind == 'TIMESTAMP'))})"
    each, micros = 1_000_000 // UNITS[rules.timestamp_unit][1], f"unix_micros(CAST({value} AS TIMESTAMP))"
    said = f"concat('[NUMBER] ', CAST({value} AS STRING), ' is no whole number of {rules.timestamp_unit}')"
    return f"if({micros} % {each} <> 0, raise_error({said}), CAST({micros} DIV {each} AS STRING))"


def _nested(kind: str, value: str, rules: TextRules, depth: int) -> str:
    if kind.startswith("ARRAY<"):
        inner = wrapped(kind[6:-1], f"x{depth}", rules, depth + 1)
        return f"transform({value}, x{depth} -> {inner})"
    if kind.startswith("MAP<STRING, "):
        inner = wrapped(kind[len("MAP<STRING, ") : -1], f"v{depth}", rules, depth + 1)
        return f"transform_values({value}, (k{depth}, v{depth}) -> {inner})"
    if kind.startswith("STRUCT<"):
        fields = parse_schema(kind[7:-1].replace(": ", " ")).columns
        said = ", ".join(
            f"{literal(each.name)}, {wrapped(each.type, f'{value}.{quoted(each.name)}', rules, depth)}"
            for each in fields
        )
        return f"if({value} IS NULL, NULL, named_struct({said}))"
    raise ProjectError(f"DynamoDB has no type for {kind}", remedy="publish it as text: to_json(…) in the step")
