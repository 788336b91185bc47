"""Columns and their types, parsed from Spark DDL without Spark."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from etl.errors import DefinitionError
from etl.model.ddl import Column, Parser

__all__ = ["Column", "Schema", "parse_schema"]


@frozen
class Schema:
    """Columns in order; names are unique without regard to case, as Spark resolves them."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)

    @property
    def ddl(self) -> str:
        """The schema as Spark reads it back, with NOT NULL."""
        return ", ".join(column.ddl for column in self.columns)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def column(self, name: str) -> Column:
        """Return the column of this name.

        Raises:
            KeyError: there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def fields(self) -> tuple[tuple[str, ...], ...]:
        """The path of every column and of every field of its structs, those in arrays and maps too."""
        parser = Parser(self.ddl)
        tuple(parser.columns(separator=None))
        return tuple(parser.paths)

    def nullable(self) -> Schema:
        """Return the same columns without NOT NULL."""
        return Schema(tuple(Column(c.name, c.type, nullable=True, comment=c.comment) for c in self.columns))


def parse_schema(ddl: str) -> Schema:
    """Read a Spark DDL column list.

    Raises:
        DefinitionError: the text does not parse, a type is unknown, a name is used twice, or there is no column.
    """
    columns = tuple(Parser(ddl).columns(separator=None))
    if not columns:
        raise DefinitionError("schema has no column")
    return Schema(columns)
