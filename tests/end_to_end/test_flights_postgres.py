"""The flights job from PostgreSQL to PostgreSQL: only conf/ is another, and the tables are those of files and Delta."""

import os
import shutil
import subprocess
import sys
from datetime import date

import pytest

from etl.storage.database import driver
from jobs.nyc_flights import landing
from tests.end_to_end.test_spark_submit import DAY, ETL, PROJECT, TABLES, zones
from tests.postgres_server import PASSWORD, USER, VARIABLE, serving

pytestmark = [pytest.mark.spark, pytest.mark.cluster, pytest.mark.slow, pytest.mark.once]

WORDS = {"INT": "integer", "STRING": "text", "DOUBLE": "double precision", "TIMESTAMP": "timestamptz", "DATE": "date"}
SOURCES = {
    "raw.flights": "flight_date",
    "raw.weather": "weather_date",
    "reference.airlines": "",
    "reference.planes": "",
    "reference.airports": "",
}


@pytest.fixture(scope="module")
def landed(tmp_path_factory):
    lake = tmp_path_factory.mktemp("landed")
    landing.land(lake, date(2013, 2, 8), date(2013, 2, 9))
    return lake


@pytest.fixture(scope="module")
def project(tmp_path_factory, landed):
    """A copy of the project whose datasets are tables of a server, filled by psql with what was delivered."""
    from etl.project.project import open_project

    schemas = {name: open_project(PROJECT).datasets[name].schema for name in SOURCES}
    root = tmp_path_factory.mktemp("project")
    for part in ("conf", "jobs"):
        shutil.copytree(PROJECT / part, root / part)
    with serving() as server:
        server.sql("; ".join(f"CREATE SCHEMA {name}" for name in ("raw", "reference", "clean", "core", "marts")))
        for name, folder in SOURCES.items():
            columns = [each for each in schemas[name] if each.name != folder]
            said = ", ".join(f"{each.name} {WORDS[each.type]}" for each in columns)
            server.sql(f"CREATE TABLE {name} ({said})")
            (file,) = (landed / name.replace(".", "/")).rglob("*.csv")
            server.sql(f"\\copy {name} from '{file}' with (format csv, header, null 'NA')")
            if folder:
                server.sql(f"ALTER TABLE {name} ADD {folder} date DEFAULT '{DAY}'")
        written = [table.replace("/", ".") for table in TABLES if table.startswith(("clean", "core", "marts"))]
        entries = [
            f'[{name}]\nformat = "jdbc"\nconnection = "db"\ntable = "{name}"\n'
            + (f'schema = """{schemas[name].ddl}"""\n' if name in schemas else "")
            for name in (*SOURCES, *dict.fromkeys([*written, "core.airports"]))
        ]
        (root / "conf/datasets.toml").write_text("\n".join(entries))
        base = (root / "conf/base.toml").read_text()
        url = server.connection.url
        more = f'\n[connections.db]\nurl = "{url}"\nuser = "{USER}"\npassword = "env://{VARIABLE}"\n'
        (root / "conf/base.toml").write_text(base + more)
        yield root, server


def run(directory, *words):
    environ = {**os.environ, VARIABLE: PASSWORD, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-c", ETL, "run", "-C", str(directory), "nyc_flights", "--date", DAY, *words]
    return subprocess.run(command, cwd=directory, env=environ, capture_output=True, text=True, check=False)


def test_the_tables_are_those_that_files_and_delta_give(project, landed, tmp_path, spark):
    root, server = project

    ran = run(root)
    said = [word for key, value in zones(landed, tmp_path).items() for word in ("--set", f"{key}={value}")]
    other = run(PROJECT, *said, "--set", f"state={tmp_path}/state", "--set", f"artifacts={tmp_path}/target")
    again = run(root)

    assert ran.returncode == 0, ran.stderr
    assert other.returncode == 0, other.stderr
    assert again.returncode == 0, again.stderr
    assert "NO-OP=8" in again.stderr, again.stderr
    driver(spark, server.connection)
    for table in TABLES:
        delta = spark.read.format("delta").load(str(tmp_path / table))
        names = ", ".join(f'"{name}"' for name in delta.columns)
        (count,) = server.sql(f"SELECT count(*) FROM {table.replace('/', '.')}")  # noqa: S608
        assert int(count) == delta.count() > 0, table
        theirs = spark.read.jdbc(
            server.connection.url,
            f"(SELECT {names} FROM {table.replace('/', '.')}) t",  # noqa: S608
            properties={"user": USER, "password": PASSWORD, "driver": "org.postgresql.Driver"},
        )
        texts = [f"CAST(`{name}` AS STRING) AS `{name}`" for name in delta.columns]
        assert delta.selectExpr(*texts).exceptAll(theirs.selectExpr(*texts)).count() == 0, table
