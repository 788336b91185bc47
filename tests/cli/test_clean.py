"""``etl clean``: nothing without a yes."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from etl.runs.artifacts import open_artifacts
from etl.runs.ledger import Ledger
from etl.runs.stores import open_store


@pytest.fixture
def old(project):
    """A run of ten days ago, and its folder."""
    ledger = Ledger(open_store(str(project / "target" / "state")))
    at = datetime.fromtimestamp(time.time(), UTC) - timedelta(days=10)
    ledger.started("old", at=at, environment="local", selection=(), intervals=(), artifacts=str(project / "target"))
    ledger.failed("old", at=at, error=OSError("disk full"))
    open_artifacts(str(project / "target"), "old").write_manifest({"project": "shop"})
    return project / "target" / "runs" / "old" / "manifest.json"


def test_without_yes_it_says_what_it_would_delete(etl, old):
    said = etl("clean", "--older-than", "7d")

    assert said.code == 0
    assert "old" in said.out
    assert "--yes" in said.err
    assert old.exists()


def test_with_yes_it_deletes_it(etl, old):
    said = etl("clean", "--older-than", "7d", "--yes", "-o", "json")

    assert [run["run_id"] for run in json.loads(said.out)["runs"]] == ["old"]
    assert not old.exists()
    assert json.loads(etl("runs", "-o", "json").out)[0]["run_id"] == "old"


def test_what_is_younger_stays(etl, old):
    assert json.loads(etl("clean", "--older-than", "11d", "--yes", "-o", "json").out)["runs"] == []
    assert old.exists()


@pytest.mark.parametrize("age", ["7", "yesterday", "-1d", ""])
def test_an_age_that_is_none_is_refused(etl, age):
    assert etl("clean", "--older-than", age).code == 2
