"""Items of DynamoDB: each layout, each type both wrapped and as it comes out, and what is no such thing."""

import base64
import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from etl.model.schema import parse_schema
from etl.model.text import TextRules
from etl.storage import files
from etl.storage.reading import Scope

TYPES = (
    "id INT, price DECIMAL(20,3), name STRING, paid BOOLEAN, day DATE, at TIMESTAMP, raw BINARY, tags ARRAY<STRING>, "
)
TYPES += "sizes ARRAY<INT>, place STRUCT<lat: DOUBLE, `to`: ARRAY<STRUCT<n: INT>>>, notes MAP<STRING, STRING>"
WRAPPED = {
    "id": {"N": "7"},
    "price": {"N": "12345678901234567.125"},
    "name": {"S": 'Ann "x" é'},
    "paid": {"BOOL": True},
    "day": {"S": "2013-02-08"},
    "at": {"S": "2013-02-08T05:00:00Z"},
    "raw": {"B": base64.b64encode(b"\x00\xff").decode()},
    "tags": {"SS": ["a", "b"]},
    "sizes": {"L": [{"N": "1"}, {"NULL": True}, {"N": "-3"}]},
    "place": {"M": {"lat": {"N": "1.5"}, "to": {"L": [{"M": {"n": {"N": "4"}}}]}}},
    "notes": {"M": {"k": {"S": "v"}, "n": {"NULL": True}}},
    "more": {"N": "1"},
}
ROW = (
    7,
    Decimal("12345678901234567.125"),
    'Ann "x" é',
    True,
    date(2013, 2, 8),
    datetime(2013, 2, 8, 5, tzinfo=UTC).replace(tzinfo=None),
    bytearray(b"\x00\xff"),
    ["a", "b"],
    [1, None, -3],
    (1.5, [(4,)]),
    {"k": "v", "n": None},
)


@pytest.fixture
def read(lake):
    """Return good rows as tuples, and corrupt items with their reasons."""

    def read(lines, ddl, layout="export", packed=False):
        schema = parse_schema(ddl)
        dataset = lake.dataset("raw.items", format="dynamodb-json", schema=schema, options={"layout": layout})
        text = "".join(json.dumps(line) + "\n" for line in lines)
        lake.file("raw.items", "a.json.gz" if packed else "a.json", gzip.compress(text.encode()) if packed else text)
        reading = files.read(lake.spark, dataset, Scope())
        rows = reading.frame.collect()
        good = [tuple(row[name] for name in schema.names) for row in rows if row[reading.corrupt.column] is None]
        return good, [row[reading.corrupt.reason] for row in rows if row[reading.corrupt.column] is not None]

    return read


def test_every_type_comes_out_of_an_export_as_it_was(read):
    assert read([{"Item": WRAPPED}], TYPES, packed=True) == ([ROW], [])


def test_an_item_without_an_attribute_or_with_a_null_has_a_null_there(read):
    assert read([{"Item": {"id": {"N": "1"}, "name": {"NULL": True}}}], TYPES)[0] == [(1, *[None] * 10)]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("id", {"S": "7"}, "id is no INT"),
        ("id", {"N": "7.5"}, "id is no INT"),
        ("price", {"N": "1.0005"}, "price is no DECIMAL(20,3)"),
        ("name", {"N": "7"}, "name is no utf-8 text"),
        ("paid", {"S": "true"}, "paid is no BOOLEAN"),
        ("day", {"S": "8.2.2013"}, "day is no DATE"),
        ("raw", {"B": "!"}, "raw is no BINARY"),
        ("tags", {"NS": ["1"]}, "tags is no ARRAY<STRING>"),
        ("sizes", {"L": [{"S": "1"}]}, "sizes is no ARRAY<INT>"),
        ("notes", {"M": {"k": {"N": "1"}}}, "notes is no MAP<STRING, STRING>"),
    ],
)
def test_an_attribute_of_another_type_is_corrupt_and_never_guessed(read, name, value, said):
    assert read([{"Item": WRAPPED | {name: value}}], TYPES) == ([], [said])


def test_a_line_that_is_no_item_is_corrupt(read):
    good, corrupt = read([WRAPPED, {"Item": {"id": {"N": "1"}}}, ["x"]], "id INT")

    assert good == [(1,)]
    assert corrupt == ["no item of DynamoDB in the layout 'export'"] * 2


def test_plain_items_are_read_as_the_command_line_prints_them(read):
    assert read([WRAPPED], TYPES, layout="items") == ([ROW], [])


def test_an_export_of_data_pipeline_spells_its_wrappers_its_own_way(read):
    item = {"id": {"n": "1"}, "name": {"s": "x"}, "paid": {"bOOL": True}, "tags": {"sS": ["a"]}, "sizes": {"nS": ["2"]}}
    item |= {"day": {"nULLValue": True}, "notes": {"m": {"k": {"s": "v"}}}}

    (row,), corrupt = read([item], TYPES, layout="data-pipeline")

    assert (row[0], row[2], row[3], row[4], row[7], row[8], row[10]) == (1, "x", True, None, ["a"], [2], {"k": "v"})
    assert corrupt == []


def test_an_incremental_export_tells_what_became_of_each_item(read):
    keys, stamp = {"id": {"N": "1"}}, {"WriteTimestampMicros": {"N": "1360300000000001"}}
    lines = [
        {"Metadata": stamp, "Keys": keys, "NewImage": {"id": {"N": "1"}, "name": {"S": "x"}}},
        {"Metadata": stamp, "Keys": {"id": {"N": "2"}}, "OldImage": {"id": {"N": "2"}, "name": {"S": "y"}}},
        {"Keys": keys},
    ]
    ddl = "id INT, name STRING, _deleted BOOLEAN, _written_at TIMESTAMP"

    good, corrupt = read(lines, ddl, layout="incremental")

    at = datetime(2013, 2, 8, 5, 6, 40, 1)  # noqa: DTZ001 the session is in UTC
    assert good == [(1, "x", False, at), (2, None, True, at)]
    assert corrupt == ["no item of DynamoDB in the layout 'incremental'"]


def test_a_timestamp_may_be_a_number_of_a_declared_unit(lake):
    dataset = lake.dataset(
        "raw.events", format="dynamodb-json", schema=parse_schema("at TIMESTAMP"), text=TextRules(timestamp_unit="ms")
    )
    lake.file("raw.events", "a.json", json.dumps({"Item": {"at": {"N": "1360300000123"}}}))

    (row,) = files.read(lake.spark, dataset, Scope()).frame.collect()

    assert row["at"] == datetime(2013, 2, 8, 5, 6, 40, 123000)  # noqa: DTZ001
