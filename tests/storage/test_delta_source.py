"""A Delta table that no step here writes, under a declared schema: read exactly, or refused before a row is read."""

from decimal import Decimal

import pytest

from etl.errors import InputError
from etl.model.schema import parse_schema
from etl.storage import delta
from etl.storage.reading import Scope


@pytest.fixture
def trips(lake):
    """``trips(ddl, stored, **properties)`` declares raw.trips, and makes a table of SQL's ``stored`` columns."""

    def made(ddl, stored, **properties):
        lake.declared.clear()
        dataset = lake.dataset("raw.trips", schema=parse_schema(ddl), **properties)
        frame = lake.spark.sql(f"SELECT {stored}")
        frame.write.format("delta").mode("overwrite").option("overwriteSchema", "true").save(dataset.uri)
        return dataset

    return made


def rows(lake, dataset):
    frame = delta.read(lake.spark, dataset, Scope()).frame
    assert frame.columns == list(dataset.schema.names)
    return [tuple(row) for row in frame.collect()]


def test_columns_are_found_by_name_and_widened_exactly_inside_too(lake, trips):
    dataset = trips(
        "price DECIMAL(9,3), id BIGINT, parts STRUCT<b: STRING, a: BIGINT>",
        "1 AS id, 1.25BD AS price, named_struct('a', 1, 'b', 'x') AS parts",
    )

    assert rows(lake, dataset) == [(Decimal("1.250"), 1, ("x", 1))]


@pytest.mark.parametrize(
    ("declared", "stored", "words"),
    [
        ("n INT", "1L AS n", "column 'n' is BIGINT in the table and INT in the schema"),
        ("n INT", "'1' AS n", "column 'n' is STRING in the table and INT in the schema"),
        ("n DECIMAL(9,1)", "1.25BD AS n", "column 'n' is DECIMAL(3,2) in the table and DECIMAL(9,1) in the schema"),
        ("n INT", "1 AS m", "column 'n' is not in the table and INT in the schema"),
        ("n INT", "1 AS N", "(it has 'N')"),
        ("n INT", "1 AS n, 2 AS more", "column 'more' is INT in the table and not in the schema"),
        ("n STRUCT<a: INT>", "named_struct('a', 1L) AS n", "column 'n.a' is BIGINT in the table and INT"),
    ],
)
def test_a_column_that_is_not_as_declared_is_refused_before_a_row_is_read(lake, trips, declared, stored, words):
    dataset = trips(declared, stored)

    with pytest.raises(InputError) as refused:
        delta.read(lake.spark, dataset, Scope())

    assert words in refused.value.message
    assert "raw/trips" in refused.value.message
    assert "file" not in refused.value.message + refused.value.remedy


def test_columns_may_be_absent_or_more_where_that_is_declared(lake, trips):
    dataset = trips("n INT, km INT", "1 AS n, 2 AS more", on_drift="evolve", optional_columns=("km",))

    assert rows(lake, dataset) == [(1, None)]
    assert "column 'more' in 1 of 1" in delta.read(lake.spark, dataset, Scope()).ignored[0]


def test_a_table_with_mapped_names_is_compared_by_the_names_that_people_see(lake, trips):
    dataset = trips("n BIGINT, day DATE", "1 AS m, DATE'2013-02-08' AS day", partitioned_by=("day",))
    table = f"delta.`{dataset.uri}`"
    lake.spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name')")
    lake.spark.sql(f"ALTER TABLE {table} RENAME COLUMN m TO n")

    assert [row[0] for row in rows(lake, dataset)] == [1]
