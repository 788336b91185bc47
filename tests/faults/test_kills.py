"""Processes are killed at any moment, a reader looking on: no target is ever torn, and the next run makes it right.

``python -m pytest tests/faults/test_kills.py --rounds 100`` is the long form: that many kills.
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

from etl.model.result import Status
from etl.runs.processes import find, look
from etl.testing import Lake
from tests.faults.log_reader import Reader
from tests.faults.victims import DAYS, DDL, KINDS, ROWS, day_of, delivered, expected, steps

SCRIPT = Path(__file__).with_name("victims.py")
HOW = ("group", "python", "stopped", "jvm")
LONGEST = 14.0  # seconds after a victim's session is there until it is killed

pytestmark = pytest.mark.once


class Victim:
    """A process that publishes, and what it says."""

    def __init__(self, root, first, said):
        self.said = said
        command = [sys.executable, str(SCRIPT), str(root), str(first), str(said)]
        self.process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
        while not self.lines():
            assert self.process.poll() is None
            time.sleep(0.05)
        self.jvm = find(self.lines()[0]["jvm"])

    def lines(self):
        text = self.said.read_text() if self.said.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def kill(self, how):
        if how in {"jvm", "python"}:
            os.kill(self.jvm.pid if how == "jvm" else self.process.pid, signal.SIGKILL)
        else:
            os.killpg(self.process.pid, signal.SIGSTOP if how == "stopped" else signal.SIGKILL)

    def end(self, how):
        """Let what a kill left come to its end; one that was stopped wakes up, and does not know how late it is."""
        if how == "stopped":
            os.killpg(self.process.pid, signal.SIGCONT)
        if how in {"jvm", "stopped"}:
            time.sleep(1.5)
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        while look(self.jvm) != "gone":
            time.sleep(0.05)


@pytest.fixture(scope="module")
def scene(spark, tmp_path_factory):
    """Return a lake whose source has a day for each step of every victim."""
    lake = Lake(spark, tmp_path_factory.mktemp("kills") / "lake")
    lake.write("raw.rows", DDL, [row for number in range(DAYS) for row in delivered(number)])
    reader = Reader({lake.dataset(f"clean.{name}").uri: ROWS - 1 for name in KINDS})
    reader.start()
    yield lake, reader, []
    reader.stop()


def pytest_generate_tests(metafunc):
    if "injury" in metafunc.fixturenames:
        rounds = max(2, metafunc.config.getoption("--rounds") - 2)
        metafunc.parametrize("injury", [(HOW[n % len(HOW)], n) for n in range(rounds)], ids=str)


def test_a_killed_run_leaves_every_target_before_or_after_and_the_next_makes_it_right(scene, injury, tmp_path):
    lake, reader, done = scene
    how, seed = injury
    victim = Victim(lake.root, len(done), tmp_path / "said.jsonl")
    time.sleep(random.Random(seed).uniform(0, LONGEST))  # noqa: S311 it is to be repeated, not to be safe
    victim.kill(how)

    begun, ended = told(victim)
    for name in KINDS:
        sure = [*done, *(day for day in begun if (name, day) in ended)]
        either = [expected(name, sure), *(expected(name, [*sure, day]) for day in begun if day not in sure)]
        assert seen(lake, name) in either, (how, name)

    again = run_again(lake, begun)
    victim.end(how)
    begun, _ = told(victim)  # one that woke up went on
    again += run_again(lake, begun)
    done += begun
    assert all(result.status in {Status.WARN, Status.NO_OP, Status.PASS} for result in again), again
    for name in KINDS:
        assert seen(lake, name) == expected(name, done), (how, name)
        aside = {(row[0], row[1]) for row in lake.rows(f"quarantine.clean_{name}")}
        assert aside >= {delivered(day)[0][:2] for day in done[-1:]}
    assert reader.wrong == []
    assert reader.looks


def seen(lake, name):
    """Return a target's rows, sorted, without what a history keeps for itself."""
    return sorted((row[:6] for row in lake.rows(f"clean.{name}")), key=lambda row: row[0])


def told(victim):
    """Return the days that were begun, and the names and days of what ended well."""
    lines = victim.lines()
    ended = {(line["ended"], line["day"]) for line in lines if "ended" in line and not line["error"]}
    return sorted({line["day"] for line in lines if "began" in line}), ended


def run_again(lake, begun):
    """Run each step once more for the last day that somebody began; the days before were ended."""
    return [lake.run_step(steps()[name], date=str(day_of(day))) for day in begun[-1:] for name in KINDS]
