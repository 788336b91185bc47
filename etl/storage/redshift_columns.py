"""Redshift's words: types both ways, literals, and how a column leaves by UNLOAD and comes in by COPY.

Amazon Redshift Developer Guide, "Data types", "UNLOAD", "COPY from columnar data formats": what these two do not take
as it is goes through text or a wall clock's UTC.
"""

from __future__ import annotations

from attrs import frozen

from etl.aws.redshift import Warehouse, rows
from etl.errors import ProjectError
from etl.model.schema import Schema
from etl.storage import postgresql_columns
from etl.storage.postgresql import parts
from etl.storage.postgresql_columns import DECIMAL, quoted

BINARY = {"varbyte": "BINARY", "binary varying": "BINARY"}
SAME = {word: spark for word, spark in postgresql_columns.SAME.items() if word not in ("text", "bytea")} | BINARY
MADE = {spark: word for spark, word in postgresql_columns.MADE.items() if spark != "BINARY"}
MADE |= {"TIMESTAMP": "timestamptz", "TIMESTAMP_NTZ": "timestamp", "STRING": "varchar(65535)"}
# As texts: what these functions make of a value is what people know it by.
LEAVES = {
    "super": "JSON_SERIALIZE({})",
    "varbyte": "FROM_VARBYTE({}, 'hex')",
    "binary varying": "FROM_VARBYTE({}, 'hex')",
    "geometry": "ST_AsEWKT({})",
    "geography": "ST_AsEWKT({})",
    "timestamp with time zone": "{} AT TIME ZONE 'UTC'",
}
_TEXT = ("character varying", "character", "text")


@frozen
class Column:
    """A column of a table; its type is ``svv_columns``' word, numbers' with their digits."""

    name: str
    type: str
    required: bool = False
    filled: bool = False

    @property
    def spark(self) -> str:
        """Spark's type that holds every value of it; what Spark does not know is text."""
        if self.type.startswith("numeric("):
            return f"DECIMAL{self.type.removeprefix('numeric')}"
        return SAME.get(self.type, "STRING")

    @property
    def unloaded(self) -> str:
        """The column in the query of an UNLOAD."""
        name, plain = quoted(self.name), self.type in SAME or self.type in _TEXT or self.type.startswith("numeric(")
        made = LEAVES.get(self.type, "{}" if plain else "CAST({} AS varchar(65535))").format(name)
        return name if made == name else f"{made} AS {name}"

    def arrived(self, name: str) -> str:
        """SQL of Spark that makes the column's value of what UNLOAD wrote."""
        return f"unhex({name})" if self.spark == "BINARY" else f"CAST({name} AS {self.spark})"


def literal(text: str) -> str:
    """Return a text in Redshift's quotes, where a backslash is an escape as it was in PostgreSQL 8."""
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def role(warehouse: Warehouse) -> str:
    """Return the role by which Redshift reads and writes the staging folder, as UNLOAD and COPY name it."""
    return warehouse.role if warehouse.role == "default" else literal(warehouse.role)


def columns(warehouse: Warehouse, table: str) -> tuple[Column, ...]:
    """Return a table's columns, views and external tables too; none where there is no such table."""
    schema, name = parts(table)
    found = rows(
        warehouse,
        "SELECT column_name, data_type, numeric_precision, numeric_scale, is_nullable, column_default FROM svv_columns "
        f"WHERE table_schema = {literal(schema)} AND table_name = {literal(name)} ORDER BY ordinal_position",
    )
    return tuple(
        Column(
            name=str(name),
            type=f"numeric({digits},{scale})" if kind == "numeric" and digits is not None else str(kind),
            required=str(nullable).strip().upper() == "NO",
            filled=default is not None,
        )
        for name, kind, digits, scale, nullable, default in found
    )


def made(kind: str) -> str:
    """Return the type of a column that is made for a declared one.

    Raises:
        ProjectError: Redshift has none that COPY takes.
    """
    found = DECIMAL.fullmatch(kind)
    if found:
        return f"numeric({found[1]},{found[2]})"
    if kind.startswith(("VARCHAR", "CHAR")):
        return MADE["STRING"]
    if kind not in MADE:
        raise ProjectError(
            f"Redshift takes no {kind} from a file", remedy="publish it as text: to_json(…) or hex(…) in the step"
        )
    return MADE[kind]


def created(table: str, schema: Schema, *, staging: bool = False) -> str:
    """Return the statement that makes a table of declared columns; of staged ones an instant is UTC's wall clock."""
    said = ", ".join(
        f"{quoted(each.name)} {'timestamp' if staging and each.type == 'TIMESTAMP' else made(each.type)}"
        + ("" if each.nullable or staging else " NOT NULL")
        for each in schema
    )
    return f"CREATE TABLE {'' if staging else 'IF NOT EXISTS '}{table} ({said})"


def given(schema: Schema, name: str, of: str) -> str:
    """Return a staged column as its target has it."""
    column = f"{of}.{quoted(name)}"
    return f"({column} AT TIME ZONE 'UTC')" if schema.column(name).type == "TIMESTAMP" else column
