"""Bits that flip and files that end too early: the same rows, or the file is named. Never other rows.

``python -m pytest tests/storage/test_flips.py --rounds 200`` is the long form: 2,000 flips.
"""

import random

from etl.errors import InputError
from etl.model.dataset import Dataset
from etl.model.schema import parse_schema
from etl.storage import columnar
from etl.storage.reading import Scope

DDL = "id INT, km BIGINT, name STRING, day DATE, price DECIMAL(9,2), at TIMESTAMP"
ROWS = """SELECT CAST(id AS INT) AS id, id * 1000003 AS km, IF(id % 7 = 0, NULL, concat('name ', id % 13)) AS name,
    date_add(DATE'2013-02-01', CAST(id % 28 AS INT)) AS day, CAST(id * 1.25 AS DECIMAL(9,2)) AS price,
    timestamp_seconds(1360000000 + id * 60) AS at FROM range(0, 200, 1, 1)"""
SEED = 7


def written(spark, folder):
    """Return a Parquet file's bytes, as Spark writes it: with a checksum in each page."""
    spark.sql(ROWS).write.parquet(str(folder))
    return next(folder.glob("*.parquet")).read_bytes()


def outcome(spark, folder, data):
    """Return the file's rows as text, or None where it was refused by name."""
    folder.mkdir()
    file = folder / "a.parquet"
    file.write_bytes(data)
    dataset = Dataset(name="raw.trips", format="parquet", uri=str(folder), schema=parse_schema(DDL))
    explain = None
    try:
        reading = columnar.read(spark, dataset, Scope())
        explain = reading.explain
        return sorted(row[0] for row in reading.frame.selectExpr("to_json(struct(*))").collect())
    except Exception as failed:
        said = explain(failed) if explain else failed
        if isinstance(said, InputError) and str(file) in said.message:
            return None
        raise


def test_a_flipped_byte_is_seen_or_changes_nothing(spark, tmp_path, request):
    data = written(spark, tmp_path / "written")
    right = outcome(spark, tmp_path / "right", data)
    chance = random.Random(SEED)  # noqa: S311 the same flips in every run

    for number in range(10 * request.config.getoption("--rounds")):
        at, bits = chance.randrange(len(data)), chance.choice([1 << chance.randrange(8), chance.randrange(1, 256)])
        flipped = data[:at] + bytes([data[at] ^ bits]) + data[at + 1 :]
        found = outcome(spark, tmp_path / str(number), flipped)
        assert found in (None, right), f"seed {SEED}, flip {number}: byte {at} of {len(data)} ^ {bits:#x}"


def test_a_file_that_ends_too_early_is_named(spark, tmp_path):
    data = written(spark, tmp_path / "written")

    assert [outcome(spark, tmp_path / str(n), data[: len(data) * n // 16]) for n in range(16)] == [None] * 16


def test_a_footer_that_counts_other_rows_than_values_is_refused(spark, tmp_path):
    data = written(spark, tmp_path / "written")
    rows = b"\x16\x90\x03"  # a 64-bit field, 200: the last one in the footer is how many rows the row group has
    at = data.rindex(rows)

    assert outcome(spark, tmp_path / "bad", data[:at] + b"\x16\x9a\x03" + data[at + 3 :]) is None
