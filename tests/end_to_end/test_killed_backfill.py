"""A backfill that is killed: what was left is known, and done by ``etl retry`` or by the same command."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

DAYS = [f"2013-02-{n:02d}" for n in range(1, 9)]
RANGE = ("--from", "2013-02-01", "--to", "2013-02-09")
JOB = '''
"""Orders by day, and their sums.

Reads   raw.orders
Writes  clean.orders marts.sums
"""
from etl import Append, Daily, Job, ReplacePartitions, Source, Target, sql_step, step

JOB = Job(schedule=Daily())


@step(
    sources={"orders": Source("raw.orders", interval_column="day")},
    target=Target("clean.orders", "id INT, day DATE", ReplacePartitions("day")),
)
def clean(orders):
    """Copy the orders."""
    return orders


SUMS = sql_step(
    "marts.sums",
    sql="SELECT day, count(*) AS orders FROM orders GROUP BY day",
    sources={"orders": Source("clean.orders", interval_column="day")},
    schema="day DATE, orders BIGINT NOT NULL",
    write=Append(),
)
'''
FILES = {
    "conf/base.toml": 'state = "target/state"\nartifacts = "target"\n[zones]\nraw = "lake/raw"\nclean = "lake/clean"\n'
    'marts = "lake/marts"\nquarantine = "lake/quarantine"\n',
    "conf/datasets.toml": '[raw.orders]\nformat = "csv"\nschema = "id INT, day DATE"\npartitioned_by = ["day"]\n',
    "conf/env/local.toml": '[run]\nplatform = "local"\n',
    "jobs/__init__.py": "",
    "jobs/shop.py": JOB,
} | {f"lake/raw/orders/day={day}/orders.csv": f"id\n{n}\n{n + 100}\n" for n, day in enumerate(DAYS)}


def etl(project, *argv):
    script = "import sys; from etl.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", script, *argv]
    return subprocess.Popen(
        command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def ended(project):
    """How many steps have ended, of the one run that there is."""
    text = "".join(file.read_text() for file in project.glob("target/runs/victim/events.jsonl"))
    return text.count('"kind": "step_finished"')


@pytest.mark.once
@pytest.mark.spark
def test_what_a_killed_backfill_left_is_done_by_a_retry_and_by_nothing_twice(tmp_path):
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    victim = etl(tmp_path, "backfill", "shop", *RANGE, "--parallel", "2", "--run-id", "victim")
    while victim.poll() is None and ended(tmp_path) < 5:
        time.sleep(0.05)
    os.killpg(victim.pid, signal.SIGKILL)
    victim.communicate()

    said, errors = etl(tmp_path, "retry", "victim", "-o", "json").communicate()

    result = json.loads(said)
    done = ended(tmp_path)
    assert (result["exit_code"], len(result["steps"])) == (0, 16 - done), errors
    assert {step["status"] for step in result["steps"]} <= {"pass", "no-op"}
    rest, errors = etl(tmp_path, "backfill", "shop", *RANGE, "-o", "json").communicate()
    assert (json.loads(rest), "nothing to do" in errors) == ({"planned": []}, True)
    shown, _ = etl(tmp_path, "status", "shop", *RANGE, "-o", "json").communicate()
    assert json.loads(shown)["counts"] == {"published": 16}
    rows = [step["rows"]["published"] for step in result["steps"] if step["step"] == "marts.sums"]
    assert set(rows) <= {0, 1}
