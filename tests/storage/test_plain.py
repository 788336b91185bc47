"""Plain text and fixed columns, read under the contract of values."""

from datetime import date
from decimal import Decimal

import pytest

from etl.model.schema import parse_schema
from etl.storage import files
from etl.storage.reading import Scope


def read(lake, name, content, **properties):
    """Return good rows, and corrupt records with their reasons."""
    dataset = lake.dataset(name, **properties)
    lake.file(name, "a.txt", content)
    reading = files.read(lake.spark, dataset, Scope())
    rows = reading.frame.collect()
    columns = dataset.schema.names
    good = [tuple(row[c] for c in columns) for row in rows if row[reading.corrupt.column] is None]
    return good, [
        (row[reading.corrupt.column], row[reading.corrupt.reason]) for row in rows if row[reading.corrupt.column]
    ]


def test_each_line_of_a_text_is_a_row_blank_ones_too(lake):
    found = read(lake, "raw.log", "a,b\n\n c \n", format="text", schema=parse_schema("line STRING"))

    assert found == ([("a,b",), ("",), (" c ",)], [])


def test_fixed_columns_are_cut_by_their_widths_and_held_to_the_contract(lake):
    content = "007Anna  12.502013-02-08\n 8         .502013-02-09\n00xBo     1.5 2013-02-08\n"

    good, corrupt = read(
        lake,
        "raw.fixed",
        content,
        format="fixed-width",
        widths=(3, 6, 5, 10),
        schema=parse_schema("id INT, name STRING, price DECIMAL(6,2), day DATE"),
    )

    assert good[0] == (7, "Anna", Decimal("12.50"), date(2013, 2, 8))
    assert good[1] == (8, None, Decimal("0.50"), date(2013, 2, 9))
    assert corrupt == [("00xBo     1.5 2013-02-08", "id is no INT")]


@pytest.mark.parametrize("line", ["1  ab", "1  abcdX", "1"])
def test_a_line_that_is_too_long_or_ends_before_its_last_column_is_corrupt(lake, line):
    schema = parse_schema("id INT, name STRING, x STRING")

    good, corrupt = read(lake, "raw.fixed", f"{line}\n1  abcd\n", format="fixed-width", widths=(3, 2, 2), schema=schema)

    assert good == [(1, "ab", "cd")]
    assert [record for record, _ in corrupt] == [line]


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_lines_in_utf_16_are_rows_each(lake, end):
    content = f"# x\n1 aé\r\n\n2 b{end}".encode("utf-16")
    rules = {"encoding": "utf-16"}

    plain, _ = read(lake, "raw.plain", content, format="text", options=rules, schema=parse_schema("line STRING"))
    fixed, corrupt = read(
        lake,
        "raw.fixed",
        content,
        format="fixed-width",
        widths=(2, 3),
        options={**rules, "comment": "\\#"},
        schema=parse_schema("id INT, name STRING"),
    )

    assert plain == [("# x",), ("1 aé",), ("",), ("2 b",)]
    assert (fixed, corrupt) == ([(1, "aé"), (2, "b")], [])
