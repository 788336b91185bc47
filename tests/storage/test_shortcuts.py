"""Lines that need no parser: they are read as the parser reads them, and clean lines are such lines."""

import random

import pytest

from etl.model.schema import parse_schema
from etl.model.text import NO_RULES
from etl.storage import delimited, files, objects
from etl.storage.cutting import cut
from etl.storage.delimited import Dialect
from etl.storage.layout import PIECES, Keys, layout
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


def json_line(chance):
    """Return a record, mostly as the first one is laid out."""
    values = {name: texts[0] if chance.random() < 0.85 else chance.choice(texts) for name, texts in VALUES.items()}
    quoting = {name: name in ("day", "at", "t") or chance.random() < 0.05 for name in values}
    pairs = [f'"{name}":' + (f'"{value}"' if quoting[name] else value) for name, value in values.items()]
    pairs = [pair if chance.random() < 0.97 else f"{pair.split(':')[0]}:null" for pair in pairs]
    line = "{" + ",".join(pairs) + "}"
    return dirtied(line, chance) if chance.random() < 0.3 else line


def rows(lake):
    """Return the rows of raw.v with reasons, in the files' order."""
    frame = files.read(lake.spark, lake.dataset("raw.v"), Scope()).frame
    return [tuple(map(repr, row)) for row in frame.collect()]


@pytest.mark.parametrize("options", [{}, {"nullValue": "NA"}, {"escape": "\\"}])
def test_csv_that_needs_no_parser_is_read_as_the_parser_reads_it(lake, monkeypatch, options):
    chance = random.Random(f"csv {options}")  # noqa: S311
    lake.dataset("raw.v", schema=parse_schema(SCHEMA), format="csv", options=options)
    lake.file("raw.v", "a.csv", "n,d,x,b,day,at,t\n" + "\n".join(csv_line(chance) for _ in range(LINES)) + "\n")

    found = rows(lake)
    monkeypatch.setattr(delimited, "cut", lambda *_: None)

    assert found == rows(lake)


@pytest.mark.parametrize("blank", ["", " "])
def test_json_that_needs_no_parser_is_read_as_the_parser_reads_it(lake, monkeypatch, blank):
    chance = random.Random(f"json {blank}")  # noqa: S311
    first = '{"n":7,"d":12.50,"x":1.5,"b":true,"day":"2013-02-08","at":"2013-02-08 05:06:07","t":"Ann"}'
    lines = [first, *(json_line(chance) for _ in range(LINES))]
    lake.dataset("raw.v", schema=parse_schema(SCHEMA), format="json", on_drift="evolve")
    text = "\n".join(line.replace('":', f'":{blank}').replace(',"', f',{blank}"') for line in lines) + "\n"
    lake.file("raw.v", "a.json", text)

    found = rows(lake)
    monkeypatch.setattr(objects, "layout", lambda *_: None)

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


@pytest.mark.parametrize(
    ("line", "without"),
    [
        ('{"n":7,"d":12.50,"t":"Ann"}', True),
        ('{"n":null,"d":null,"t":null}', True),
        ('{"n":7,"d":12.5,"t":"a, é, {}"}', True),
        ('{"n":7,"d":12.50,"t":"say \\"x\\""}', False),
        ('{"n":7,"d":12.50,"t":"\t"}', False),
        ('{"n":7,"d":12.50,"t":"Ann"} x', False),
        ('{"n":7,"d":12.50,"t":"Ann"}{"n":7,"d":12.50,"t":"Ann"}', False),
        ('{"d":12.50,"n":7,"t":"Ann"}', False),
        ('{"n":7,"t":"Ann"}', False),
        ('{"n":07,"d":12.50,"t":"Ann"}', False),
        ('{"n":7,"d":12.,"t":"Ann"}', False),
    ],
)
def test_a_json_line_needs_no_parser_where_it_is_laid_out_as_the_first(spark, line, without):
    plain = layout(Keys(("n", "d", "t")), {"n": "INT", "d": "DECIMAL(6,2)", "t": "STRING"}, NO_RULES)
    frame = spark.createDataFrame([(line,)], f"{LINE} STRING").selectExpr("*", f"{plain.pieces} AS {PIECES}")

    found = frame.selectExpr("*", *(f"{sql} AS {name}" for name, sql in plain.texts.items()))
    found = found.selectExpr("*", *(f"{sql} AS {name}" for name, sql in plain.found.items()))

    assert found.selectExpr(plain.plain).collect() == [(without,)]


def test_a_dialect_or_a_type_that_only_the_parser_knows_is_left_to_it():
    assert cut(3, Dialect(sep="||"), {}) is None
    assert cut(3, Dialect(), {"ignoreLeadingWhiteSpace": "true"}) is None
    assert layout(Keys(("n",)), {"n": "ARRAY<INT>"}, NO_RULES) is None
    assert layout(Keys(("n", "undeclared")), {"n": "INT"}, NO_RULES) is None
