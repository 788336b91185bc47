"""Items of DynamoDB in files: each value wrapped in its type, ``{"id": {"N": "7"}}``, and held to the contract of text.

A number is read from ``N`` alone and a text from ``S`` alone: an attribute of another type is corrupt, never guessed.
DATE, and TIMESTAMP without ``timestamp_unit``, are texts; with it TIMESTAMP is a number. Layouts: the service's export
to S3 (full and incremental), plain items as ``aws dynamodb scan`` prints them, and AWS Data Pipeline's export.

Source: DynamoDB developer guide, "DynamoDB table export output format"; emr-dynamodb-connector, README.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from attrs import frozen

from etl.model.dataset import Dataset
from etl.model.items import DELETED, EXPORT, INCREMENTAL, PIPELINE, WRITTEN_AT
from etl.model.schema import Column, parse_schema
from etl.model.text import TextRules
from etl.sql import literal, quoted
from etl.storage import values
from etl.storage.lines import Lines
from etl.storage.objects import RECORD, WHOLE, records
from etl.storage.records import Parsed, settled
from etl.storage.values import Conversion

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

CAMEL = {"NULL": "nULLValue", "BOOL": "bOOL", "SS": "sS", "NS": "nS", "BS": "bS"}  # the Java SDK's names of its fields


@frozen
class Wrapping:
    """How values are wrapped.

    Args:
        rules: what their text may be.
        names: of the wrappers, where they are not DynamoDB's own.
    """

    rules: TextRules
    names: Mapping[str, str]

    def tag(self, letter: str) -> str:
        """Return a wrapper's name."""
        return self.names.get(letter, letter)

    def letter(self, kind: str) -> str:
        """Return the wrapper of a type's values."""
        if kind == "BOOLEAN":
            return "BOOL"
        if kind == "BINARY":
            return "B"
        if kind in ("STRING", "DATE") or (kind.startswith("TIMESTAMP") and not self.rules.timestamp_unit):
            return "S"
        return "N"

    def type(self, kind: str) -> str:
        """Return what the parser is asked for where a value of this type is declared."""
        null = f"{self.tag('NULL')}: BOOLEAN"
        if kind.startswith("ARRAY<"):
            inner = kind[6:-1]
            sets = "" if self.has_no_set(inner) else f"{self.tag(self.letter(inner) + 'S')}: ARRAY<STRING>, "
            return f"STRUCT<{self.tag('L')}: ARRAY<{self.type(inner)}>, {sets}{null}>"
        if kind.startswith("MAP<"):
            return f"STRUCT<{self.tag('M')}: MAP<STRING, {self.type(kind.partition(', ')[2][:-1])}>, {null}>"
        if kind.startswith("STRUCT<"):
            return f"STRUCT<{self.tag('M')}: {self.item(_fields(kind))}, {null}>"
        return f"STRUCT<{self.tag(self.letter(kind))}: STRING, {null}>"

    def has_no_set(self, kind: str) -> bool:
        """Say whether there are no sets of a type: DynamoDB has those of texts, numbers and bytes."""
        return kind == "BOOLEAN" or kind.partition("<")[0] in _NESTED

    def item(self, columns: tuple[Column, ...]) -> str:
        """Return the type of an item with these attributes."""
        return f"STRUCT<{', '.join(f'{quoted(column.name)}: {self.type(column.type)}' for column in columns)}>"

    def value(self, kind: str, raw: str, depth: int = 0) -> Conversion:
        """Return how a wrapped value, given as SQL, becomes one of a declared type."""
        how = _NESTED.get(kind.partition("<")[0], _scalar)
        value, held = how(self, kind, raw, depth)
        null = f"coalesce({raw}.{self.tag('NULL')}, false)"
        return Conversion(value, f"({raw} IS NOT NULL AND NOT {null} AND NOT coalesce({held}, false))")


def _scalar(how: Wrapping, kind: str, raw: str, _: int) -> tuple[str, str]:
    text = f"{raw}.{how.tag(how.letter(kind))}"
    made = _plain(how, kind, text)
    return made.value, f"{text} IS NOT NULL AND NOT {made.bad}"


def _plain(how: Wrapping, kind: str, text: str) -> Conversion:
    if kind == "BINARY":
        value = f"try_to_binary({text}, 'base64')"
        return Conversion(value, f"({text} IS NOT NULL AND {value} IS NULL)")
    return values.conversion(kind, text, how.rules)


def _list(how: Wrapping, kind: str, raw: str, depth: int) -> tuple[str, str]:
    inner, x = kind[6:-1], f"x{depth}"
    made, listed = how.value(inner, x, depth + 1), f"{raw}.{how.tag('L')}"
    value, held = f"transform({listed}, {x} -> {made.value})", f"NOT exists({listed}, {x} -> {made.bad})"
    if how.has_no_set(inner):
        return value, f"({listed} IS NOT NULL AND {held})"
    several = f"{raw}.{how.tag(how.letter(inner) + 'S')}"
    one = _plain(how, inner, x)
    value = f"coalesce({value}, transform({several}, {x} -> {one.value}))"
    sound = f"NOT exists({several}, {x} -> {x} IS NULL OR {one.bad})"
    return value, f"IF({listed} IS NULL, {several} IS NOT NULL AND {sound}, {held})"


def _map(how: Wrapping, kind: str, raw: str, depth: int) -> tuple[str, str]:
    v, held = f"v{depth}", f"{raw}.{how.tag('M')}"
    made = how.value(kind.partition(", ")[2][:-1], v, depth + 1)
    value = f"transform_values({held}, (k{depth}, {v}) -> {made.value})"
    return value, f"{held} IS NOT NULL AND NOT exists(map_values({held}), {v} -> {made.bad})"


def _struct(how: Wrapping, kind: str, raw: str, depth: int) -> tuple[str, str]:
    held = f"{raw}.{how.tag('M')}"
    fields = {c.name: how.value(c.type, f"{held}.{quoted(c.name)}", depth) for c in _fields(kind)}
    inner = ", ".join(f"{literal(name)}, {made.value}" for name, made in fields.items())
    bad = " OR ".join(str(made.bad) for made in fields.values())
    return f"CASE WHEN {held} IS NOT NULL THEN named_struct({inner}) END", f"{held} IS NOT NULL AND NOT ({bad})"


_NESTED: dict[str, Callable[[Wrapping, str, str, int], tuple[str, str]]] = {
    "ARRAY": _list,
    "MAP": _map,
    "STRUCT": _struct,
}


def _fields(kind: str) -> tuple[Column, ...]:
    return parse_schema(kind[7:-1].replace(": ", " ")).columns


def parsed(lines: Lines, dataset: Dataset, rules: TextRules) -> DataFrame:
    """Return the files' items in the declared columns, those that do not fit with their text and the reason."""
    layout = dataset.spark_options.get("layout", EXPORT)
    names = {**{letter: letter.lower() for letter in "SNBLM"}, **CAMEL} if layout == PIPELINE else {}
    how = Wrapping(rules, names)
    declared = tuple(c for c in dataset.schema or () if c.name not in dataset.partitioned_by)
    attributes = tuple(c for c in declared if layout != INCREMENTAL or c.name not in (DELETED, WRITTEN_AT))
    item = how.item(attributes)
    if layout == INCREMENTAL:
        frame = records(lines, f"STRUCT<Metadata: {_METADATA}, Keys: {item}, NewImage: {item}>", dataset)
        columns = {**_changed(how, attributes), **{c.name: _EXTRA[c.name] for c in declared if c.name in _EXTRA}}
        whole = f"({WHOLE} AND coalesce({RECORD}.Keys IS NOT NULL AND {_STAMP} IS NOT NULL, false))"
    else:
        frame = records(lines, f"STRUCT<Item: {item}>" if layout == EXPORT else item, dataset)
        at = f"{RECORD}.Item" if layout == EXPORT else RECORD
        columns = {c.name: how.value(c.type, f"{at}.{quoted(c.name)}") for c in attributes}
        whole = f"({WHOLE} AND coalesce({at} IS NOT NULL, false))"
    made = Parsed(columns=columns, whole=whole, broken=f"no item of DynamoDB in the layout {layout!r}")
    return settled(frame, made, lines, dataset, rules)


_METADATA = "STRUCT<WriteTimestampMicros: STRUCT<N: STRING>>"
_STAMP = f"try_cast({RECORD}.Metadata.WriteTimestampMicros.N AS BIGINT)"
_EXTRA = {
    DELETED: Conversion(f"{RECORD}.NewImage IS NULL", None),
    WRITTEN_AT: Conversion(f"timestamp_micros({_STAMP})", None),
}


def _changed(how: Wrapping, columns: tuple[Column, ...]) -> dict[str, Conversion]:
    """Take an item as it became; of one that was deleted its keys are left."""
    return {
        c.name: how.value(c.type, f"coalesce({RECORD}.NewImage.{quoted(c.name)}, {RECORD}.Keys.{quoted(c.name)})")
        for c in columns
    }
