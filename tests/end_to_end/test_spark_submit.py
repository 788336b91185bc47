"""The bundle through spark-submit, from a directory that knows nothing of the checkout."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from etl.ship import bundle
from etl.spark import jars, java
from jobs.nyc_flights import landing

PROJECT = Path(__file__).parents[2]
DAY = "2013-02-08"
TABLES = (
    "clean/flights",
    "clean/weather",
    "core/airlines",
    "core/planes",
    "core/flight_weather",
    "marts/route_on_time",
    "marts/delay_by_hour",
)
# The session of the other tests writes no code for its queries; here that gives the tables that compiled queries give.
INTERPRETED = {"spark.spark.sql.codegen.wholeStage": "false", "spark.spark.sql.codegen.factoryMode": "NO_CODEGEN"}
ETL = "import sys; from etl.cli import main; sys.exit(main())"

pytestmark = [pytest.mark.spark, pytest.mark.cluster]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return bundle.build(PROJECT, tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def landed(tmp_path_factory) -> Path:
    """The day as it was delivered, for all runs."""
    lake = tmp_path_factory.mktemp("landed")
    landing.land(lake, date(2013, 2, 8), date(2013, 2, 9))
    return lake


def zones(landed: Path, lake: Path) -> dict[str, str]:
    delivered = {f"zones.{name}": str(landed / name) for name in ("raw", "reference")}
    return delivered | {f"zones.{name}": str(lake / name) for name in ("clean", "core", "marts", "quarantine")}


def submit(built: bundle.Bundle, master: str, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the bundle as a platform would: Spark's own launcher, no checkout and no installed engine on the path."""
    import pyspark

    spark_home = Path(pyspark.__file__).parent
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONPATH" and not key.startswith("SPARK_")}
    environ |= {
        "JAVA_HOME": str(java.find(pyspark.__version__).home),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_HOME": str(spark_home),  # local-cluster starts its workers from there
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_SCALA_VERSION": "2.12" if pyspark.__version__.startswith("3.") else "2.13",
    }
    command = [
        str(spark_home / "bin" / "spark-submit"),
        "--master",
        master,
        "--driver-memory",
        "1g",
        "--conf",
        "spark.ui.enabled=false",
        "--conf",
        "spark.sql.shuffle.partitions=2",
        "--jars",
        ",".join(map(str, jars.delta_jars(pyspark.__version__))),
        "--py-files",
        str(built.zip),
        str(built.main),
        *arguments,
    ]
    return subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False)


def rows(spark, lake: Path, table: str) -> list[str]:
    return sorted(str(row) for row in spark.read.format("delta").load(str(lake / table)).collect())


@pytest.fixture(scope="module")
def expected(spark, landed, tmp_path_factory):
    """What `etl run` makes of the day, in this checkout."""
    lake = tmp_path_factory.mktemp("lake")
    given = zones(landed, lake) | INTERPRETED
    settings = [part for key, value in given.items() for part in ("--set", f"{key}={value}")]
    command = [sys.executable, "-c", ETL, "run", "nyc_flights", "--date", DAY, *settings]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return {table: rows(spark, lake, table) for table in TABLES}


# A cluster carries out the whole job; on one machine, where only the launcher differs from `etl run`, a step will do.
@pytest.mark.parametrize(
    ("master", "job", "tables"),
    [("local-cluster[2,1,1024]", "nyc_flights", TABLES), ("local[2]", "clean.flights", ("clean/flights",))],
)
def test_the_bundle_makes_the_same_tables_as_a_run_in_the_checkout(
    spark, built, landed, expected, master, job, tables, tmp_path
):
    lake, elsewhere = tmp_path / "lake", tmp_path / "empty"
    elsewhere.mkdir()

    ended = submit(built, master, elsewhere, "--job", job, "--date", DAY, "--set", json.dumps(zones(landed, lake)))

    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
    assert {table: rows(spark, lake, table) for table in tables} == {table: expected[table] for table in tables}


def test_the_exit_code_of_the_run_is_that_of_the_submission(built, tmp_path):
    ended = submit(built, "local[1]", tmp_path, "--job", "no_such_job", "--date", DAY)

    assert ended.returncode == 2
    assert "no_such_job" in ended.stdout  # spark-submit sends a driver's stderr there
