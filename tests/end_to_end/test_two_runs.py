"""Two ``etl run`` of one target at once: one publishes, the other exits 8; one that was stopped publishes nothing."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from etl.cli import main

JOB = '''
"""A job that stays in its transformation while a file is there.

Reads   raw.rows
Writes  clean.rows
"""
import os
import time
from pathlib import Path

from etl import Daily, Job, ReplacePartitions, Source, Target, step

JOB = Job(schedule=Daily())


@step(
    sources={"rows": Source("raw.rows", interval_column="day")},
    target=Target("clean.rows", "id INT, day DATE", ReplacePartitions("day")),
)
def held_up(rows):
    """Copy the rows, in the end."""
    while Path(os.environ["HELD_UP_BY"]).exists():
        time.sleep(0.05)
    return rows
'''
RUN = [sys.executable, "-c", "import sys; from etl.cli import main; sys.exit(main())", "run", "held", "--date"]


@pytest.fixture
def project(tmp_path):
    day = tmp_path / "lake" / "raw" / "rows" / "day=2013-02-08"
    for path, text in {
        "conf/env/local.toml": '[run]\nplatform = "local"\nlease_seconds = 2\n',
        "conf/base.toml": '[zones]\nraw = "lake/raw"\nclean = "lake/clean"\nquarantine = "lake/q"\n',
        "conf/datasets.toml": '[raw.rows]\nformat = "csv"\nschema = "id INT, day DATE"\npartitioned_by = ["day"]\n',
        "jobs/__init__.py": "",
        "jobs/held.py": JOB,
        "here": "",
        f"{day}/rows.csv": "id\n1\n2\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def etl(project, *argv):
    """A command in this process, which starts no Spark; its code, stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([*argv, "-C", str(project)])
    return code, out.getvalue(), err.getvalue()


def commits(project):
    return sorted(file.name for file in (project / "lake" / "clean" / "rows" / "_delta_log").glob("*.json"))


def is_transforming(project, run_id):
    events = project / "target" / "runs" / run_id / "events.jsonl"
    return events.exists() and '"phase": "transform"' in events.read_text()  # its last line may be half written


@pytest.mark.once
@pytest.mark.spark
def test_a_run_beside_another_exits_8_and_one_that_was_stopped_past_its_lease_publishes_nothing(project):
    held_up = os.environ | {"HELD_UP_BY": str(project / "here")}
    free = os.environ | {"HELD_UP_BY": str(project / "nowhere")}
    command = [*RUN, "2013-02-08", "--run-id"]
    with subprocess.Popen([*command, "first"], cwd=project, stderr=subprocess.PIPE, text=True, env=held_up) as first:
        try:
            while first.poll() is None and not is_transforming(project, "first"):
                time.sleep(0.1)

            beside = etl(project, "run", "held", "--date", "2013-02-08", "--run-id", "second")

            assert beside[0] == 8
            assert f"clean.rows ({project}/lake/clean/rows) is held by run first on " in beside[2]
            assert f"(pid {first.pid}) since " in beside[2]
            assert commits(project) == []

            first.send_signal(signal.SIGSTOP)
            time.sleep(3.5)  # a lease of two seconds, half as long again, and what a listing rounds off
            third = subprocess.run(
                [*command, "third"], cwd=project, stderr=subprocess.PIPE, text=True, env=free, check=False
            )

            assert third.returncode == 0, third.stderr
            assert "run first on " in third.stderr
            assert len(commits(project)) == 1

            (project / "here").unlink()
            first.send_signal(signal.SIGCONT)
            said = first.communicate(timeout=300)[1]
        finally:
            first.kill()

    assert first.returncode == 8, said
    assert "the run lost its targets" in said
    assert len(commits(project)) == 1
    runs = {
        run["run_id"]: (run["status"], run["exit_code"]) for run in json.loads(etl(project, "runs", "-o", "json")[1])
    }
    assert runs == {"first": ("lost", None), "second": ("error", 8), "third": ("pass", 0)}
    assert etl(project, "locks", "list")[1] == "no target is held\n"
