"""The dataset catalogue, and how it joins what the steps write."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from etl.errors import ConfigError
from etl.project.project import Project

Opened = Callable[..., Project]


def refused(opened: Opened, chain: str, datasets: str, **files: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        opened({"jobs/j.py": chain, "conf/datasets.toml": datasets} | files)
    return caught.value


def test_a_dataset_lies_below_its_zone(opened: Opened, chain: str) -> None:
    project = opened(
        {
            "jobs/j.py": chain,
            "conf/datasets.toml": """
        [raw.flights]
        path = "in/flights"
        format = "csv"
        schema = "id INT, day DATE"
        options = { sep = ";" }
        partitioned_by = ["day"]
        on_corrupt = "quarantine"
        on_drift = "evolve"
        allow_empty = true
        """,
        }
    )

    dataset = project.datasets["raw.flights"]

    assert dataset.uri == f"{project.directory}/lake/raw/in/flights"
    assert (dataset.format, dataset.options, dataset.partitioned_by) == ("csv", {"sep": ";"}, ("day",))
    assert (dataset.on_corrupt, dataset.on_drift, dataset.allow_empty) == ("quarantine", "evolve", True)
    assert dataset.schema is not None
    assert dataset.schema.names == ("id", "day")
    assert (dataset.place.file, dataset.place.line) == ("conf/datasets.toml", 2)


def test_what_a_step_writes_needs_no_entry(opened: Opened, chain: str) -> None:
    dataset = opened({"jobs/j.py": chain}).datasets["clean.flights"]

    assert (dataset.format, dataset.written_by) == ("delta", "clean.flights")
    assert dataset.uri.endswith("/lake/clean/flights")
    assert dataset.schema is not None


def test_an_entry_moves_what_a_step_writes(opened: Opened, chain: str) -> None:
    datasets = '[raw.flights]\nformat = "csv"\nschema = "id INT"\n[clean.flights]\npath = "elsewhere"\n'

    project = opened({"jobs/j.py": chain, "conf/datasets.toml": datasets})

    assert project.datasets["clean.flights"].uri.endswith("/lake/clean/elsewhere")


def test_each_step_has_a_quarantine(opened: Opened, chain: str) -> None:
    dataset = opened({"jobs/j.py": chain}).datasets["quarantine.clean_flights"]

    assert (dataset.written_by, dataset.schema) == ("clean.flights", None)


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ('[raw.flights]\nformat = "csv"\n', 1),
        ('[raw.flights]\nformat = "cvs"\n', 2),
        ('[raw.flights]\nformat = "csv"\nschema = "id INTT"\n', 3),
        ('[raw.flights]\nformat = "csv"\nschema = "id INT"\npartitioned_by = ["day"]\n', 1),
        ('[raw.flights]\npartitioned_by = "day"\n', 2),
        ('[raw.flights]\npath = "../x"\n', 2),
        ('[raw.flights]\npath = "s3://bucket/x"\n', 2),
        ("[raw.flights]\noptions = { header = true }\n", 2),
        ("[raw.flights]\nformt = 'csv'\n", 2),
        ("[raw.Flights]\n", 1),
        ('["raw.flights"]\npath = "x"\n', 1),
        ('[raw]\nflights = "x"\n', 2),
        ("[raw.flights]\n[clean.flights]\nschema = 'id INT'\n", 2),
        ("[raw.flights]\n[nowhere.x]\n", 2),
        ("[raw.flights]\noptions = { password = 'hunter2' }\n", 2),
        ('[raw.flights]\nformat = "dynamodb-json"\nschema = "id INT"\noptions = { layout = "exports" }\n', 1),
        ('[raw.flights]\nformat = "dynamodb-json"\nschema = "_deleted INT"\noptions = { layout = "incremental" }\n', 1),
        ('[raw.flights]\nformat = "xml"\nschema = "id INT"\n', 1),
        ('[raw.flights]\nformat = "xml"\nschema = "id INT"\noptions = { rowTag = "<f>" }\n', 1),
        ('[raw.flights]\nformat = "xml"\nschema = "id MAP<STRING, INT>"\noptions = { rowTag = "f" }\n', 1),
        ('[raw.flights]\nformat = "xml"\nschema = "_id ARRAY<INT>"\noptions = { rowTag = "f" }\n', 1),
        ('[raw.flights]\nformat = "xml"\nschema = "id INT"\noptions = { rowTag = "f", xsd = "x" }\n', 4),
    ],
)
def test_an_entry_nobody_can_use_is_refused_at_its_line(opened: Opened, chain: str, entry: str, line: int) -> None:
    error = refused(opened, chain, entry)

    assert (error.place.file, error.place.line) == ("conf/datasets.toml", line)
    assert "hunter2" not in str(error)


def test_a_zone_without_root_is_refused_where_the_step_is(opened: Opened, chain: str) -> None:
    error = refused(opened, chain.replace("marts.hours", "mart.hours"), '[raw.flights]\nformat = "delta"\n')

    assert error.place.file == "jobs/j.py"
    assert "'marts'" in error.message


def test_without_a_root_for_quarantine_the_project_is_refused(opened: Opened, chain: str) -> None:
    base = '[zones]\nraw = "r"\nclean = "c"\nmarts = "m"\n'

    assert "quarantine" in str(refused(opened, chain, "[raw.flights]\n", **{"conf/base.toml": base}))


def test_a_column_that_may_be_absent_is_one_of_its_files(opened: Opened, chain: str) -> None:
    entry = '[raw.flights]\nformat = "orc"\nschema = "id INT, day DATE"\npartitioned_by = ["day"]\n'

    dataset = opened({"jobs/j.py": chain, "conf/datasets.toml": entry + 'optional_columns = ["id"]\n'})
    with pytest.raises(ConfigError, match="optional_columns names 'day', which is no column of its files"):
        opened({"jobs/j.py": chain, "conf/datasets.toml": entry + 'optional_columns = ["day"]\n'})

    assert dataset.datasets["raw.flights"].optional_columns == ("id",)
