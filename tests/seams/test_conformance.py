"""The formats of the house, and a toy, keep what the kit for connectors asks."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

from etl.errors import ProjectError
from etl.model.formats import FORMATS
from etl.model.result import Status
from etl.model.write import ReplaceTable
from etl.project.project import open_project
from etl.testing.conformance import DDL, copying, publishing, reading, schema
from etl.testing.tables import literal_table

pytestmark = pytest.mark.once


def bounded(case):
    """Delta's own tests hold it to the same: one way of writing is enough for each CI."""
    short = str(case).startswith("Merge")
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
def installed(monkeypatch, tmp_path):
    """A package that offers a format, as pip leaves it."""
    metadata = tmp_path / "sqlite_rows-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: sqlite-rows\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[headrace.formats]\nsqlite = sqlite_format:FORMAT\nbroken = sqlite_format:NO\nwrong = sqlite_format:TABLES\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(Path(__file__).parent)
    yield
    FORMATS.pop("sqlite", None)


def bounded_sqlite():
    kept = {"ReplaceTable: again is a no-op", "Append: intervals stand beside each other"}
    kept |= {"Append: of two runs at once one publishes", "Append: rows that break an expectation are set aside"}
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        FORMATS["sqlite"] = import_module("sqlite_format").FORMAT
        cases = publishing("sqlite")
    finally:
        sys.path.pop(0)
        FORMATS.pop("sqlite", None)
    return [pytest.param(case, id=str(case), marks=() if str(case) in kept else pytest.mark.slow) for case in cases]


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("case", bounded_sqlite())
def test_the_connector_of_the_docs_publishes_as_the_kit_asks(lake, case):
    case(lake, lake.dataset("clean.rows", format="sqlite", schema=schema()))


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("case", reading("delta"), ids=str)
def test_the_connector_of_the_docs_is_read_as_the_kit_asks(lake, case):
    dataset = lake.dataset("raw.given", format="sqlite", schema=schema())

    def land(rows):
        lake.write("raw.landed", DDL, rows, mode="overwrite")
        copied = lake.run_step(copying("raw.given", ReplaceTable(), source="raw.landed"), date=None, force=True)
        assert copied.status is Status.PASS, copied.error

    case(lake, dataset, land)


@pytest.mark.usefixtures("installed")
def test_a_package_that_is_broken_is_named_where_its_format_is_used(write):
    root = write({"conf/datasets.toml": '[raw.a]\nformat = "broken"\n[raw.b]\nformat = "wrong"\n'})
    with pytest.raises(ProjectError) as caught:
        open_project(root)
    said = str(caught.value)
    assert "sqlite-rows, sqlite_format:NO, cannot be loaded: AttributeError" in said
    assert "sqlite_format:TABLES, is tuple" in said


@pytest.mark.usefixtures("installed")
def test_the_formats_of_packages_are_among_the_known_ones(write):
    root = write({"conf/datasets.toml": '[raw.a]\nformat = "sqllite"\n'})
    with pytest.raises(ProjectError, match="did you mean 'sqlite'"):
        open_project(root)


def test_the_docs_show_the_connector_that_is_tested():
    page = (Path(__file__).parents[2] / "docs/connectors-of-your-own.md").read_text()
    assert (Path(__file__).parent / "sqlite_format.py").read_text().strip() in page
