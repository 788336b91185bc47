"""Spark DDL as tokens and columns.

The grammar is that of Spark's ``CREATE TABLE`` column list: ``name TYPE [NOT NULL] [COMMENT 'text']``, separated by
commas; ARRAY, MAP and STRUCT nest. Type names are kept in one spelling (INTEGER → INT, LONG → BIGINT).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import frozen

from etl.errors import DefinitionError, did_you_mean
from etl.kinds.types import DIGITS
from etl.sql import quoted

SYNONYMS = {
    "BYTE": "TINYINT",
    "SHORT": "SMALLINT",
    "INTEGER": "INT",
    "LONG": "BIGINT",
    "REAL": "FLOAT",
    "DEC": "DECIMAL",
    "NUMERIC": "DECIMAL",
    "TIMESTAMP_LTZ": "TIMESTAMP",
}
ATOMS = frozenset(
    {
        "BOOLEAN",
        "TINYINT",
        "SMALLINT",
        "INT",
        "BIGINT",
        "FLOAT",
        "DOUBLE",
        "DECIMAL",
        "STRING",
        "BINARY",
        "DATE",
        "TIMESTAMP",
        "TIMESTAMP_NTZ",
    }
)
NESTED = frozenset({"ARRAY", "MAP", "STRUCT"})
_TOKEN = re.compile(r"\s*(?:(?P<quoted>`(?:[^`]|``)+`)|(?P<text>'(?:[^'\\]|\\.)*')|(?P<word>\w+)|(?P<mark>[<>(),:]))")


@frozen
class Column:
    """One column: its name, its type in Spark's spelling, and whether null is allowed."""

    name: str
    type: str
    nullable: bool = True
    comment: str = ""

    @property
    def ddl(self) -> str:
        """The column as Spark reads it back."""
        return self.spelled(" ")

    def spelled(self, separator: str) -> str:
        """Return the column with this between name and type: a blank, or a colon inside STRUCT."""
        return f"{quoted(self.name)}{separator}{self.type}" + ("" if self.nullable else " NOT NULL")


class Parser:
    """One reading of a column list.

    Args:
        ddl: the text.
        paths: of every column read, and of every field of a struct, with the names it lies within.
    """

    def __init__(self, ddl: str) -> None:
        self.paths: list[tuple[str, ...]] = []
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while ddl[position:].strip():
            match = _TOKEN.match(ddl, position)
            if not match:
                raise DefinitionError(f"schema does not parse at {ddl[position:].strip()[:30]!r}")
            self.tokens.append((match.lastgroup or "", match.group().strip()))
            position = match.end()

    def peek(self) -> str:
        """Return the next token, nothing at the end."""
        return self.tokens[0][1] if self.tokens else ""

    def take(self, expected: str | None = None) -> str:
        """Return the next token and go on; refuse another than the expected one."""
        found = self.peek()
        if not found or (expected is not None and found.upper() != expected):
            raise DefinitionError(f"schema: expected {expected or 'a name or type'}, found {found or 'the end'!r}")
        self.tokens.pop(0)
        return found

    def accept(self, *words: str) -> bool:
        """Go past these words if they come next, and say whether they did."""
        ahead = [text.upper() for _, text in self.tokens[: len(words)]]
        if ahead != list(words):
            return False
        del self.tokens[: len(words)]
        return True

    def name(self) -> str:
        """Return a column's name."""
        kind = self.tokens[0][0] if self.tokens else ""
        text = self.take()
        if kind not in {"quoted", "word"}:
            raise DefinitionError(f"schema: expected a column name, found {text!r}")
        return text[1:-1].replace("``", "`") if kind == "quoted" else text

    def columns(self, separator: str | None, within: tuple[str, ...] = ()) -> Iterator[Column]:
        """Yield the columns up to the end of the list.

        Args:
            separator: what may stand between name and type.
            within: the names of the columns that these are fields of.
        """
        seen: set[str] = set()
        while self.tokens and self.peek() != ">":
            name = self.name()
            path = (*within, name)
            if name.lower() in seen:
                what = f"column {name!r}" + (f" in {'.'.join(within)!r}" if within else "")
                raise DefinitionError(f"schema declares {what} twice (names are compared without case)")
            seen.add(name.lower())
            self.paths.append(path)
            if separator:
                self.accept(separator)
            kind = self.type(path)
            nullable, comment = not self.accept("NOT", "NULL"), ""
            if self.accept("COMMENT"):
                comment = self.take()[1:-1]
            yield Column(name, kind, nullable, comment)
            if not self.accept(","):
                break
        if self.tokens and self.peek() != ">":
            raise DefinitionError(f"schema: expected a comma, found {self.peek()!r}")

    def type(self, column: tuple[str, ...]) -> str:
        """Return a type in its one spelling."""
        word = self.take().upper()
        word = SYNONYMS.get(word, word)
        if word == "ARRAY":
            self.take("<")
            inner = self.type(column)
            self.take(">")
            return f"ARRAY<{inner}>"
        if word == "MAP":
            self.take("<")
            key = self.type(column)
            self.take(",")
            value = self.type(column)
            self.take(">")
            return f"MAP<{key}, {value}>"
        if word == "STRUCT":
            self.take("<")
            fields = ", ".join(c.spelled(": ") for c in self.columns(":", column))
            self.take(">")
            if not fields:
                raise DefinitionError(f"schema: {'.'.join(column)!r} is a STRUCT without a field")
            return f"STRUCT<{fields}>"
        if word not in ATOMS:
            raise DefinitionError(
                f"schema: column {'.'.join(column)!r} has unknown type {word!r}; "
                + did_you_mean(word, sorted(ATOMS | NESTED), limit=20)
            )
        return self.decimal() if word == "DECIMAL" else word

    def decimal(self) -> str:
        """Return a decimal with the digits that follow."""
        if not self.accept("("):
            return "DECIMAL(10,0)"
        precision, scale = self.take(), "0"
        if self.accept(","):
            scale = self.take()
        self.take(")")
        numbers = precision.isdigit() and scale.isdigit()
        if not (numbers and 0 < int(precision) <= DIGITS and int(scale) <= int(precision)):
            raise DefinitionError(f"schema: DECIMAL({precision},{scale}) is outside 1..{DIGITS} digits, scale within")
        return f"DECIMAL({precision},{scale})"
