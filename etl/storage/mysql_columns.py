"""MySQL's types, and MariaDB's, both ways: what a column holds, and how Spark gets it without loss.

Types: MySQL Reference Manual, chapter "Data Types". Dates and times pass as numbers, since a driver's own go through
the time zone of its JVM; a ``FLOAT`` as a DOUBLE, since its text has six digits.
"""

from __future__ import annotations

import re

from attrs import frozen

from etl.errors import ProjectError

MADE = {
    "TINYINT": "tinyint",
    "SMALLINT": "smallint",
    "INT": "int",
    "BIGINT": "bigint",
    "FLOAT": "float",
    "DOUBLE": "double",
    "BOOLEAN": "tinyint(1)",
    "DATE": "date",
    "STRING": "longtext",
    "BINARY": "longblob",
    "TIMESTAMP": "timestamp(6)",
    "TIMESTAMP_NTZ": "datetime(6)",
}
WHOLE = {"tinyint": "TINYINT", "smallint": "SMALLINT", "mediumint": "INT", "int": "INT", "bigint": "BIGINT"}
UNSIGNED = {"TINYINT": "SMALLINT", "SMALLINT": "INT", "INT": "BIGINT", "BIGINT": "DECIMAL(20,0)"}
TIMES = {"date": "DATE", "datetime": "TIMESTAMP_NTZ", "timestamp": "TIMESTAMP"}
OTHERS = {
    "float": "DOUBLE",
    "double": "DOUBLE",
    "date": "INT",
    "datetime": "BIGINT",
    "timestamp": "BIGINT",
    "year": "INT",
}
TEXTS = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"})
BYTES = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"})
GEOMETRY = re.compile(r"(?:multi)?(?:point|linestring|polygon)|geometry|geom(?:etry)?collection")
DECIMAL = re.compile(r"DECIMAL\((\d+), ?(\d+)\)")
MOST_DIGITS, MOST_FRACTION = 38, 30  # Spark's, MySQL's
# Read where a date is none, as 0000-00-00 or 2013-00-10: such a day is no number either.
NO_DAY, NO_INSTANT = -2147483648, -9223372036854775808


@frozen
class Column:
    """A column of a table.

    Args:
        name: as the database has it.
        type: the database's own word, with its digits: ``int(10) unsigned``, ``enum('a','b')``.
        required: it takes no null.
        filled: the database gives it a value where none is given.
        word: the type's name alone.
        charset: of a text.
        collation: likewise.
        zeros: a date that is none is null; else the run ends.
    """

    name: str
    type: str
    required: bool = False
    filled: bool = False
    word: str = ""
    charset: str = ""
    collation: str = ""
    zeros: bool = False

    @property
    def spark(self) -> str:
        """Spark's type that holds every value of it; what Spark does not know is text."""
        if self.word in TIMES:
            return TIMES[self.word]
        return "FLOAT" if self.word == "float" else self.loaded

    @property
    def loaded(self) -> str:
        """Spark's type of what is selected."""
        if self.word in WHOLE:
            return UNSIGNED[WHOLE[self.word]] if "unsigned" in self.type else WHOLE[self.word]
        if self.word == "decimal":
            digits, scale = (int(each) for each in re.findall(r"\d+", self.type)[:2])
            return f"DECIMAL({digits},{scale})" if digits <= MOST_DIGITS else "STRING"
        if self.word == "bit":
            return "BIGINT" if self.type != "bit(64)" else "DECIMAL(20,0)"
        return OTHERS.get(self.word, "BINARY" if self.word in BYTES else "STRING")

    @property
    def value(self) -> str:
        """It as a value that the driver hands over as it is."""
        name = quoted(self.name)
        if self.word in TIMES:
            return self._counted
        said = {
            "float": f"{name} + 0e0",
            "bit": f"CAST({name} AS UNSIGNED)",
            "year": f"CAST({name} AS SIGNED)",
            "char": f"concat({name})",  # else Spark fills it up with blanks
        }
        if GEOMETRY.fullmatch(self.word):
            return f"ST_AsText({name})"
        plain = self.word in TEXTS or self.loaded != "STRING"
        return said.get(self.word, name if plain else f"CAST({name} AS CHAR)")

    @property
    def _counted(self) -> str:
        """Days or microseconds since 1970; of what is no date a number that no date has, unless it may be null."""
        name, of_days = quoted(self.name), self.word == "date"
        since = f"DATEDIFF({name}, '1970-01-01')" if of_days else f"TIMESTAMPDIFF(MICROSECOND, '1970-01-01', {name})"
        none = f"if({name} IS NULL, NULL, {NO_DAY if of_days else NO_INSTANT})"
        return since if self.zeros else f"coalesce({since}, {none})"

    @property
    def selected(self) -> str:
        """It in a query."""
        return f"{self.value} AS {quoted(self.name)}"

    @property
    def turned(self) -> str:
        """SQL of Spark's that makes of what was selected a value of ``spark``; empty where it is one."""
        name = quoted(self.name)
        made = {
            "float": f"CAST({name} AS FLOAT)",
            "date": f"date_from_unix_date({name})",
            "timestamp": f"timestamp_micros({name})",
            "datetime": f"CAST(timestamp_micros({name}) AS TIMESTAMP_NTZ)",
        }.get(self.word, "")
        if self.zeros or self.word not in TIMES:
            return made
        none = NO_DAY if self.word == "date" else NO_INSTANT
        said = f"'[ZERO_DATE] {self.name.replace(chr(39), '')} holds a date of zeros, which is none'"
        return f"CASE WHEN {name} = {none} THEN CAST(raise_error({said}) AS {self.spark}) ELSE {made} END"

    @property
    def digested(self) -> str:
        """It as a text; equal ones mean equal values."""
        if self.word in TEXTS | BYTES:  # a long text for itself, so that no row is longer than a packet
            return f"coalesce(md5({self.value}), '-')"
        return f"quote(CAST({self.value} AS BINARY))"


def quoted(name: str) -> str:
    """Return a name in the database's quotes, and in Spark's."""
    return "`" + name.replace("`", "``") + "`"


def made(kind: str) -> str:
    """Return the type of a column that is made for a declared one.

    Raises:
        ProjectError: the database has none.
    """
    found = DECIMAL.fullmatch(kind)
    if found and int(found[2]) <= MOST_FRACTION:
        return f"decimal({found[1]},{found[2]})"
    if kind not in MADE:
        raise ProjectError(f"MySQL has no type for {kind}", remedy="publish it as text: to_json(…) in the step")
    return MADE[kind]
