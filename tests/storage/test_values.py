"""The contract of values: one table of texts, held by CSV, by text in JSON and by partition folders."""

# ruff: noqa: DTZ001, E501  the session collects wall clocks; a row of a table is one line

import json
import re
from datetime import date, datetime
from decimal import Decimal

import pytest

from etl.errors import InputError
from etl.model.schema import parse_schema
from etl.model.text import NO_RULES, TextRules
from etl.storage import files
from etl.storage.folders import folder_values
from etl.storage.reading import Scope
from etl.storage.values import accepted

AT = datetime(2013, 2, 8, 5, 6, 7)
GOOD = {
    "TINYINT": {"-128": -128, "127": 127},
    "INT": {"7": 7, "-7": -7, "+7": 7, "007": 7, "2147483647": 2147483647},
    "BIGINT": {"-9223372036854775808": -9223372036854775808},
    "DECIMAL(10,2)": {
        "12.5": Decimal("12.50"),
        "12.500": Decimal("12.50"),
        "-0.01": Decimal("-0.01"),
        ".5": Decimal("0.50"),
    },
    "DOUBLE": {"1.5": 1.5, "1e3": 1000.0, "-Inf": float("-inf"), "5.": 5.0},
    "FLOAT": {"1.5": 1.5},
    "BOOLEAN": {"true": True, "FALSE": False},
    "DATE": {"2013-02-08": date(2013, 2, 8), "0001-01-01": date(1, 1, 1)},
    "TIMESTAMP": {
        "2013-02-08T05:06:07Z": AT,
        "2013-02-08 05:06:07": AT,
        "2013-02-08T06:06:07+01:00": AT,
        "2013-02-08 05:06:07.000": AT,
        "2013-02-08": datetime(2013, 2, 8),
    },
    "TIMESTAMP_NTZ": {"2013-02-08T05:06:07": AT},
    "STRING": {" 12,50 ": " 12,50 ", "é": "é"},
}
BAD = {
    "TINYINT": ["128", "1.0"],
    "INT": ["12,5", "1.0", "1e3", " 7", "7 ", "7\t", "2147483648", "0x1f", "seven", "--7", "+", "1_000", "٣"],
    "BIGINT": ["9223372036854775808"],
    "DECIMAL(10,2)": ["12,50", "1.234,50", "1.005", "1e3", "123456789.00", " 1", "$5", "1-2", "."],
    "DOUBLE": ["1,5", "1e400", "1e-400", "1d", "0x1p3", " 1.5", "1.5f", "inf x", "."],
    "FLOAT": ["1e39", "1e-60"],
    "BOOLEAN": ["1", "yes", "t", "true "],
    "DATE": ["2013-02-30", "2013", "2013-2-8", "08/02/2013", "2013-02-08 or so", "2013-02-08T99:99", "2013208", "12013-02-08",
             "+2013-02-08", "06:00:00", "today"],
    "TIMESTAMP": ["06:00:00", "2013-02-08 25:00", "2013-02-08T05", "2013-02-08 05:06:07 Europe/Paris", "1360300000",
                  "2013-02-08 05:06:07.1234567", "2013-02-08 05:06:60", "now", "12013-02-08 00:00:00", "2013-02-08T05:06:07Zx"],
    "TIMESTAMP_NTZ": ["2013-02-08T05:06:07Z", "2013-02-08T05:06:07+01:00"],
    "STRING": ["caf\udce9"],
}  # fmt: skip
CASES = [(kind, text) for table in (GOOD, BAD) for kind, texts in table.items() for text in texts]


def read(lake, kind, file, content, **properties):
    """Return good values and reasons of a dataset of one column, by the record's number."""
    lake.dataset("raw.v", schema=parse_schema(f"n INT, v {kind}"), **properties)
    lake.file("raw.v", file, content)
    reading = files.read(lake.spark, lake.dataset("raw.v"), Scope())
    reason = reading.corrupt.reason
    rows = reading.frame.selectExpr("n", reason, f"CASE WHEN {reason} IS NULL THEN v END AS v").where("n IS NOT NULL")
    return {row["n"]: row[reason] or (row["v"],) for row in rows.collect()}


def bytes_of(text):
    """Return a text's bytes; a lone surrogate stands for a byte that is no UTF-8."""
    return text.encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("kind", list(GOOD))
def test_csv_takes_the_texts_of_the_contract_and_no_others(lake, kind):
    texts = [*GOOD[kind], *BAD[kind]]
    lines = "n,v\n" + "".join(f'{n},"{text}"\n' for n, text in enumerate(texts))

    found = read(lake, kind, "a.csv", bytes_of(lines), format="csv")

    expected = [(value,) for value in GOOD[kind].values()] + [
        f"v is no {'utf-8 text' if kind == 'STRING' else kind}"
    ] * len(BAD[kind])
    assert dict(zip(texts, (found[n] for n in range(len(texts))), strict=True)) == dict(
        zip(texts, expected, strict=True)
    )


@pytest.mark.parametrize("kind", ["DATE", "TIMESTAMP", "TIMESTAMP_NTZ", "STRING"])
def test_text_in_json_is_held_to_the_same(lake, kind):
    texts = [*GOOD[kind], *BAD[kind]]
    lines = "".join(json.dumps({"n": n, "v": text}, ensure_ascii=False) + "\n" for n, text in enumerate(texts))

    found = read(lake, kind, "a.json", bytes_of(lines), format="json")

    good = len(GOOD[kind])
    assert [found[n] for n in range(good)] == [(value,) for value in GOOD[kind].values()]
    assert [text for n, text in enumerate(texts) if n >= good and isinstance(found[n], tuple)] == []


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        ("INT", {"7": 7, "7.0": None, "1e2": None, "2147483648": None, '"7"': None, "true": None}),
        ("DECIMAL(10,2)", {"12.5": Decimal("12.50"), "12.500": Decimal("12.50"), '"12.50"': Decimal("12.50"), "1.005": None,
                           '"12,50"': None, "1e-40": None, "1.00000000000000000000000000000000000001": None, "123456789": None}),
        ("DECIMAL(20,2)", {"123456789012345678.91": Decimal("123456789012345678.91"), "1e-300": None}),
        ("DECIMAL(36,2)", {"1.5": Decimal("1.50"), "1.00001": None, "1000.001e-1": None, "2.00": Decimal("2.00")}),
        ("DECIMAL(38,20)", {"1.00000000000000000001": Decimal("1.00000000000000000001"), "1.000000000000000000001": None}),
        ("DOUBLE", {"1.5": 1.5, "1e400": None, "3": 3.0}),
        ("STRING", {"1.50": "1.50", "12345678901234567890.12": "12345678901234567890.12", "1e400": "1e400", "7": "7",
                    '"1.50"': "1.50", "true": "true", "0.10000000000000000555": "0.10000000000000000555"}),
    ],
)  # fmt: skip
def test_a_number_in_json_keeps_its_digits_or_is_corrupt(lake, kind, numbers):
    lines = "".join(f'{{"n": {n}, "v": {text}}}\n' for n, text in enumerate(numbers))

    found = read(lake, kind, "a.json", lines, format="json")

    values = [found[n][0] if isinstance(found.get(n), tuple) else None for n in range(len(numbers))]
    assert dict(zip(numbers, values, strict=True)) == numbers


@pytest.mark.parametrize(
    ("kind", "rules", "good", "bad"),
    [
        ("DECIMAL(10,2)", {"decimal": ","}, {"12,50": Decimal("12.50")}, ["12.50"]),
        ("DECIMAL(10,2)", {"decimal": ",", "thousands": "."}, {"1.234,50": Decimal("1234.50"), "1234,5": Decimal("1234.50")}, ["1.23,4"]),
        ("INT", {"thousands": ","}, {"1,234": 1234, "7": 7}, ["12,34", ",7"]),
        ("DECIMAL(10,2)", {"round": True}, {"1.005": Decimal("1.01"), "1.004": Decimal("1.00")}, ["1,5"]),
        ("DATE", {"date_format": "dd/MM/yyyy"}, {"08/02/2013": date(2013, 2, 8)}, ["2013-02-08", "30/02/2013", "08/02/2013x", "8/2/2013"]),
        ("TIMESTAMP", {"timestamp_format": "dd.MM.yyyy HH:mm"}, {"08.02.2013 05:06": datetime(2013, 2, 8, 5, 6)}, ["08.02.2013"]),
        ("TIMESTAMP", {"timestamp_unit": "ms"}, {"1360300000123": datetime(2013, 2, 8, 5, 6, 40, 123000)}, ["1.5", "2013-02-08", "9" * 18]),
        ("TIMESTAMP", {"timestamp_unit": "s"}, {"0": datetime(1970, 1, 1)}, ["9" * 18, "9" * 30]),
        ("TIMESTAMP", {"time_zone": "Europe/Berlin"},
         {"2013-07-08 12:00:00": datetime(2013, 7, 8, 10), "2013-07-08T12:00:00Z": datetime(2013, 7, 8, 12),
          "2013-10-27 02:30:00": datetime(2013, 10, 27, 0, 30)}, ["2013-03-31 02:30:00"]),
    ],
)  # fmt: skip
def test_a_declared_exception_is_read_as_it_says(lake, kind, rules, good, bad):
    texts = [*good, *bad]
    lines = "n;v\n" + "".join(f"{n};{text}\n" for n, text in enumerate(texts))

    found = read(lake, kind, "a.csv", lines, format="csv", options={"sep": ";"}, text=TextRules(**rules))

    assert [found[n] for n in range(len(good))] == [(value,) for value in good.values()]
    assert [text for n, text in enumerate(texts) if n >= len(good) and isinstance(found[n], tuple)] == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [(kind, text) for kind, text in CASES if kind not in ("STRING", "FLOAT", "DOUBLE") and "/" not in text],
)
def test_a_folder_is_named_by_the_same_texts(kind, text, tmp_path):
    from etl.model.dataset import Dataset

    dataset = Dataset(
        name="raw.v", uri="/lake/v", format="csv", schema=parse_schema(f"n INT, v {kind}"), partitioned_by=("v",)
    )

    if text in GOOD[kind]:
        assert folder_values(dataset, [f"/lake/v/v={text}/a.csv"]) == {"v": {text: text}}
    else:
        with pytest.raises(InputError, match=re.escape(kind)):
            folder_values(dataset, [f"/lake/v/v={text}/a.csv"])


def test_a_text_has_no_form_of_its_own():
    assert accepted("STRING", NO_RULES) is None
