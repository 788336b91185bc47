"""ORC files under the contract of Parquet's."""

from datetime import date

import pytest

from etl.errors import InputError, PlatformError
from etl.model.schema import parse_schema
from etl.storage import columnar
from etl.storage.reading import Scope

WRITTEN = """SELECT 1 AS id, TIMESTAMP'2013-02-08 12:00:00' AS at, TIMESTAMP_NTZ'2013-02-08 12:00:00' AS wall,
    DATE'0001-01-01' AS day, 1.25BD AS price, array(named_struct('a', 1, 'b', 'x')) AS parts, map('k', 1) AS counts"""


@pytest.fixture
def trips(lake):
    def deliver(ddl, **properties):
        lake.declared.clear()
        dataset = lake.dataset("raw.trips", format="orc", schema=parse_schema(ddl), **properties)
        lake.spark.sql(WRITTEN).write.mode("overwrite").orc(dataset.uri)
        return dataset

    return deliver


def test_columns_are_found_by_name_and_widened_exactly_inside_too(lake, trips):
    dataset = trips(
        "parts ARRAY<STRUCT<b: STRING, a: BIGINT>>, counts MAP<STRING, BIGINT>, day DATE, price DECIMAL(9,4), "
        "wall TIMESTAMP, at TIMESTAMP, id DECIMAL(12,1)"
    )

    frame = columnar.read(lake.spark, dataset, Scope()).frame

    (row,) = frame.selectExpr(
        "to_json(parts)", "counts['k']", "day", "CAST(price AS STRING)", "wall = at", "id"
    ).collect()
    assert tuple(row)[:5] == ('[{"b":"x","a":1}]', 1, date(1, 1, 1), "1.2500", True)
    assert str(row[5]) == "1.0"


def test_undeclared_columns_and_fields_are_left_out_where_drift_may_evolve(lake, trips):
    dataset = trips("parts ARRAY<STRUCT<b: STRING>>, more INT", on_drift="evolve", optional_columns=("more",))

    reading = columnar.read(lake.spark, dataset, Scope())

    assert [tuple(row) for row in reading.frame.selectExpr("to_json(parts)", "more").collect()] == [
        ('[{"b":"x"}]', None)
    ]
    assert any("column 'day'" in said for said in reading.ignored)


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ("id TINYINT", "column 'id' is INT in the file and TINYINT in the schema"),
        ("ID INT", "(it has 'id')"),
        ("price DECIMAL(3,1)", "column 'price' is DECIMAL(3,2) in the file and DECIMAL(3,1)"),
        ("counts MAP<STRING, SMALLINT>", "column 'counts.value' is INT in the file and SMALLINT"),
        ("age INT", "column 'age' is not in the file"),
    ],
)
def test_a_column_that_is_not_as_declared_is_refused(lake, trips, declared, words):
    with pytest.raises(InputError) as refused:
        columnar.read(lake.spark, trips(declared, on_drift="evolve"), Scope())

    assert words in refused.value.message


@pytest.mark.parametrize("content", [b"", b"id\n1\n" * 9])
def test_a_file_that_is_no_orc_is_named(lake, content):
    dataset = lake.dataset("raw.trips", format="orc", schema=parse_schema("id INT"))
    file = lake.file("raw.trips", "a.orc", content)

    with pytest.raises(InputError) as refused:
        columnar.read(lake.spark, dataset, Scope())

    assert str(file) in refused.value.message


def test_times_are_refused_where_java_would_take_them_for_the_machines(lake, trips):
    dataset = trips("at TIMESTAMP", on_drift="evolve")
    zones = lake.spark._jvm.java.util.TimeZone
    before = zones.getDefault()
    try:
        zones.setDefault(zones.getTimeZone("America/New_York"))
        with pytest.raises(PlatformError, match="America/New_York"):
            columnar.read(lake.spark, dataset, Scope())
    finally:
        zones.setDefault(before)
