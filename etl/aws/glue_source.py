"""A table of the Glue Data Catalog, as an entry of conf/datasets.toml says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from etl.errors import DefinitionError, InputError
from etl.model.schema import Schema, parse_schema
from etl.sql import quoted

PARQUET, ORC, AVRO, JSON, CSV = "parquet", "orc", "avro", "json", "csv"
SERDES: Mapping[str, str] = {
    "ParquetHiveSerDe": PARQUET,
    "OrcSerde": ORC,
    "AvroSerDe": AVRO,
    "JsonSerDe": JSON,  # openx's and HCatalog's end in the same name
    "OpenCSVSerde": CSV,
    "LazySimpleSerDe": CSV,
}
HEADER = "skip.header.line.count"
_TEXT = re.compile(r"(?:var)?char\(\d+\)")


@frozen(kw_only=True)
class Described:
    """What a catalogue's table says of a dataset.

    Args:
        format: as ``etl.model.formats`` names it.
        uri: where it lies, ``s3://…`` without a slash at its end.
        schema: all columns, those of folders last; none for Delta, whose own log says them.
        partitioned_by: the folders' columns.
        options: of the reader.
        description: the table's.
        notes: what is not as in the catalogue, a sentence each.
    """

    format: str
    uri: str
    schema: Schema | None
    partitioned_by: tuple[str, ...] = ()
    options: Mapping[str, str] = field(factory=dict)
    description: str = ""
    notes: tuple[str, ...] = ()

    def entry(self, dataset: str, path: str) -> str:
        """Return the entry for ``conf/datasets.toml``."""
        lines = [f"[{dataset}]"]
        lines += [f"description = {_toml(self.description)}"] if self.description else []
        lines += [f"format = {_toml(self.format)}"] if self.format != "delta" else []
        lines += [f"path = {_toml(path)}"] if path != dataset.partition(".")[2] else []
        lines += ['schema = """', *_columns(self.schema), '"""'] if self.schema else []
        by = ", ".join(map(_toml, self.partitioned_by))
        lines += [f"partitioned_by = [{by}]"] if by else []
        said = ", ".join(f"{key} = {_toml(value)}" for key, value in self.options.items())
        lines += [f"options = {{ {said} }}"] if said else []
        return "\n".join(lines) + "\n"


def _columns(schema: Schema) -> list[str]:
    plain = re.compile(r"[A-Za-z_]\w*")
    named = [(column.name if plain.fullmatch(column.name) else quoted(column.name), column) for column in schema]
    last = len(named) - 1
    return [f"    {name} {column.type}{',' if n < last else ''}" for n, (name, column) in enumerate(named)]


def _toml(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("\n", "\\n")
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\u{ord(found[0]):04x}", escaped) + '"'


def described(table: Mapping[str, Any]) -> Described:
    """Read Glue's answer to ``GetTable``.

    Raises:
        InputError: a view, a table of a kind that nothing here reads, or a column of such a type.
    """
    storage = table.get("StorageDescriptor", {})
    parameters = {key.lower(): str(value) for key, value in table.get("Parameters", {}).items()}
    name, place = f"{table.get('DatabaseName', '?')}.{table['Name']}", str(storage.get("Location", ""))
    if table.get("TableType") == "VIRTUAL_VIEW" or not place:
        raise InputError(f"Glue's table {name} is a view: it has no files", remedy="name the tables that it reads")
    uri = re.sub(r"^s3[an]://", "s3://", place).rstrip("/")
    said = {"uri": uri, "description": table.get("Description", "")}
    kinds = {parameters.get(key, "").lower() for key in ("table_type", "spark.sql.sources.provider", "classification")}
    if "delta" in kinds:
        return Described(format="delta", schema=None, **said)
    foreign = kinds & {"iceberg", "hudi"}
    serde = str(storage.get("SerdeInfo", {}).get("SerializationLibrary", "")).rpartition(".")[2]
    if foreign or serde not in SERDES:
        what = ", ".join(foreign) or serde or "unknown"
        known = ", ".join(["Delta", *dict.fromkeys(SERDES)])
        raise InputError(f"Glue's table {name} is of the kind {what}, which nothing here reads; known: {known}")
    keys = table.get("PartitionKeys", [])
    schema, notes = _schema(name, [*storage.get("Columns", []), *keys])
    options = _options(serde, storage.get("SerdeInfo", {}).get("Parameters", {}), parameters)
    by = tuple(key["Name"] for key in keys)
    return Described(format=SERDES[serde], schema=schema, partitioned_by=by, options=options, notes=notes, **said)


def _schema(name: str, columns: list[Mapping[str, str]]) -> tuple[Schema, tuple[str, ...]]:
    notes, ddl = [], []
    for column in columns:
        kind = _TEXT.sub("string", column["Type"].lower())
        if kind != column["Type"].lower():
            notes.append(f"{column['Name']}: {column['Type']} is STRING; its length is not checked")
        ddl.append(f"{quoted(column['Name'])} {_fields(kind)}")
    try:
        return parse_schema(", ".join(ddl)), tuple(notes)
    except DefinitionError as error:
        raise InputError(f"Glue's table {name}: {error.message}") from error


def _fields(kind: str) -> str:
    """Quote the names of a struct's fields: Hive lets them be any word, also one that Spark's DDL knows."""
    return re.sub(r"([<,])([^<>,:()]+):", lambda found: f"{found[1]}{quoted(found[2].strip())}: ", kind)


def _options(serde: str, said: Mapping[str, str], parameters: Mapping[str, str]) -> dict[str, str]:
    if SERDES[serde] != CSV:
        return {}
    header = str(said.get(HEADER, parameters.get(HEADER, "0"))) != "0"
    if serde == "OpenCSVSerde":
        sep, quote = said.get("separatorChar", ","), said.get("quoteChar", '"')
        escape = {"escape": said["escapeChar"]} if "escapeChar" in said else {}
        return {"header": str(header).lower(), "sep": sep, "quote": quote, **escape}
    sep = said.get("field.delim", said.get("serialization.format", "\x01"))
    return {"header": str(header).lower(), "sep": {"1": "\x01"}.get(sep, sep), "quote": ""}
