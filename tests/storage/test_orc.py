"""ORC files under the contract of Parquet's."""

import base64
import zlib
from datetime import date

import pytest

from etl.errors import InputError, PlatformError
from etl.model.schema import parse_schema
from etl.storage import columnar
from etl.storage.reading import Scope

WRITTEN = """SELECT 1 AS id, TIMESTAMP'2013-02-08 12:00:00' AS at, TIMESTAMP_NTZ'2013-02-08 12:00:00' AS wall,
    DATE'0001-01-01' AS day, 1.25BD AS price, array(named_struct('a', 1, 'b', 'x')) AS parts, map('k', 1) AS counts"""

# A column of two dates: 0001-01-01 or 1900-01-01, and 2013-02-08. By pyarrow 26, which does not say its calendar.
OLD = (
    "c-r$1a^_+aV&Py4VBiwrVq#zr;^Sbl;^6rFBwV238)E=N9;4`|Vuor4E;bG}0R{;UFwH0-2BaB*GzU;Gg8&1_1OWyqW_RBZE-@~M"
    "acBl{FbnugaREs=2@VBK4JIW44jv&!Mk(f$#7YGQ4F&@SB@PaL2+M%U3T%cIni&og{5%+wSdH|6kRt%-oQ4J#B_;+Q4G9CbrZ3FQ"
    "{z1;-0B{E&$p"
)
NEW = (
    "c-r$1a^_+aV&Py4VBiwrVq#zr;^Sbl;^5fZ&n(dJjWK{Bj`8^3Y6dPg4mJS>2@WvLC?N)<8G$rNCxZY3NWTDs6tlZ;2$vWa#4t2t"
    "IG6=|rMQ5koCKSKrUsLe00)l{Bcl{^N@Aq~g9d{EgAxY^KZIq#WCb?E3e60M34R`oNvuYCK*$jQbWTG9ixLw9kA{Q+ThkY2X8#~("
    "aR4)D9v}"
)


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


def test_dates_of_a_writer_that_names_no_calendar_are_read_where_both_calendars_agree(lake):
    dataset = lake.dataset("raw.trips", format="orc", schema=parse_schema("day DATE"))
    file = lake.file("raw.trips", "a.orc", zlib.decompress(base64.b85decode(NEW)))

    found = [row[0] for row in columnar.read(lake.spark, dataset, Scope()).frame.collect()]
    file.write_bytes(zlib.decompress(base64.b85decode(OLD)))
    with pytest.raises(InputError, match="dates before 1582"):
        columnar.read(lake.spark, dataset, Scope())

    assert found == [date(1900, 1, 1), date(2013, 2, 8)]
