"""The scheduler is killed again and again while real runs are at work: each interval runs once, and none is lost.

``python -m pytest tests/faults/test_scheduler_kills.py --rounds 100`` is the long form: that many kills.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from tests.cli.conftest import BASE, DATASETS, JOB

pytestmark = [pytest.mark.once, pytest.mark.cluster]
PROGRAM = (sys.executable, "-c", "import sys; from etl.cli import main; sys.exit(main())")
FIRST_DAY = 8
SHORT = 5


@pytest.fixture
def shop(tmp_path):
    """Return how to make a project of so many days, and the project's command line."""

    def made(days, year=2013):
        schedule = f'Daily(at="06:00", start="{year}-02-0{FIRST_DAY}", occurrences={days}), max_active_runs=2'
        texts = {
            "conf/base.toml": BASE,
            "conf/datasets.toml": DATASETS,
            "conf/env/local.toml": '[run]\nthreads = 1\n\n[spark]\n"spark.driver.memory" = "700m"\n',
            "jobs/__init__.py": "",
            "jobs/shop.py": JOB.replace('Daily(at="06:00")', schedule),
        }
        texts |= {
            f"lake/raw/orders/day=2013-02-{FIRST_DAY + n:02}/a.csv": "id,amount\n1,2.5\n2,3.5\n3,4.5\n"
            for n in range(days)
        }
        for path, text in texts.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        return tmp_path

    return made


def begin(project, *argv):
    command = [*PROGRAM, *argv, "-C", str(project)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def said(project, *argv):
    asked = begin(project, *argv, "-o", "json")
    out, err = asked.communicate(timeout=300)
    assert asked.returncode == 0, err
    return json.loads(out)


def test_a_scheduler_that_is_killed_again_and_again_runs_each_interval_once(shop, request):
    rounds = request.config.getoption("--rounds")
    kills = rounds if rounds > SHORT else 2
    days = 2 + kills // 8
    project, lots = shop(days), random.Random(7)  # noqa: S311
    for _ in range(kills):
        scheduler = begin(project, "schedule", "serve", "--poll", "0.1s", "--wait")
        time.sleep(lots.uniform(0.5, 6))
        os.kill(scheduler.pid, signal.SIGKILL)
        scheduler.communicate()

    once = begin(project, "schedule", "run", "--once", "--wait")
    _, err = once.communicate(timeout=900)

    assert once.returncode == 0, err
    runs = said(project, "runs", "--limit", "1000")
    ended = Counter((run["state"], run["exit_code"]) for run in runs)
    assert ended == {("finished", 0): days}, runs
    cells = said(project, "status", "shop", "--from", "2013-02-08", "--to", f"2013-02-{FIRST_DAY + days:02}")["cells"]
    assert {cell["state"] for cell in cells} == {"published"}
    assert said(project, "schedule", "due") == []


def test_a_second_scheduler_is_refused_and_one_that_stands_by_takes_over(shop):
    project = shop(1, year=2099)
    first = begin(project, "schedule", "serve", "--health", "127.0.0.1:0")
    health = next(line.split()[-1] for line in first.stderr if "health: " in line)
    until = time.monotonic() + 120
    while not is_healthy(health):
        assert time.monotonic() < until
        time.sleep(0.2)
    refused = begin(project, "schedule", "serve")
    _, err = refused.communicate(timeout=120)
    assert refused.returncode == 8, err
    second = begin(project, "schedule", "run", "--once", "--wait")
    time.sleep(1)
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=120)
    assert first.returncode == 0
    _, err = second.communicate(timeout=300)
    assert second.returncode == 0, err


def is_healthy(address):
    try:
        with urlopen(address, timeout=5) as answer:
            return json.loads(answer.read())["healthy"]
    except (HTTPError, URLError):
        return False
