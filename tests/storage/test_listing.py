"""The beginning of a file, as it is stored and as Spark would unpack it; and what many files cost."""

import bz2
import gzip

import pytest
from attrs import evolve

from bench.calls import Calls
from etl.errors import InputError
from etl.model.schema import parse_schema
from etl.storage.formats import source_for
from etl.storage.listing import head
from etl.storage.reading import Scope

TEXT = b"id,km\n" + b"1,2\n" * 5_000


@pytest.mark.spark
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", TEXT),
        ("a.csv.gz", gzip.compress(TEXT)),
        ("a.csv.bz2", bz2.compress(TEXT)),
        ("a", TEXT[:3]),
        ("a", b""),
    ],
)
def test_a_head_is_unpacked_as_the_name_says(spark, tmp_path, name, content):
    file = tmp_path / name
    file.write_bytes(content)
    plain = TEXT if name != "a" else content

    assert head(spark, str(file), 4096) == (content[:4], plain[:4096])


@pytest.mark.spark
@pytest.mark.parametrize(
    ("name", "text"), [("csv", "id,v\n{0},x\n"), ("json", '{{"id":{0},"v":"x"}}\n'), ("fixed-width", "{0:3}x\n")]
)
def test_a_hundred_files_take_no_more_calls_to_the_jvm_than_ten(lake, name, text):
    dataset = lake.dataset("raw.rows", format=name, schema=parse_schema("id INT, v STRING"))
    dataset = evolve(dataset, widths=(3, 1)) if name == "fixed-width" else dataset

    def taken(count):
        for number in range(count):
            lake.file("raw.rows", f"{number:03}.txt", text.format(number))
        calls = Calls()
        with calls.watching():
            reading = source_for(dataset).read(lake.spark, dataset, Scope())
            reading.recheck()
        return sum(calls.counted.values()), reading

    taken(10)
    (few, _), (many, reading) = taken(10), taken(100)

    assert many <= few
    assert reading.frame.count() == 100 + (100 if name == "csv" else 0)


@pytest.mark.spark
def test_of_files_of_a_store_that_are_looked_at_side_by_side_the_first_wrong_one_is_told(lake, monkeypatch):
    monkeypatch.setattr("etl.storage.listing.is_on_disk", lambda *_: False)
    dataset = lake.dataset("raw.rows", format="csv", schema=parse_schema("id INT, v STRING"))
    for number in range(20):
        lake.file("raw.rows", f"{number:02}.csv", "id\n1\n" if number in (7, 13) else "id,v\n1,x\n")

    with pytest.raises(InputError, match=r"07\.csv has no column 'v'"):
        source_for(dataset).read(lake.spark, dataset, Scope())
