import pytest

from etl.errors import UsageError
from etl.project.project import open_project
from etl.project.scaffold import lay_out


def test_a_new_project_opens_and_plans(tmp_path):
    lay_out(tmp_path / "shop", "shop")

    project = open_project(tmp_path / "shop")

    assert project.name == "shop"
    assert [planned.step.name for planned in project.plan(["orders"], date="2013-02-08").steps] == [
        "clean.orders",
        "marts.spent",
    ]
    assert open_project(tmp_path / "shop", environment="prod").config.zones["raw"] == "s3://example-shop-prod/raw"


def test_the_example_is_the_reference_job_under_the_projects_own_name(tmp_path):
    made = lay_out(tmp_path, "flights", "nyc_flights")

    assert open_project(tmp_path).name == "flights"
    assert "jobs/nyc_flights/landing.py" in made
    assert "jobs/orders.py" not in made


def test_nothing_that_is_there_is_overwritten(tmp_path):
    (tmp_path / "pyproject.toml").write_text("mine")

    with pytest.raises(UsageError, match=r"has pyproject\.toml already"):
        lay_out(tmp_path, "shop")

    assert [file.name for file in tmp_path.iterdir()] == ["pyproject.toml"]
    assert (tmp_path / "pyproject.toml").read_text() == "mine"


@pytest.mark.parametrize("name", ["", "Shop", "a b", "../x", "1shop", "shop-", "x" * 80])
def test_what_no_distribution_can_be_called_is_no_name(tmp_path, name):
    with pytest.raises(UsageError, match="is no name for a project"):
        lay_out(tmp_path / "new", name)

    assert not (tmp_path / "new").exists()


def test_an_unknown_example_is_refused_with_what_was_meant(tmp_path):
    with pytest.raises(UsageError, match="did you mean 'nyc_flights'"):
        lay_out(tmp_path / "new", "shop", "nyc_flight")
