"""The flights job with Kafka as the source of flights: in bounded batches, killed on the way, and the same tables."""

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from datetime import date

import pytest

from etl.project.project import open_project
from jobs.nyc_flights import landing
from tests.end_to_end.test_spark_submit import DAY, ETL, PROJECT, TABLES, zones

pytestmark = [pytest.mark.spark, pytest.mark.cluster, pytest.mark.slow, pytest.mark.once]

KILLS = 4
NUMBERS = ("INT", "BIGINT", "DOUBLE")
JOB = '''
"""Flights as they are announced."""

from etl import Append, Job, Source, Target, step

JOB = Job()


@step(
    sources={"events": Source("raw.flight_events", incremental=True)},
    target=Target("raw.flights", """SCHEMA""", Append(), partition_by=("flight_date",)),
    conserve="events",
)
def landed(events):
    """Keep a flight as it was announced."""
    return events
'''


@pytest.fixture(scope="module")
def landed(tmp_path_factory):
    lake = tmp_path_factory.mktemp("landed")
    landing.land(lake, date(2013, 2, 8), date(2013, 2, 9))
    return lake


@pytest.fixture(scope="module")
def project(tmp_path_factory, landed, spark, kafka_broker):
    """A copy of the project in which a step lands flights from a topic; every record of the day is there, in order."""
    root = tmp_path_factory.mktemp("project")
    schema = open_project(PROJECT).datasets["raw.flights"].schema
    for part in ("conf", "jobs"):
        shutil.copytree(PROJECT / part, root / part)
    (root / "jobs/flight_events.py").write_text(JOB.replace("SCHEMA", schema.ddl))
    entries = (root / "conf/datasets.toml").read_text().split("\n[")
    kept = [each for each in entries if not each.startswith("raw.flights]")]
    assert len(kept) == len(entries) - 1
    topic = kafka_broker.topic(spark, partitions=3)
    for number, message in enumerate(messages(landed, schema)):
        kafka_broker.send(spark, topic, message, partition=number % 3)
    kept.append(
        f'raw.flight_events]\nformat = "kafka"\nconnection = "bus"\ntopic = "{topic}"\nmax_offsets = 60\n'
        f'schema = """{schema.ddl}"""\n'
    )
    (root / "conf/datasets.toml").write_text("\n[".join(kept))
    with (root / "conf/base.toml").open("a") as base:
        base.write(f'\n[connections.bus]\nurl = "{kafka_broker.connection.url}"\n')
    return root


def messages(landed, schema):
    """Yield the day's flights as JSON, as the files have them."""
    (file,) = (landed / "raw/flights").rglob("*.csv")
    kinds = {each.name: each.type for each in schema}
    with file.open() as opened:
        for row in csv.DictReader(opened):
            values = {name: None if text == "NA" else text for name, text in row.items()}
            numbers = {name: json.loads(text) for name, text in values.items() if text and kinds[name] in NUMBERS}
            yield json.dumps({**values, **numbers, "flight_date": DAY})


def run(directory, *words, wait=True):
    command = [sys.executable, "-c", ETL, "run", "-C", str(directory), *words]
    environ = {**os.environ, "PYTHONPATH": str(PROJECT)}
    if not wait:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(command, cwd=directory, env=environ, start_new_session=True, **quiet)
    return subprocess.run(command, cwd=directory, env=environ, capture_output=True, text=True, check=False)


def test_the_tables_are_those_that_files_give(project, landed, tmp_path, spark):
    here = [f"--set={key}={value}" for key, value in zones(landed, tmp_path / "here").items()]
    there = [f"--set={key}={value}" for key, value in zones(landed, tmp_path / "files").items()]
    for lake, said in ((tmp_path / "here", here), (tmp_path / "files", there)):
        said += [f"--set=state={lake}/state", f"--set=artifacts={lake}/target"]
    here += [f"--set=zones.raw={tmp_path}/here/raw"]
    shutil.copytree(landed / "raw/weather", tmp_path / "here/raw/weather")
    chance = random.Random(11)  # noqa: S311 it is to be repeated, not to be safe

    for _ in range(KILLS):
        victim = run(project, "flight_events", *here, wait=False)
        time.sleep(chance.uniform(9, 16))  # a session takes some 8 seconds
        os.killpg(victim.pid, signal.SIGKILL)
        victim.wait()
    ended = run(project, "flight_events", *here, "--wait", "90s")
    again = run(project, "flight_events", *here)
    job = run(project, "nyc_flights", "--date", DAY, *here)
    files = run(PROJECT, "nyc_flights", "--date", DAY, *there)

    assert [each.returncode for each in (ended, again, job, files)] == [0, 0, 0, 0], (ended.stderr, job.stderr)
    assert "nothing new in raw.flight_events" in again.stderr, again.stderr
    for table in TABLES:
        ours, theirs = (spark.read.format("delta").load(str(tmp_path / lake / table)) for lake in ("here", "files"))
        own = [name for name in ours.columns if name not in ("_run_id", "_file", "_record")]
        assert ours.count() == theirs.count() > 0, table
        assert ours.select(own).exceptAll(theirs.select(own)).count() == 0, table
