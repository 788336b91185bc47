"""Rows as items of DynamoDB: each value wrapped in its type, as SQL; ``etl.storage.items`` reads what this writes.

Numbers are ``N``, and exact: DynamoDB holds 38 digits. A DATE and a TIMESTAMP are texts of ISO 8601, in the order of
their instants, or, where the dataset declares ``timestamp_unit``, a TIMESTAMP is a number.
"""

from __future__ import annotations

from etl.errors import ProjectError
from etl.model.schema import Schema, parse_schema
from etl.model.text import TextRules
from etl.sql import literal, quoted

PLAIN = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INT", "BIGINT", "DECIMAL"), ("N", "CAST({} AS STRING)")),
    **dict.fromkeys(("STRING", "VARCHAR", "CHAR"), ("S", "CAST({} AS STRING)")),
    "DATE": ("S", "date_format({}, 'yyyy-MM-dd')"),
    "BOOLEAN": ("BOOL", "{}"),
    "BINARY": ("B", "base64({})"),
}
ISO = "yyyy-MM-dd'T'HH:mm:ss.SSSSSS"
ZONE = "'Z'"
MICROSECONDS = {"s": 1_000_000, "ms": 1_000, "us": 1}


def item(schema: Schema, rules: TextRules) -> str:
    """Return SQL of a row as an item in JSON; a null is ``{"NULL": true}``.

    Raises:
        ProjectError: DynamoDB has no type for a column.
    """
    said = ", ".join(f"{literal(each.name)}, {wrapped(each.type, quoted(each.name), rules)}" for each in schema)
    return f"to_json(named_struct({said}), map('ignoreNullFields', 'true'))"


def wrapped(kind: str, value: str, rules: TextRules, depth: int = 0) -> str:
    """Return SQL of a value in its wrapper."""
    letter, text = _value(kind, value, rules, depth)
    return f"named_struct('{letter}', {text}, 'NULL', if({value} IS NULL, true, CAST(NULL AS BOOLEAN)))"


def letter_of(kind: str, rules: TextRules) -> str:
    """Return the wrapper of a type's values."""
    return _value(kind, "x", rules, 0)[0]


def _value(kind: str, value: str, rules: TextRules, depth: int) -> tuple[str, str]:
    word = kind.partition("(")[0].partition("<")[0]
    if word in PLAIN:
        letter, text = PLAIN[word]
        return letter, text.format(value)
    if word in ("FLOAT", "DOUBLE"):
        said = f"concat('[NUMBER] ', CAST({value} AS STRING), ' is no number of DynamoDB')"
        bad = f"isnan({value}) OR abs({value}) = double('Infinity')"
        return "N", f"if({bad}, raise_error({said}), CAST({value} AS STRING))"
    how = _instant if word.startswith("TIMESTAMP") else _nested
    return how(kind, value, rules, depth)


def _instant(kind: str, value: str, rules: TextRules, _: int) -> tuple[str, str]:
    if not rules.timestamp_unit:
        return "S", f"date_format({value}, {literal(ISO + ZONE * (kind == 'TIMESTAMP'))})"
    each, micros = MICROSECONDS[rules.timestamp_unit], f"unix_micros(CAST({value} AS TIMESTAMP))"
    said = f"concat('[NUMBER] ', CAST({value} AS STRING), ' is no whole number of {rules.timestamp_unit}')"
    return "N", f"if({micros} % {each} <> 0, raise_error({said}), CAST({micros} DIV {each} AS STRING))"


def _nested(kind: str, value: str, rules: TextRules, depth: int) -> tuple[str, str]:
    if kind.startswith("ARRAY<"):
        inner = wrapped(kind[6:-1], f"x{depth}", rules, depth + 1)
        return "L", f"transform({value}, x{depth} -> {inner})"
    if kind.startswith("MAP<STRING, "):
        inner = wrapped(kind[len("MAP<STRING, ") : -1], f"v{depth}", rules, depth + 1)
        return "M", f"transform_values({value}, (k{depth}, v{depth}) -> {inner})"
    if kind.startswith("STRUCT<"):
        fields = parse_schema(kind[7:-1].replace(": ", " ")).columns
        said = ", ".join(
            f"{literal(each.name)}, {wrapped(each.type, f'{value}.{quoted(each.name)}', rules, depth)}"
            for each in fields
        )
        return "M", f"if({value} IS NULL, NULL, named_struct({said}))"
    raise ProjectError(f"DynamoDB has no type for {kind}", remedy="publish it as text: to_json(…) in the step")
