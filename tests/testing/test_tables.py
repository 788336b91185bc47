from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from etl.testing import count_spark_jobs
from etl.testing.tables import literal_table

TYPES = """
    i INT, l BIGINT, d DOUBLE, p DECIMAL(7,2), s STRING, b BINARY, y BOOLEAN, day DATE, at TIMESTAMP, a ARRAY<INT>,
    m MAP<STRING, INT>, r STRUCT<x: INT, z: STRING>
"""
ROW = (
    1,
    2**40,
    0.5,
    Decimal("1.50"),
    "é",
    b"\0",
    True,
    date(2013, 2, 8),
    datetime(2013, 2, 8, 6, tzinfo=UTC),
    [1, 2],
    {"k": 1},
    (1, "z"),
)
ROWS = [ROW, (None,) * len(ROW), ROW]


def test_a_frame_is_compared_with_another_frame(table, assert_table):
    assert_table(table("id INT", [(1,), (2,)]), table("id INT", [(2,), (1,)]))


def test_a_literal_table_is_what_spark_itself_makes_of_the_rows(spark):
    made, sparks = literal_table(spark, TYPES, ROWS), spark.createDataFrame(ROWS, TYPES)

    assert made.schema == sparks.schema
    assert made.collect() == sparks.collect()
    assert made.rdd.getNumPartitions() == sparks.rdd.getNumPartitions()


def test_a_literal_table_starts_no_python_worker(spark):
    def origin(frame):
        return frame._jdf.queryExecution().toRdd().toDebugString()

    assert "PythonRDD[" in origin(spark.createDataFrame([(1,)], "id INT"))
    assert "PythonRDD[" not in origin(literal_table(spark, "id INT", [(1,)]))


def test_a_value_of_another_type_is_refused(spark):
    with pytest.raises(Exception, match=r"CANNOT_ACCEPT_OBJECT_IN_TYPE|FIELD_DATA_TYPE_UNACCEPTABLE"):
        literal_table(spark, "id INT", [("one",)])


def test_the_block_that_counts_jobs_counts_neither_its_own_nor_those_outside(spark, table):
    frame = table("id INT", [(1,), (2,)])
    frame.collect()

    with count_spark_jobs(spark) as counted:
        frame.collect()
        frame.collect()
    frame.collect()

    assert (counted.jobs, counted.stages) == (2, 2)
