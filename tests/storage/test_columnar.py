"""Parquet files of every make: read exactly, or refused with the file, the column and both types."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from etl.errors import InputError, ProjectError
from etl.model.interval import Interval
from etl.model.result import Status
from etl.model.schema import parse_schema
from etl.spark.jvm import java_class
from etl.storage import columnar
from etl.storage.reading import Scope
from etl.testing.counting import count_spark_jobs

NOON = datetime(2013, 2, 8, 12, tzinfo=UTC)
MICROS = 1_360_324_800_000_000
JULIAN_1800 = 2_378_497


@pytest.fixture
def trips(lake, parquet_file):
    """``trips(ddl, *files)`` declares raw.trips; each file is Parquet's words for its columns, then its rows."""

    def deliver(ddl, *files, said=None, **properties):
        dataset = lake.dataset("raw.trips", format="parquet", schema=parse_schema(ddl), **properties)
        lake.file("raw.trips", "_SUCCESS", "")
        for number, (columns, *rows) in enumerate(files):
            file = lake.root / "raw" / "trips" / f"{number}.parquet"
            parquet_file(file, columns, *rows, said=said)
        return dataset

    return deliver


def rows(lake, dataset):
    frame = columnar.read(lake.spark, dataset, Scope()).frame
    assert frame.columns == list(dataset.schema.names)
    return sorted((tuple(row) for row in frame.collect()), key=repr)


@pytest.mark.parametrize(
    ("declared", "stored", "value", "expected"),
    [
        ("BIGINT", "int32 n", 7, 7),
        ("INT", "int32 n (UINT_8)", 200, 200),
        ("BIGINT", "int32 n (UINT_32)", -1, 4_294_967_295),
        ("DECIMAL(20,0)", "int64 n (UINT_64)", -(2**40), Decimal(2**64 - 2**40)),
        ("DECIMAL(11,3)", "int32 n (DECIMAL(9,2))", 1234, Decimal("12.340")),
        ("INT", "int32 n (DECIMAL(9,0))", 12, 12),
        ("DOUBLE", "int32 n", 7, 7.0),
        ("STRING", "binary n (ENUM)", "air", "air"),
        ("STRING", "binary n (JSON)", "{}", "{}"),
        ("BINARY", "binary n (STRING)", "air", b"air"),
        ("TIMESTAMP", "int64 n (TIMESTAMP(MICROS,true))", MICROS, NOON),
        ("TIMESTAMP", "int64 n (TIMESTAMP(MILLIS,true))", MICROS // 1000, NOON),
        ("TIMESTAMP", "int64 n (TIMESTAMP(MICROS,false))", MICROS, NOON),
        ("TIMESTAMP_NTZ", "int64 n (TIMESTAMP(MICROS,false))", MICROS, NOON.replace(tzinfo=None)),
        ("BIGINT", "int64 n (TIMESTAMP(NANOS,true))", MICROS * 1000 + 1, MICROS * 1000 + 1),
        ("DATE", "int32 n (DATE)", -719_162, date(1, 1, 1)),
        ("DATE", "int32 n (DATE)", -141_428, date(1582, 10, 14)),
    ],
)
def test_a_value_is_read_as_it_was_written(lake, trips, declared, stored, value, expected):
    dataset = trips(f"n {declared}", (f"optional {stored};", {"n": value}))

    ((found,),) = rows(lake, dataset)

    if declared == "TIMESTAMP":  # collected as a local time of this machine
        found = found.astimezone(UTC)
    assert found == expected


def test_a_time_before_1900_in_twelve_bytes_is_read_as_it_was_written(lake, trips):
    then = java_class(lake.spark, "org.apache.parquet.example.data.simple.NanoTime")(JULIAN_1800, 21_600_000_000_000)
    dataset = trips("n TIMESTAMP", ("optional int96 n;", {"n": then}))

    text = columnar.read(lake.spark, dataset, Scope()).frame.selectExpr("CAST(n AS STRING)").collect()

    assert text[0][0] == "1800-01-01 06:00:00"


def test_the_calendar_of_old_dates_is_what_the_file_or_the_dataset_says(lake, trips):
    julian = ("optional int32 n (DATE);", {"n": -719_164})

    dataset = trips("n DATE", julian, said={"writer.date.proleptic": "false"})
    by_file = rows(lake, dataset)
    Path(dataset.uri, "0.parquet").unlink()
    lake.declared.clear()
    by_dataset = rows(lake, trips("n DATE", julian, options={"datetimerebasemode": "legacy"}))

    assert by_file == by_dataset == [(date(1, 1, 1),)]


@pytest.mark.parametrize(
    ("declared", "stored", "words"),
    [
        ("TINYINT", "int32 n", "is INT in the file and TINYINT in the schema"),
        ("TINYINT", "int32 n (UINT_8)", "is SMALLINT (int32 INTEGER(8,false)) in the file and TINYINT"),
        ("INT", "int64 n", "is BIGINT in the file and INT"),
        ("INT", "binary n (STRING)", "is STRING in the file and INT"),
        ("INT", "int32 n (UINT_32)", "is BIGINT (int32 INTEGER(32,false)) in the file and INT"),
        ("BIGINT", "int64 n (UINT_64)", "is DECIMAL(20,0) (int64 INTEGER(64,false)) in the file and BIGINT"),
        ("INT", "int32 n (DECIMAL(9,2))", "is DECIMAL(9,2) in the file and INT"),
        ("DECIMAL(9,3)", "int32 n (DECIMAL(9,2))", "is DECIMAL(9,2) in the file and DECIMAL(9,3)"),
        ("FLOAT", "double n", "is DOUBLE in the file and FLOAT"),
        ("STRING", "binary n", "is BINARY in the file and STRING"),
        ("INT", "int32 n (TIME(MILLIS,true))", "(TIME(MILLIS,true)) in the file"),
        ("STRING", "fixed_len_byte_array(16) n (UUID)", "(UUID) in the file, which Spark cannot read, and STRING"),
        ("TIMESTAMP", "int64 n (TIMESTAMP(NANOS,true))", "is BIGINT (int64 TIMESTAMP(NANOS,true)) in the file"),
        ("TIMESTAMP_NTZ", "int64 n (TIMESTAMP(MICROS,true))", "is TIMESTAMP (int64 TIMESTAMP(MICROS,true))"),
        ("TIMESTAMP", "int32 n (DATE)", "is DATE in the file and TIMESTAMP"),
        ("INT", "int32 m", "column 'n' is not in the file and INT in the schema"),
        ("INT", "int32 N", "(it has 'N')"),
        ("INT", "int32 n; optional int32 N", "column 'N' is twice in the file"),
        ("INT", "int32 n; optional binary `more` (STRING)".replace("`", ""), "'more' is STRING in the file and not"),
        ("STRUCT<a: INT>", "group n { optional int64 a; }", "column 'n.a' is BIGINT in the file and INT"),
        ("ARRAY<INT>", "int32 n", "is INT in the file and ARRAY<INT>"),
    ],
)
def test_a_column_that_is_not_as_declared_is_refused_before_a_row_is_read(lake, trips, declared, stored, words):
    dataset = trips(f"n {declared}", (f"optional {stored};".replace("};", "}"),))

    with count_spark_jobs(lake.spark) as counted, pytest.raises(InputError) as refused:
        columnar.read(lake.spark, dataset, Scope())

    assert words in refused.value.message
    assert "0.parquet" in refused.value.message
    assert refused.value.remedy
    assert counted.jobs == 0


def test_files_of_several_schemas_are_read_each_with_its_own(lake, trips):
    dataset = trips(
        "id INT, name STRING, km BIGINT",
        ("optional int32 id; optional binary name (STRING); optional int32 km;", {"id": 1, "name": "a", "km": 10}),
        ("optional int64 km; required int32 id (INT_8);", {"id": 2, "km": 2**40}),
        ("optional int32 km (UINT_32); optional binary name (STRING); optional int32 id;", {"id": 3, "km": -1}),
        optional_columns=("name",),
    )

    assert rows(lake, dataset) == [(1, "a", 10), (2, None, 2**40), (3, None, 2**32 - 1)]


def test_what_nests_is_read_by_name_and_widened_inside(lake, trips):
    dataset = trips(
        "n STRUCT<b: STRING, a: BIGINT>", ("optional group n { optional int32 a; optional binary b (UTF8); }",)
    )
    frame = lake.spark.sql("SELECT named_struct('a', 1, 'b', 'x') AS n")
    frame.write.mode("append").parquet(dataset.uri)

    assert rows(lake, dataset) == [(("x", 1),)]


def test_undeclared_columns_are_ignored_and_said_where_drift_may_evolve(lake, trips, publishing):
    trips("n INT", ("optional int32 n; optional int32 at (TIME(MILLIS,true));", {"n": 1, "at": 5}), on_drift="evolve")

    result = lake.run_step(publishing("n INT"))

    assert (result.status, result.rows.published) == (Status.WARN, 1)
    assert "column 'at'" in result.message


def test_an_interval_of_a_column_in_the_files_is_all_that_is_read(lake, trips):
    stored = "required int32 day (DATE);"
    dataset = trips("day TIMESTAMP_NTZ", (stored, {"day": 15_744}, {"day": 15_745}))
    day = Interval(datetime(2013, 2, 8, tzinfo=UTC), datetime(2013, 2, 9, tzinfo=UTC))

    frame = columnar.read(lake.spark, dataset, Scope(column="day", interval=day)).frame

    assert [row[0] for row in frame.collect()] == [datetime(2013, 2, 8)]  # noqa: DTZ001 a wall clock has no zone


@pytest.mark.parametrize(
    ("options", "words"), [({"mergeSchema": "true"}, "mergeSchema"), ({"int96RebaseMode": "yes"}, "CORRECTED")]
)
def test_an_option_that_nobody_reads_is_refused_by_name(lake, trips, options, words):
    with pytest.raises(ProjectError, match=words):
        columnar.read(lake.spark, trips("n INT", ("optional int32 n;",), options=options), Scope())


def test_a_column_of_nothing_but_nulls_fits_any_type(lake, trips):
    stored = "optional int32 id; optional int32 n;"
    dataset = trips("id INT, n STRING", (stored, {"id": 1}), (stored.replace("int32 n", "binary n (UTF8)"), {"n": "x"}))

    assert rows(lake, dataset) == [(1, None), (None, "x")]
