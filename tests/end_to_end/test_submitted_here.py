"""``etl submit --to local`` and ``etl replay``, through spark-submit: from the bundle to the table."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from etl.project import scaffold

pytestmark = [pytest.mark.spark, pytest.mark.cluster, pytest.mark.once, pytest.mark.slow]

DAY = "2013-02-08"
PROGRAM = "import sys; from etl.cli import main; sys.exit(main())"


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("project") / "shop"
    scaffold.lay_out(directory, "shop")
    return directory


def etl(directory, *words):
    command = [sys.executable, "-c", PROGRAM, *words]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)


def rows(spark, table):
    return sorted(map(str, spark.read.format("delta").load(str(table)).collect()))


@pytest.fixture(scope="module")
def submitted(shop):
    packaged = etl(shop, "package")
    assert packaged.returncode == 0, packaged.stderr
    ended = etl(shop, "submit", "orders", "--date", DAY, "--to", "local", "--run-id", "first", "-o", "json")
    assert ended.returncode == 0, ended.stderr[-4000:]
    return json.loads(ended.stdout)


def test_a_bundle_runs_here_and_says_how_it_ended(submitted):
    assert submitted == {"run_id": "first", "state": "succeeded", "exit_code": 0}


def test_a_replay_makes_the_same_tables_and_touches_nothing_of_the_run(spark, shop, submitted, tmp_path):
    (shop / "dist" / "app.zip").write_bytes(b"built again since")
    before = {file: file.stat().st_mtime_ns for file in (shop / "target").rglob("*") if file.is_file()}

    ended = etl(shop, "replay", "first", "--out", str(tmp_path / "again"))

    assert ended.returncode == 0, ended.stderr[-4000:]
    for table in ("clean/orders", "marts/spent"):
        assert rows(spark, tmp_path / "again/lake" / table) == rows(spark, shop / "target/lake" / table)
    assert {file: file.stat().st_mtime_ns for file in (shop / "target").rglob("*") if file.is_file()} == before


def test_the_exit_code_of_a_run_here_is_that_of_the_submission(shop, submitted):
    (shop / "dist" / "app.zip").unlink()
    etl(shop, "package")

    ended = etl(shop, "submit", "orders", "--date", "2013-02-11", "--to", "local")

    assert ended.returncode == 9, ended.stderr[-4000:]
