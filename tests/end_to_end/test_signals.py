"""A run that is told to stop: jobs cancelled, results recorded, targets as they were, the signal's exit code."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

JOB = '''
"""A job that takes its time.

Reads   raw.rows
Writes  clean.rows
"""
from etl import Daily, Job, ReplacePartitions, Source, Target, step

JOB = Job(schedule=Daily())


@step(
    sources={"rows": Source("raw.rows", interval_column="day")},
    target=Target("clean.rows", "id INT, day DATE", ReplacePartitions("day")),
)
def slow(rows):
    """Copy the rows, half a minute each."""
    return rows.where("java_method('java.lang.Thread', 'sleep', bigint(30000)) IS NULL OR true").where(
        "length(java_method('java.lang.Thread', 'getAllStackTraces')) > 0"
    )
'''


@pytest.fixture
def project(tmp_path):
    (tmp_path / "conf" / "env").mkdir(parents=True)
    (tmp_path / "conf" / "env" / "local.toml").write_text('[run]\nplatform = "local"\n')
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "__init__.py").write_text("")
    (tmp_path / "jobs" / "slow.py").write_text(JOB)
    (tmp_path / "conf" / "base.toml").write_text(
        '[zones]\nraw = "lake/raw"\nclean = "lake/clean"\nquarantine = "lake/q"\n'
    )
    (tmp_path / "conf" / "datasets.toml").write_text(
        '[raw.rows]\nformat = "csv"\nschema = "id INT, day DATE"\npartitioned_by = ["day"]\n'
    )
    day = tmp_path / "lake" / "raw" / "rows" / "day=2013-02-08"
    day.mkdir(parents=True)
    (day / "rows.csv").write_text("id\n1\n2\n")
    return tmp_path


def is_staging(events):
    return '"phase": "stage"' in events.read_text()  # its last line may be half written


@pytest.mark.once
@pytest.mark.spark
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_with_its_code_and_leaves_the_target_alone(project, sent, code):
    command = [
        sys.executable,
        "-c",
        "import sys; from etl.cli import main; sys.exit(main())",
        "run",
        "slow",
        "--date",
        "2013-02-08",
    ]
    with subprocess.Popen(command, cwd=project, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        while process.poll() is None and not any(map(is_staging, project.glob("target/runs/*/events.jsonl"))):
            time.sleep(0.1)
        time.sleep(2)  # into the write
        process.send_signal(sent)
        rest = process.stderr.read()

    results = json.loads(next(project.glob("target/runs/*/run_results.json")).read_text())
    assert process.returncode == code
    assert results["exit_code"] == code
    assert [step["status"] for step in results["steps"]] == ["cancelled"]
    assert "Traceback" not in rest
    assert not list((project / "lake" / "clean" / "rows" / "_delta_log").glob("*.json"))  # no commit: no table
