"""PostgreSQL's types, both ways: what a column holds, and how Spark gets it without loss.

Types: PostgreSQL documentation, chapter 8; what pgjdbc and Spark make of them was tried.
"""

from __future__ import annotations

import re

from attrs import frozen

from etl.errors import ProjectError

SAME = {
    "smallint": "SMALLINT",
    "integer": "INT",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double precision": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "text": "STRING",
    "bytea": "BINARY",
    "timestamp with time zone": "TIMESTAMP",
    "timestamp without time zone": "TIMESTAMP_NTZ",
}
MADE = {spark: theirs for theirs, spark in SAME.items()} | {"TINYINT": "smallint"}
MONEY = "DECIMAL(19,2)"
MOST_DIGITS = 38
_NUMERIC = re.compile(r"numeric\((\d+),(-?\d+)\)")
DECIMAL = re.compile(r"DECIMAL\((\d+), ?(\d+)\)")
_PADDED = re.compile(r"character\((\d+)\)")
_PRECISE = re.compile(r"(time(?:stamp)?)\(\d\)")


@frozen
class Column:
    """A column of a table.

    Args:
        name: as the database has it.
        type: the database's own word.
        required: it takes no null.
        filled: the database gives it a value where none is given.
    """

    name: str
    type: str
    required: bool = False
    filled: bool = False

    @property
    def spark(self) -> str:
        """Spark's type that holds every value of it; a number without bounds and what Spark does not know are text."""
        kind = _PRECISE.sub(r"\1", self.type)
        found = _NUMERIC.fullmatch(kind)
        if found and int(found[1]) <= MOST_DIGITS and 0 <= int(found[2]) <= int(found[1]):
            return f"DECIMAL({found[1]},{found[2]})"
        if kind == "money":
            return MONEY
        if kind.endswith("[]") and SAME.get(kind[:-2], "STRING") != "STRING":
            return f"ARRAY<{SAME[kind[:-2]]}>"
        return SAME.get(kind, "STRING")

    @property
    def selected(self) -> str:
        """The column in a query, as a value that Spark reads without loss.

        Spark lets the database carry out its conditions: a text is compared by its bytes, as Spark does, whatever the
        column's collation; and the blanks that a ``char`` is filled up with count.
        """
        name = quoted(self.name)
        if self.type == "money":
            return f"{name}::numeric(19,2) AS {name}"
        if self.spark != "STRING":
            return name
        padded = _PADDED.fullmatch(self.type)
        text = f"rpad({name}::text, {padded[1]})" if padded else f"{name}::text"
        return f'{text} COLLATE "C" AS {name}'

    @property
    def loaded(self) -> str:
        """Spark's type of what is selected; empty where the driver's own is right."""
        return "" if self.spark.startswith("ARRAY") else self.spark

    @property
    def turned(self) -> str:
        """Nothing: what is selected has Spark's type."""
        return ""


def quoted(name: str) -> str:
    """Return a name in the database's quotes."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def made(kind: str) -> str:
    """Return the type of a column that is made for a declared one.

    Raises:
        ProjectError: the database has none.
    """
    found = DECIMAL.fullmatch(kind)
    if found:
        return f"numeric({found[1]},{found[2]})"
    if kind.startswith("ARRAY<") and kind[6:-1] in MADE:
        return f"{MADE[kind[6:-1]]}[]"
    if kind not in MADE:
        raise ProjectError(f"PostgreSQL has no type for {kind}", remedy="publish it as text: to_json(…) in the step")
    return MADE[kind]
