"""Steps that consume files and a topic are killed at any moment, while more comes in: every row is there once.

``python -m pytest tests/faults/test_consumed_kills.py --rounds 100`` is the long form: that many kills.
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
from etl.runs.processes import find, look
from etl.testing import Lake
from tests.faults.consumers import TARGETS, declared, steps

SCRIPT = Path(__file__).with_name("consumers.py")
LONGEST = 8.0  # seconds after a victim's session is there until it is killed
EACH = 40  # rows of a file, and records of a delivery

pytestmark = pytest.mark.once


def test_killed_consumers_leave_every_row_once(spark, kafka_broker, tmp_path, request):
    broker = kafka_broker
    rounds = max(2, request.config.getoption("--rounds") - 3)
    topic, chance = broker.topic(spark), random.Random(7)  # noqa: S311 it is to be repeated, not to be safe
    lake, sent = declared(Lake(spark, tmp_path / "lake"), broker.connection.url, topic), 0

    for number in range(rounds):
        sent = deliver(lake, broker, topic, sent, files=3)
        victim = begin(lake, broker, topic, tmp_path / f"said{number}")
        time.sleep(chance.uniform(0, LONGEST))
        sent = deliver(lake, broker, topic, sent, files=2)
        kill(victim, chance.choice(["group", "jvm"]), tmp_path / f"said{number}")
    results = [lake.run_step(each) for each in steps().values()]

    assert all(result.status in GOOD for result in results), results
    for name in TARGETS:
        assert [row[0] for row in lake.rows(f"clean.{name}")] == sorted(range(sent), key=lambda n: repr((n, f"w{n}")))


def deliver(lake, broker, topic, first, files):
    """Deliver the next rows as files and as records, and return how many there are then."""
    for number in range(first, first + files * EACH, EACH):
        rows = [(n, f"w{n}") for n in range(number, number + EACH)]
        hidden = lake.file("raw.files", f"_{number}", "id,word\n" + "".join(f"{n},{word}\n" for n, word in rows))
        hidden.rename(hidden.with_name(f"{number}.csv"))
        values = [json.dumps({"id": n, "word": word}) for n, word in rows]
        broker.send(lake.spark, topic, *values, partition=number // EACH % 2)
    return first + files * EACH


def begin(lake, broker, topic, said):
    """Start a process that consumes, and return it once its session is there."""
    command = [sys.executable, str(SCRIPT), str(lake.root), broker.connection.url, topic, str(said)]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    while not (said.exists() and said.read_text()):
        assert process.poll() is None
        time.sleep(0.05)
    return process


def kill(process, how, said):
    """Kill a process with its JVM, or the JVM alone first."""
    jvm = find(int(said.read_text()))
    if how == "jvm":
        os.kill(jvm.pid, signal.SIGKILL)
        time.sleep(1.0)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    while look(jvm) != "gone":
        time.sleep(0.05)
