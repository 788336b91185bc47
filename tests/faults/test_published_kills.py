"""Processes that publish to databases are killed at any moment: once the next run has ended, every row is there once.

``python -m pytest tests/faults/test_published_kills.py --rounds 100`` is the long form: that many kills.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from etl.model.result import GOOD
from etl.testing import Lake
from tests.faults.publishers import DDL, ROWS, TARGETS, day_of, declared, rows_of, steps
from tests.postgres_server import PASSWORD, VARIABLE

SCRIPT = Path(__file__).with_name("publishers.py")
LONGEST = 12.0  # seconds after a victim's session is there until it is killed
DAYS = 400

pytestmark = pytest.mark.once


@pytest.fixture
def places(postgres_server, mysql_server, dynamodb_server, monkeypatch, spark):
    """The servers, empty, by name: what asks each for the ids that it holds, and where each is."""
    for name, value in {VARIABLE: PASSWORD, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setitem(spark.sparkContext.environment, name, value)
    postgres_server.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    mysql_server.sql("DROP DATABASE shop; CREATE DATABASE shop")
    dynamodb_server.make("killed", id="N")
    asks = {
        "postgresql": lambda: postgres_server.sql("SELECT id FROM killed"),
        "mysql": lambda: mysql_server.sql("SELECT id FROM killed"),
        "dynamodb": lambda: [each["id"]["N"] for each in dynamodb_server.items("killed")],
    }
    urls = {"postgresql": postgres_server.connection.url, "mysql": mysql_server.connection.url}
    return asks, urls | {"dynamodb": dynamodb_server.connection.properties["endpoint_url"]}


def test_killed_publishers_leave_every_row_once(spark, places, tmp_path, request):
    asks, urls = places
    rounds = max(2, request.config.getoption("--rounds") - 3)
    chance, first = random.Random(11), 0  # noqa: S311 it is to be repeated, not to be safe
    lake = declared(Lake(spark, tmp_path / "lake"), urls)
    lake.write("raw.rows", DDL, [row for number in range(DAYS) for row in rows_of(number)])

    for number in range(rounds):
        begun = killed(lake, first, tmp_path / f"said{number}", urls, chance.uniform(0, LONGEST))
        again = [lake.run_step(each, date=str(day_of(day))) for day in begun for each in steps().values()]
        assert all(result.status in GOOD for result in again), [result.error for result in again]
        first = max(begun, default=first - 1) + 1
        for name in TARGETS:
            assert sorted(map(int, asks[name]())) == list(range(first * ROWS)), (number, name)

    assert first


def killed(lake, first, said, urls, after):
    """Let a process publish, kill it so many seconds after its session is there, and return the days that it began."""
    command = [sys.executable, str(SCRIPT), str(lake.root), str(first), str(said), json.dumps(urls)]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    while not said.exists() or not said.read_text().endswith("\n"):
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(after)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    lines = [json.loads(line) for line in said.read_text().splitlines(keepends=True) if line.endswith("\n")]
    return [line["began"] for line in lines if "began" in line]
