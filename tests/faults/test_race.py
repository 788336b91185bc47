"""Processes that want the same targets at once, on a folder and on S3; no Spark in them."""

import json
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from etl.engine.stop import Stop
from etl.errors import TargetLockedError
from etl.runs.holders import RUNS, held
from etl.runs.leases import Leases
from etl.runs.stores import open_store

RACER = Path(__file__).with_name("racer.py")
EIGHT = [f"run-{number}" for number in range(8)]


@pytest.fixture(params=["folder", "s3"])
def state(request, tmp_path):
    """A state root."""
    return f"{tmp_path if request.param == 'folder' else request.getfixturevalue('s3_bucket').root}/state"


@pytest.fixture
def race(tmp_path, state):
    """``race("50", "run-0", …)`` starts the runs at one moment; gives their processes and what each said."""
    with ExitStack() as stack:

        def start(how, *names, wait=0):
            command = [sys.executable, str(RACER), state, str(tmp_path / "diary")]
            processes = [
                stack.enter_context(
                    subprocess.Popen(
                        [*command, name, how, str(wait)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                    )
                )
                for name in names
            ]
            for process in processes:
                stack.callback(process.kill)
                assert process.stdout.readline() == "ready\n"
            for process in processes:
                process.stdin.write("go\n")
                process.stdin.flush()
            return processes, [json.loads(process.stdout.readline()) for process in processes]

        yield start


def test_of_eight_runs_that_want_many_targets_each_target_has_one_winner_and_the_others_exit_8(race, state, request):
    targets = 50 if "://" not in state else min(50, 2 * request.config.getoption("--rounds"))
    _, said = race(str(targets), *EIGHT)

    winners = Counter(uri for one in said for uri in one["got"])
    assert len(winners) == targets
    assert set(winners.values()) == {1}
    refused = [code for one in said for _, code in one["refused"]]
    assert (len(refused), set(refused)) == (7 * targets, {8})
    assert len(list(held(open_store(state)))) == targets


def test_eight_runs_that_wait_for_one_another_get_through_one_by_one(race, tmp_path):
    _, said = race("all", *EIGHT, wait=120)

    diary = (tmp_path / "diary").read_text().splitlines()
    assert [line.split()[1] for line in diary] == ["in", "out"] * 8
    assert [first.split()[0] for first in diary[::2]] == [second.split()[0] for second in diary[1::2]]
    assert sorted(one["tokens"] for one in said) == [[number] * 3 for number in range(1, 9)]


def test_what_a_killed_run_held_is_free_at_once_and_the_run_is_told_as_lost(race, state):
    (killed,), _ = race("1", "killed")
    store, lost = open_store(state), []
    later = Leases(store=store).begin("later", Stop())
    with pytest.raises(TargetLockedError, match=rf"run killed on .* \(pid {killed.pid}\) since "):
        later.take({"s3a://lake/clean/t0/": "clean.t0"}, lost.append)
    killed.kill()
    killed.wait()

    later.take({"s3a://lake/clean/t0/": "clean.t0"}, lost.append)

    later.check("s3a://lake/clean/t0/")
    assert [(one.run_id, one.lost_to) for one in lost] == [("killed", "later")]
    later.end()
    assert list(held(store)) == []
    assert list(store.list(RUNS)) == []
