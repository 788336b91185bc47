"""The formats of the house, and a toy, keep what the kit for connectors asks."""

from pathlib import Path

import pytest

from etl.model.formats import FORMATS, Format
from etl.model.write import Append, ReplaceTable
from etl.testing.conformance import DDL, publishing, reading, schema
from etl.testing.tables import literal_table

pytestmark = pytest.mark.once


def bounded(case):
    """Delta's own tests hold it to the same: two ways of writing are enough for each CI."""
    short = str(case).startswith(("ReplacePartitions", "Merge"))
    return pytest.param(case, marks=() if short else pytest.mark.slow)


@pytest.mark.parametrize("case", [bounded(case) for case in publishing("delta")], ids=str)
def test_delta_publishes_as_the_kit_asks(lake, case):
    case(lake, lake.dataset("clean.rows", schema=schema()))


@pytest.mark.parametrize("case", reading("delta"), ids=str)
def test_delta_is_read_as_the_kit_asks(lake, case):
    case(lake, lake.dataset("raw.given", schema=schema()), lambda rows: lake.write("raw.given", DDL, rows, "overwrite"))


@pytest.mark.parametrize("case", reading("parquet"), ids=str)
def test_parquet_is_read_as_the_kit_asks(lake, spark, case):
    dataset = lake.dataset("raw.given", format="parquet", schema=schema(), partitioned_by=("day",))

    def land(rows):
        frame = literal_table(spark, DDL, rows)
        frame.repartition(1).write.mode("overwrite").partitionBy("day").parquet(dataset.uri)

    case(lake, dataset, land)


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)
    monkeypatch.setitem(
        FORMATS, "toy", Format(module="toy_format", writes=(ReplaceTable, Append), promise="exactly once")
    )


def test_a_toy_keeps_what_it_says_and_what_it_does_not_is_found(toy, lake):
    ended = {}
    for number, case in enumerate(publishing("toy")):
        lake.dataset(f"clean.rows_{number}", format="toy", schema=schema())
        try:
            case(lake, lake.declared[f"clean.rows_{number}"])
        except AssertionError as error:
            ended[str(case)] = str(error)

    assert ended == {}
