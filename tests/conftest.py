"""A small project made of literal files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import hypothesis
import pytest
from attrs import evolve

from etl.aws.access import s3_client
from etl.model.s3 import S3Settings
from etl.spark.added import added_class
from etl.spark.jars import s3_jars
from etl.spark.jvm import hadoop_path
from etl.spark.s3 import file_system
from etl.spark.settings import SessionSettings
from etl.storage.kafka_offsets import CONSUMER
from tests import dynamodb_server as dynamodb_servers
from tests import kafka_server as kafka_servers
from tests import mysql_server as mysql_servers
from tests import postgres_server as postgres_servers
from tests.s3_server import REQUIRED, Bucket, NoServerError, S3Server, installed, serving

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# An example that waits for a processor is no failure.
hypothesis.settings.register_profile("house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("long", hypothesis.settings.get_profile("house"), max_examples=2000)  # make faults
hypothesis.settings.load_profile("house")

BASE = """
[zones]
raw = "lake/raw"
clean = "lake/clean"
marts = "lake/marts"
quarantine = "lake/quarantine"
"""

DATASETS = """
[raw.flights]
format = "csv"
schema = "id INT, day DATE"
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write files of a project over a small one: path to text. Gives its directory."""

    def write_files(files: dict[str, str] | None = None) -> Path:
        given = {"conf/base.toml": BASE, "conf/env/local.toml": "[run]\nthreads = 2\n", "conf/datasets.toml": DATASETS}
        for name, text in (given | {"jobs/__init__.py": ""} | (files or {})).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))
        return tmp_path

    return write_files


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the length of the suites that inject faults."""
    parser.addoption("--rounds", type=int, default=5, help="Length of tests/faults: deaths, meetings … [default: 5]")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say beside the slowest tests which files took longest, set-up and all: that is where time can be won."""
    if not config.getoption("durations"):
        return
    seconds: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[report.nodeid.partition("::")[0]] += report.duration
    terminalreporter.section(f"slowest files, of {sum(seconds.values()):.0f} s")
    for file, took in seconds.most_common(config.getoption("durations")):
        terminalreporter.line(f"{took:7.1f} s  {file}")


@contextmanager
def required() -> Iterator[None]:
    """Skip a test whose server cannot be had on this machine; in CI it fails."""
    try:
        yield
    except NoServerError as error:
        if os.environ.get(REQUIRED):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server, one for the whole test run."""
    with required():
        installed()
    with serving(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres_servers.Postgres]:
    """A real PostgreSQL, one for the whole test run."""
    with required():
        postgres_servers.programs()
    with postgres_servers.serving() as server:
        yield server


@pytest.fixture(scope="session")
def dynamodb_server() -> Iterator[dynamodb_servers.Dynamo]:
    """AWS's own DynamoDB local, one for the whole test run."""
    with required():
        dynamodb_servers.fetched()
    with dynamodb_servers.serving() as server:
        yield server


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[mysql_servers.Mysql]:
    """A real MariaDB, one for the whole test run."""
    with required():
        mysql_servers.fetched()
    with mysql_servers.serving() as server:
        yield server


@pytest.fixture(scope="session")
def kafka_broker(spark: SparkSession) -> Iterator[kafka_servers.Kafka]:
    """A real Kafka broker, one for the whole test run; the session has its client's classes."""
    added_class(spark, CONSUMER, "kafka", "the tests' broker")
    with required():
        kafka_servers.fetched()
    with kafka_servers.serving() as server:
        yield server


@pytest.fixture
def s3_bucket(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A new bucket, and AWS's own environment variables that lead every SDK in this process to its server."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    return Bucket(s3_server.new_bucket(), s3_server)


@pytest.fixture(scope="session")
def spark_settings(spark_settings: SessionSettings) -> SessionSettings:
    """Give the tests' session the jars to reach S3 by, too; which server it is, `s3_root` says.

    And its second compiler: what it costs in the first minutes, a session of half an hour has back threefold. And room
    for half an hour's plans: of steps' sessions four megabytes each stay; with 2 GB the last tests mostly wait for the
    collector.
    """
    found = ",".join(map(str, s3_jars(version("pyspark"))))
    for_long = {"spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=4", "spark.driver.memory": "4g"}
    return evolve(spark_settings, conf={"spark.jars": found} | for_long)


@pytest.fixture
def s3_root(spark: SparkSession, s3_bucket: Bucket) -> Iterator[str]:
    """Give the root of a new bucket that the tests' session reaches, `s3://…`."""
    settings = S3Settings()
    keys = {"fs.s3a.access.key": s3_bucket.server.access_key, "fs.s3a.secret.key": s3_bucket.server.secret_key}
    provider = {"fs.s3a.aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider"}
    hadoop = spark._jsc.hadoopConfiguration()
    for key, value in (file_system(settings, s3_client(settings)) | keys | provider).items():
        hadoop.set(key, value)
    yield s3_bucket.root
    hadoop_path(spark, s3_bucket.root)[0].close()
