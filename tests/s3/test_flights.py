"""The flights job with zones, state and artifacts on a real S3 server, by `etl run -e dev` and variables alone."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import date

import pytest

from jobs.nyc_flights import landing
from tests.end_to_end.test_spark_submit import DAY, ETL, PROJECT, TABLES
from tests.faults.proxy import faults
from tests.s3_server import Bucket
from tests.ship.policy import allows, requests

ZONES = ("raw", "reference", "clean", "core", "marts", "quarantine")
# As cheap as the sessions of the other tests, which compile nothing either.
LIGHT = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}
JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=240m"

pytestmark = [pytest.mark.spark, pytest.mark.cluster]


@pytest.fixture(scope="module")
def bucket(s3_server):
    """Give one bucket for all tests here: each goes on where the one before has ended."""
    return Bucket(s3_server.new_bucket(), s3_server)


@pytest.fixture(scope="module")
def landed(bucket, tmp_path_factory):
    """The day as it was delivered, on disk and in the bucket."""
    lake = tmp_path_factory.mktemp("landed")
    landing.land(lake, date(2013, 2, 8), date(2013, 2, 9))
    for file in sorted(path for path in lake.rglob("*") if path.is_file()):
        bucket.server.client().put_object(
            Bucket=bucket.name, Key=file.relative_to(lake).as_posix(), Body=file.read_bytes()
        )
    return lake


@pytest.fixture(scope="module")
def environ(bucket, landed):
    """Return the variables of a person who works with the environment `dev`: AWS's own, and where everything lies."""
    places = {f"ETL__ZONES__{zone.upper()}": f"{bucket.root}/{zone}" for zone in ZONES}
    places |= {"ETL__STATE": f"{bucket.root}/state", "ETL__ARTIFACTS": f"{bucket.root}/artifacts"}
    light = {f"ETL__SPARK__{key}": value for key, value in LIGHT.items()}
    return os.environ | bucket.server.environment() | places | light | {"JAVA_TOOL_OPTIONS": JAVA}


@pytest.fixture(scope="module")
def etl(environ):
    """Run a command of `etl`."""

    def run(*arguments):
        command = [sys.executable, "-c", ETL, *arguments, "-e", "dev"]
        return subprocess.run(command, cwd=PROJECT, env=environ, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="module")
def asked():
    """What the two runs asked S3 for, when they have ended."""
    return []


@pytest.fixture(scope="module")
def runs(etl, bucket, asked):
    """Run the day twice; give both processes and the keys of the published zones behind each."""
    ended, before = [], len(bucket.server.access_log())
    for _ in range(2):
        ran = etl("run", "nyc_flights", "--date", DAY)
        assert ran.returncode == 0, ran.stderr
        ended.append((ran, [key for zone in ("clean/", "core/", "marts/") for key in bucket.keys(zone)]))
    asked[:] = requests(bucket.server.access_log()[before:])
    return ended


def test_the_policy_that_etl_iam_prints_allows_what_the_runs_asked_for_and_needs_every_part(runs, asked, etl, bucket):
    target = {"PLATFORM": "emr-serverless", "RELEASE": "emr-7.13.0", "APPLICATION": "shop"}
    target |= {"ROLE": "arn:aws:iam::123456789012:role/EtlRole"}
    words = [word for key, value in target.items() for word in ("--set", f"submit.it.{key.lower()}={value}")]
    said = etl("iam", "nyc_flights", *words, "--set", f"bundles={bucket.root}/bundles")
    policy = json.loads(said.stdout)

    assert len(asked) > 100
    assert [each for each in asked if not allows(policy, *each)] == []
    for statement in policy["Statement"]:
        # Locations and markers are asked for by other versions of S3A, and where a folder becomes empty.
        if statement["Sid"] not in {"Places", "Markers"}:
            less = {**policy, "Statement": [each for each in policy["Statement"] if each != statement]}
            assert [each for each in asked if not allows(less, *each)], statement["Sid"]


def rows(spark, root, table):
    return sorted(str(row) for row in spark.read.format("delta").load(str(root / table)).collect())


def test_the_flights_job_makes_the_tables_of_a_local_run(spark, lake, run_job, runs, bucket):
    landing.land(lake.root, date(2013, 2, 8), date(2013, 2, 9))
    assert run_job("nyc_flights", date=DAY).exit_code == 0

    for table in TABLES:
        assert rows(spark, bucket.server.directory / bucket.name, table) == rows(spark, lake.root, table)


def test_a_second_run_publishes_nothing(runs):
    (_, first), (ran, second) = runs

    assert "NO-OP=8" in ran.stderr
    assert second == first


def test_past_runs_are_told_from_the_bucket(etl, runs, bucket):
    listed = json.loads(etl("runs", "-o", "json").stdout)
    last = etl("runs", "last").stdout
    report = f"artifacts/runs/{listed[0]['run_id']}/report.html"

    assert [run["exit_code"] for run in listed] == [0, 0]
    assert "marts.route_on_time" in last
    assert report in bucket.keys("artifacts/")
    assert f"{bucket.root}/{report}" in last
    assert f"report: {bucket.root}/{report}" in runs[1][0].stderr


def elsewhere(bucket, name):
    """Return the variables by which the zones that are written lie below a prefix of their own."""
    return {f"ETL__ZONES__{zone.upper()}": f"{bucket.root}/{name}/{zone}" for zone in ZONES[2:]}


@pytest.mark.slow
def test_a_run_that_is_killed_at_any_moment_and_repeated_leaves_the_same_tables(
    spark, etl, environ, runs, bucket, request
):
    root = bucket.server.directory / bucket.name
    expected = {table: rows(spark, root, table) for table in TABLES}
    chance, rounds = random.Random(8), request.config.getoption("--rounds")  # noqa: S311
    for number in range(rounds):
        own = elsewhere(bucket, number)
        command = [sys.executable, "-c", ETL, "run", "nyc_flights", "--date", DAY, "-e", "dev"]
        with (root.parent.parent / "killed.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=PROJECT, env=environ | own, stdout=log, stderr=log, start_new_session=True
            )
            wanted = chance.randrange(1, 90)  # keys, of the hundred or so that a whole run leaves
            while process.poll() is None and len(bucket.keys(f"{number}/")) < wanted:
                time.sleep(0.2)
            with suppress(ProcessLookupError):  # it has ended
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

        again = subprocess.run(command, cwd=PROJECT, env=environ | own, capture_output=True, text=True, check=False)

        assert again.returncode == 0, again.stderr
        assert {table: rows(spark, root / str(number), table) for table in TABLES} == expected, wanted


@pytest.mark.slow
def test_a_run_on_a_way_that_breaks_one_request_in_ten_makes_the_same_tables_or_says_that_it_must_be_repeated(
    spark, etl, environ, runs, bucket
):
    root = bucket.server.directory / bucket.name
    command = [sys.executable, "-c", ETL, "run", "nyc_flights", "--date", DAY, "-e", "dev"]
    rates = {"503": 0.03, "500": 0.02, "reset": 0.02, "lost": 0.02, "torn": 0.01}
    with faults(bucket.server.endpoint, seed=8, **rates) as proxy:
        broken = environ | elsewhere(bucket, "broken") | {"AWS_ENDPOINT_URL_S3": proxy.endpoint}
        ended = [subprocess.run(command, cwd=PROJECT, env=broken, capture_output=True, text=True, check=False)]
        while ended[-1].returncode == 75 and len(ended) < 5:
            ended.append(subprocess.run(command, cwd=PROJECT, env=broken, capture_output=True, text=True, check=False))

    assert ended[-1].returncode == 0, ended[-1].stderr
    assert proxy.done["lost"] > 0
    assert {table: rows(spark, root / "broken", table) for table in TABLES} == {
        table: rows(spark, root, table) for table in TABLES
    }
