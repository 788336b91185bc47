"""What Delta's log says of added files, read from tables that Delta itself wrote."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from etl.kinds.proof import Statistics, together
from etl.model.schema import parse_schema
from etl.storage.delta_statistics import counted, statistics

DAY = date(2013, 2, 8)
AT = datetime(2013, 2, 8, 5, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def written(lake, spark):
    """Write rows with Delta and return the log's ``add`` objects."""

    def write(ddl, rows, partition_by=()):
        frame = spark.createDataFrame(rows, ddl).coalesce(1)
        frame.write.format("delta").partitionBy(*partition_by).save(lake.dataset("raw.t").uri)
        (log,) = (lake.root / "raw" / "t" / "_delta_log").glob("*0.json")
        return [line["add"] for line in map(json.loads, log.read_text().splitlines()) if "add" in line]

    return write


def test_nulls_and_bounds_are_those_of_the_rows_and_times_are_wide_enough(written):
    ddl = "i INT, p DECIMAL(38,2), d DATE, at TIMESTAMP, x DOUBLE, s STRING, b BOOLEAN, l ARRAY<INT>"
    large = Decimal("123456789012345678901234567890123456.78")
    rows = [
        (1, large, DAY, AT, float("nan"), "a" * 100, True, [1]),
        (9, -large, date(2013, 2, 9), AT.replace(hour=6), 1.0, None, False, None),
        (None, None, None, None, None, None, None, None),
    ]

    found = statistics(written(ddl, rows), parse_schema(ddl))

    assert found.rows == 3
    assert [found.nulls[name] for name in ("i", "p", "d", "at", "x", "s")] == [1, 1, 1, 1, 1, 2]
    assert {name: (found.least[name], found.greatest[name]) for name in ("i", "p", "d")} == {
        "i": (1, 9),
        "p": (-large, large),
        "d": (DAY, date(2013, 2, 9)),
    }
    assert found.least["at"] <= AT
    assert AT.replace(hour=6) <= found.greatest["at"]
    assert not {"x", "s", "b", "l"} & {*found.least, *found.greatest}


def test_a_partition_s_value_is_told_beside_the_statistics(written):
    ddl = "i INT, day DATE"
    rows = [(1, DAY), (2, None), (3, None)]

    found = statistics(written(ddl, rows, ["day"]), parse_schema(ddl))

    assert (found.rows, found.nulls["day"]) == (3, 2)
    assert (found.least["day"], found.greatest["day"]) == (DAY, DAY)


def test_every_promised_column_is_told(written):
    columns = [f"c{n} INT" for n in range(40)]
    ddl = ", ".join(["day DATE", *columns])

    promised = counted(parse_schema(ddl), ["day"])

    found = statistics(written(ddl, [(DAY, *range(40))], ["day"]), parse_schema(ddl))
    assert len(promised) == 33
    assert promised <= set(found.nulls)
    assert promised <= set(found.least)


def test_columns_behind_a_nested_one_are_not_promised():
    assert counted(parse_schema("a INT, b BOOLEAN, s STRUCT<x: INT>, c INT")) == {"a"}


def test_a_file_without_statistics_makes_all_of_them_worth_nothing():
    schema = parse_schema("i INT")

    assert statistics([{"stats": '{"numRecords":1,"nullCount":{"i":0}}'}, {}], schema) is None
    assert statistics([{"stats": '{"numRecords":1}'}], schema) == Statistics(1)
    assert statistics([], schema) == Statistics(0)


def test_a_column_is_told_only_if_every_file_speaks_of_it_but_those_of_nulls_only_need_no_bounds():
    first = Statistics(2, {"a": 0, "b": 1}, {"a": 1, "b": 5}, {"a": 2, "b": 5})
    of_nulls = Statistics(3, {"a": 3, "b": 0}, {}, {"b": 7})

    assert together([first, of_nulls]) == Statistics(5, {"a": 3, "b": 1}, {"a": 1}, {"a": 2, "b": 7})
    assert together([first, Statistics(1)]) == Statistics(3)


def test_a_time_at_the_end_of_all_times_has_no_bound():
    ends = {"at": "9999-12-31T23:59:59.999Z"}
    stats = json.dumps({"numRecords": 1, "nullCount": {"at": 0}, "minValues": ends, "maxValues": ends})

    found = statistics([{"stats": stats}], parse_schema("at TIMESTAMP"))

    assert "at" in found.least
    assert "at" not in found.greatest
