"""Parquet files where they lie: broken, in folders, under odd names."""

from datetime import date

import pytest
from attrs import evolve

from etl.errors import InputError
from etl.model.schema import parse_schema
from etl.storage import columnar
from etl.storage.reading import Scope


def test_a_column_in_file_and_folder_is_refused_or_the_folders(lake, publishing):
    lake.dataset("raw.trips", format="parquet", schema=parse_schema("id INT, day DATE"), partitioned_by=("day",))
    frame = lake.spark.sql("SELECT 1 AS id, DATE'1999-01-01' AS day")
    frame.write.parquet(f"{lake.dataset('raw.trips').uri}/day=2013-02-08")
    publish = publishing("id INT, day DATE", interval_column="day")

    refused = lake.run_step(publish)
    lake.declared["raw.trips"] = evolve(lake.dataset("raw.trips"), on_drift="evolve")
    evolved = lake.run_step(publish)

    assert (refused.exit_code, refused.error.type) == (9, "InputError")
    assert "'day' is in the file and in the names of the folders" in refused.error.message
    assert evolved.rows.published == 1
    assert lake.rows("clean.trips") == [(1, date(2013, 2, 8))]


@pytest.mark.parametrize("content", [b"", b"id\n1\n" * 9, b"PAR1", b"PAR1\x00\x00\x00\x00PAR1"])
def test_a_file_that_is_no_parquet_is_named(lake, content, publishing):
    lake.dataset("raw.trips", format="parquet", schema=parse_schema("n INT"))
    file = lake.file("raw.trips", "a.parquet", content)

    result = lake.run_step(publishing("n INT"))

    assert (result.exit_code, result.error.type) == (9, "UnreadableFileError")
    assert str(file) in result.error.message


def test_names_that_need_quotes_and_paths_that_look_like_patterns_are_taken_as_they_are(lake):
    dataset = lake.dataset("raw.trips", format="parquet", schema=parse_schema("`a b` BIGINT, `c.d` STRING"))
    folder = lake.file("raw.trips", "x[1]/_SUCCESS", "").parent
    lake.spark.sql("SELECT 1 AS `a b`, 'x' AS `c.d`").write.mode("append").parquet(str(folder))

    assert [tuple(row) for row in columnar.read(lake.spark, dataset, Scope()).frame.collect()] == [(1, "x")]


def test_a_folder_s_name_is_utf_8_escaped_or_not(lake):
    dataset = lake.dataset(
        "raw.trips", format="parquet", schema=parse_schema("id INT, city STRING"), partitioned_by=("city",)
    )
    lake.spark.sql("SELECT 1 AS id").write.parquet(f"{dataset.uri}/city=S%C3%A3o%20Paulo")
    lake.spark.sql("SELECT 2 AS id").write.parquet(f"{dataset.uri}/city=Köln")

    frame = columnar.read(lake.spark, dataset, Scope()).frame

    assert sorted(tuple(row) for row in frame.collect()) == [(1, "São Paulo"), (2, "Köln")]


@pytest.mark.parametrize(
    ("folder", "said"), [(".", "not in a folder city="), ("city=x/area=y", "not in a folder city=")]
)
def test_a_file_beside_the_folders_or_too_deep_is_refused(lake, folder, said):
    dataset = lake.dataset(
        "raw.trips", format="parquet", schema=parse_schema("id INT, city STRING"), partitioned_by=("city",)
    )
    lake.spark.sql("SELECT 1 AS id").write.mode("append").parquet(f"{dataset.uri}/{folder}")

    with pytest.raises(InputError, match=said):
        columnar.read(lake.spark, dataset, Scope())
