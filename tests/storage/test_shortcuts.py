"""Lines that need no parser: they are read as the parser reads them, and clean lines are such lines."""

import random

import pytest

from etl.model.schema import parse_schema
from etl.storage import delimited, files
from etl.storage.cutting import cut
from etl.storage.delimited import Dialect
from etl.storage.lines import LINE
from etl.storage.reading import Scope

SCHEMA = "n INT, d DECIMAL(6,2), x DOUBLE, b BOOLEAN, day DATE, at TIMESTAMP, t STRING"
VALUES = {
    "n": ["7", "-7", "0", "007", "+7", " 7", "7.0", "-0", "2147483648", ""],
    "d": ["12.50", "12.5", "12", "-0.01", "1.005", "12.", ".5", "1e2", "1E2", "0.00", "\u0661", "99999.00", "-0"],
    "x": ["1.5", "1", "-0.0", "1.0E10", "1e400", "NaN", "Infinity", "-Inf", "I", "0x1p3", "1.5d", "5."],
    "b": ["true", "false", "TRUE", "1"],
    "day": ["2013-02-08", "2013-2-8 x", "2013-02-8 ", "2013-02-8T", "+2013-2-08", "1234567-10", "0001-01-01"],
    "at": ["2013-02-08 05:06:07", "2013-02-08T05:06:07Z", "2013-02-08 05:06:7Z", "2013-02-08T5:06:07 ", "2013-02-08",
           "2013-02-08 05:06:07.000", "12013-02-8 05:06:07", "2013-02-08 05:06:07+01:00"],
    "t": ["Ann", "a,b", "", "NA", 'say ""x""', "\t", "é", "\ufffd", "\\", "1.50", "NaN", " x ", "x,"],
}  # fmt: skip
DIRT = [
    '"',
    ",",
    "\\",
    "{",
    "}",
    ":",
    " ",
    "\t",
    "é",
    "'",
    '""',
    "1",
    "\x01",
    "\x7f",
    ',"',
    '":',
    "e",
    "E",
    "-",
    "+",
    ".",
]
LINES = 1500


def dirtied(line, chance):
    """Return the line with a letter put in, taken out or exchanged."""
    at = chance.randrange(len(line) + 1)
    return line[:at] + chance.choice(["", *DIRT]) + line[at + chance.randrange(2) :]


def csv_line(chance):
    """Return a record, mostly clean; any value may be quoted."""
    values = [texts[0] if chance.random() < 0.8 else chance.choice(texts) for texts in VALUES.values()]
    line = ",".join(f'"{value}"' if chance.random() < 0.3 else value for value in values)
    return dirtied(line, chance) if chance.random() < 0.3 else line


def rows(lake):
    """Return the rows of raw.v with reasons, in the files' order."""
    frame = files.read(lake.spark, lake.dataset("raw.v"), Scope()).frame
    return frame.selectExpr(*(f"CAST(`{name}` AS STRING)" for name in frame.columns)).collect()  # years of any length


@pytest.mark.parametrize("options", [{}, {"nullValue": "NA"}, {"escape": "\\"}])
def test_csv_that_needs_no_parser_is_read_as_the_parser_reads_it(lake, monkeypatch, options):
    chance = random.Random(f"csv {options}")  # noqa: S311
    lake.dataset("raw.v", schema=parse_schema(SCHEMA), format="csv", options=options)
    lake.file("raw.v", "a.csv", "n,d,x,b,day,at,t\n" + "\n".join(csv_line(chance) for _ in range(LINES)) + "\n")

    found = rows(lake)
    monkeypatch.setattr(delimited, "cut", lambda *_: None)

    assert found == rows(lake)


@pytest.mark.parametrize(
    ("line", "without"),
    [
        ("7,12.50,Ann", True),
        ("7,,", True),
        ('"7","12.50","Ann"', True),
        ('7,12.50,"a, b"', True),
        ('7,"12,50",Ann', False),
        ('7,12.50,""', False),
        ('7,12.50,"say ""x"""', False),
        ('7,12.50,"Ann', False),
        ("7,12.50", False),
        ("7,12.50,Ann,8", False),
    ],
)
def test_a_csv_line_is_cut_where_that_gives_its_values(spark, line, without):
    pieces = cut(3, Dialect(), {})

    assert spark.createDataFrame([(line,)], f"{LINE} STRING").selectExpr(pieces.whole).collect() == [(without,)]


def test_a_dialect_that_only_the_parser_knows_is_left_to_it():
    assert cut(3, Dialect(sep="||"), {}) is None
    assert cut(3, Dialect(), {"ignoreLeadingWhiteSpace": "true"}) is None
