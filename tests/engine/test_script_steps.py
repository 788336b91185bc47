"""Programs in any language as steps: staged, ended with all that they began, audited and published like any rows."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from datetime import date
from pathlib import Path

import pytest

from etl import Merge, ReplacePartitions, Source, expect, script_step
from etl.engine.stop import Stop
from etl.engine.validate import validate
from etl.errors import DefinitionError
from etl.model.result import Status

pytestmark = pytest.mark.once
DAY = date(2013, 2, 8)
DDL = "id INT, day DATE, v STRING"
LONG = 600  # seconds that a program sleeps which is ended
ROWS = [(1, DAY, "a"), (2, DAY, 'b "quoted", é'), (3, DAY, None)]

COPY = {
    "shell": ["bash", "-c", 'cat "$ROWS_STAGING_DIR"/*.csv > "$OUTPUT1_STAGING_DIR"/rows.csv'],
    "python": [
        "python3",
        "-c",
        (
            "import os, shutil\n"
            "inside, out = os.environ['INPUT1_STAGING_DIR'], os.environ['OUTPUT1_STAGING_DIR']\n"
            "for name in os.listdir(inside): shutil.copy(os.path.join(inside, name), out)"
        ),
    ],
    "java": ["java", "{here}/Copy.java"],
    "ruby": [
        "ruby",
        "-e",
        "require 'fileutils'; FileUtils.cp(Dir[ENV['INPUT1_STAGING_DIR'] + '/*'], ENV['OUTPUT1_STAGING_DIR'])",
    ],
}
JAVA = """
import java.nio.file.*;
public class Copy {
    public static void main(String[] args) throws Exception {
        Path in = Path.of(System.getenv("INPUT1_STAGING_DIR")), out = Path.of(System.getenv("OUTPUT1_STAGING_DIR"));
        try (var files = Files.list(in)) {
            for (Path file : files.toList()) Files.copy(file, out.resolve(file.getFileName()));
        }
    }
}
"""


def copying(command, **said):
    return script_step(
        "clean.rows",
        command=command,
        sources={"rows": Source("raw.rows", interval_column="day")},
        **{"schema": DDL, "write": ReplacePartitions("day")} | said,
    )


def effect(*command, **said):
    return script_step("clean.effect", command=list(command), **said)


@pytest.fixture
def rows(lake):
    lake.write("raw.rows", DDL, ROWS)
    return lake


@pytest.fixture
def here(monkeypatch, tmp_path):
    """The folder of the module that declares the steps."""
    folder = tmp_path / "module"
    folder.mkdir()
    monkeypatch.setattr("etl.engine.script_files._folder", lambda _: folder)
    return folder


def has(program):
    return any((Path(folder) / program).is_file() for folder in os.environ["PATH"].split(":"))


@pytest.mark.parametrize("language", COPY)
def test_rows_go_through_a_program_in_any_language(rows, here, language):
    if language == "ruby" and not has("ruby"):
        pytest.skip("there is no ruby here")
    (here / "Copy.java").write_text(JAVA)

    result = rows.run_step(copying(COPY[language]))

    assert result.status is Status.PASS, result.error
    assert sorted(rows.rows("clean.rows"), key=repr) == sorted(ROWS, key=repr)


@pytest.mark.parametrize("files", ["json", "parquet"])
def test_rows_are_staged_in_the_format_that_is_asked_for(rows, files):
    result = rows.run_step(copying(["bash", "-c", 'cp "$INPUT1_STAGING_DIR"/* "$OUTPUT1_STAGING_DIR"'], files=files))
    assert result.status is Status.PASS, result.error
    assert sorted(rows.rows("clean.rows"), key=repr) == sorted(ROWS, key=repr)


def test_where_executors_are_elsewhere_files_go_by_a_folder_beside_the_target(rows, monkeypatch):
    monkeypatch.setattr("etl.engine.room.shares_this_disk", lambda _: False)
    result = rows.run_step(copying(COPY["shell"]))
    assert result.status is Status.PASS, result.error
    assert sorted(rows.rows("clean.rows"), key=repr) == sorted(ROWS, key=repr)
    assert not list((rows.root / "clean/rows").glob("_script*"))


def test_what_a_program_leaves_is_judged_before_it_is_published(rows):
    rows.run_step(copying(COPY["shell"]))
    lost = [
        "bash",
        "-c",
        'echo id,day,v > "$OUTPUT1_STAGING_DIR"/a.csv; echo -1,2013-02-08,z >> "$OUTPUT1_STAGING_DIR"/a.csv',
    ]
    held = rows.run_step(copying(lost, expectations=[expect.column_values_to_be_between("id", 0)]))
    assert (held.status, held.exit_code) == (Status.FAIL, 3)
    assert len(rows.rows("clean.rows")) == 3


def test_what_is_no_row_of_the_schema_is_an_input_error_that_shows_it(rows):
    wrong = ["bash", "-c", 'printf "id,day,v\\none,2013-02-08,z\\n" > "$OUTPUT1_STAGING_DIR"/a.csv']
    result = rows.run_step(copying(wrong))
    assert result.exit_code == 9
    assert "one,2013-02-08,z" in str(result.error)


def test_a_program_that_fails_leaves_the_target_as_it_was_and_says_its_last_words(rows):
    rows.run_step(copying(COPY["shell"]))
    result = rows.run_step(copying(["bash", "-c", "echo no such thing >&2; exit 7"]))
    assert result.exit_code == 1
    assert "bash ended with exit code 7\n    no such thing" in result.error.message
    assert len(rows.rows("clean.rows")) == 3


def test_a_program_that_is_not_there_is_said(rows):
    result = rows.run_step(copying(["no-such-program-here"]))
    assert "ended with exit code 127" in str(result.error)


def test_a_program_that_takes_too_long_is_ended_with_all_that_it_began(rows, tmp_path, monkeypatch):
    monkeypatch.setattr("etl.engine.program.GRACE", 0.5)
    script = f'sleep 600 & echo $! > {tmp_path}/pid; trap "" TERM; wait; sleep 600'
    result = rows.run_step(copying(["bash", "-c", script], timeout="1 second"))
    assert "had not ended after 0:00:01" in str(result.error)
    assert is_gone((tmp_path / "pid").read_text())


def test_nothing_that_a_program_leaves_running_outlives_it(rows, tmp_path):
    script = f'sleep 600 & echo $! > {tmp_path}/pid; cp "$INPUT1_STAGING_DIR"/* "$OUTPUT1_STAGING_DIR"'
    assert rows.run_step(copying(["bash", "-c", script])).status is Status.PASS
    assert is_gone((tmp_path / "pid").read_text())


def is_gone(pid):
    for _ in range(100):
        stat = Path(f"/proc/{pid.strip()}/stat")
        if not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_second_run_is_a_no_op_until_the_scripts_file_changes(rows, here):
    (here / "copy.sh").write_text('cat "$INPUT1_STAGING_DIR"/* > "$OUTPUT1_STAGING_DIR"/a.csv')
    step = copying(["bash", "{here}/copy.sh"])
    first, again = rows.run_step(step), rows.run_step(step)
    (here / "copy.sh").write_text('cat "$INPUT1_STAGING_DIR"/* > "$OUTPUT1_STAGING_DIR"/b.csv')
    changed = rows.run_step(step)
    assert [each.status for each in (first, again, changed)] == [Status.PASS, Status.NO_OP, Status.PASS]


def test_a_program_runs_for_its_effect_once_an_interval(lake, tmp_path):
    step = effect("bash", "-c", f"echo {{start:%Y-%m-%d}} >> {tmp_path}/log; echo done")
    for day in ("2013-02-08", "2013-02-09", "2013-02-08"):
        lake.run_step(step, date=day)
    assert (tmp_path / "log").read_text() == "2013-02-08\n2013-02-09\n"
    assert sorted((row[1], row[3], row[4]) for row in lake.rows("clean.effect")) == [
        ("2013-02-08", 0, "done"),
        ("2013-02-09", 0, "done"),
    ]


def test_an_effect_on_demand_takes_place_whenever_it_is_asked_for(lake, tmp_path):
    step = effect("bash", "-c", f"echo x >> {tmp_path}/log")
    for _ in range(2):
        assert lake.run(step, date=None).steps[0].status is Status.PASS
    assert (tmp_path / "log").read_text() == "x\nx\n"
    assert len(lake.rows("clean.effect")) == 1


def test_folders_are_brought_and_delivered(lake, tmp_path):
    (tmp_path / "in/2013/02").mkdir(parents=True)
    (tmp_path / "in/2013/02/a.txt").write_text("raw bytes")
    command = 'cp "$INPUT1_STAGING_DIR"/a.txt "$OUTPUT1_STAGING_DIR"/b.txt'
    step = effect(
        "bash", "-c", command, inputs=f"{tmp_path}/in/{{start:%Y/%m}}", outputs=f"{tmp_path}/out/{{start:%d}}"
    )
    assert lake.run_step(step).status is Status.PASS
    assert (tmp_path / "out/08/b.txt").read_text() == "raw bytes"


def test_a_folder_that_is_not_there_is_an_input_error(lake, tmp_path):
    result = lake.run_step(effect("true", inputs=f"{tmp_path}/none"))
    assert result.exit_code == 9


def test_a_secret_reaches_the_program_and_nothing_else(lake, monkeypatch, tmp_path):
    monkeypatch.setenv("THE_SECRET", "canary-4711")
    monkeypatch.setenv("OTHER", "canary-0815")
    kept = {}
    step = effect(
        "bash",
        "-c",
        'echo "$PASSWORD" | tee ' + f"{tmp_path}/got" + ' >&2; echo "$OTHER"; exit 3',
        secrets={"PASSWORD": "env://THE_SECRET"},
    )
    result = lake.run(step, keep=lambda name, file: kept.update({name: file.read_text()}))
    assert (tmp_path / "got").read_text() == "canary-4711\n"
    told = f"{result.to_json()} {kept}"
    assert "canary" not in told
    assert "***" in str(result.steps[0].error)
    assert kept["scripts/clean.effect-20130208T0000.stderr"] == "***\n"


def test_what_a_program_gets_of_this_process_is_named(lake, monkeypatch, tmp_path):
    monkeypatch.setenv("GIVEN", "yes")
    monkeypatch.setenv("MANY_A", "a")
    monkeypatch.setenv("HIDDEN", "no")
    step = effect(
        "bash", "-c", f"env > {tmp_path}/env", inherit=["GIVEN", "MANY_*"], environment={"WHEN": "{start:%Y}"}
    )
    assert lake.run_step(step).status is Status.PASS
    names = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines() if "=" in line)
    assert (names["GIVEN"], names["MANY_A"], names["WHEN"], "HIDDEN" in names) == ("yes", "a", "2013", False)


def test_validating_runs_no_program(lake, tmp_path):
    step = effect("bash", "-c", f"touch {tmp_path}/ran")
    assert validate(lake.plan(step), lake.spark) == ()
    assert not (tmp_path / "ran").exists()


def test_a_run_that_is_told_to_stop_ends_its_program(lake, tmp_path):
    stop = Stop()
    threading.Timer(0.0, lambda: (wait_for(tmp_path / "begun"), stop.request(143))).start()
    result = lake.run(effect("bash", "-c", f"touch {tmp_path}/begun; sleep 600"), stop=stop)
    assert result.exit_code == 143
    assert (result.finished_at - result.started_at).total_seconds() < LONG


def wait_for(file):
    while not file.exists():
        time.sleep(0.05)


def test_a_program_dies_with_the_process_that_runs_it(tmp_path):
    import subprocess
    import sys

    program = (
        "import pathlib, sys\n"
        "from etl.engine.program import carry_out\n"
        "from etl.engine.stop import Stop\n"
        "here = pathlib.Path(sys.argv[1])\n"
        "carry_out(['bash', '-c', f'echo $$ > {here}/pid; sleep 600'], {'PATH': '/usr/bin:/bin'}, here,\n"
        "          stdout=here / 'o', stderr=here / 'e', timeout=600, stop=Stop())\n"
    )
    runner = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)])
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.02)
    os.kill(runner.pid, signal.SIGKILL)
    runner.wait()
    assert is_gone((tmp_path / "pid").read_text())


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"command": "ls -l"}, "is no list of words"),
        ({"command": ["ls", "{strat}"]}, "did you mean 'start'"),
        ({"command": ["ls", "{due}"]}, "{due} is not known in a script"),
        ({"command": ["ls"], "schema": "id INT"}, "a schema needs a write"),
        ({"command": ["ls"], "write": Merge("id")}, "without a schema it publishes that it has run"),
        ({"command": ["ls"], "secrets": {"P": "hunter2"}}, "not said by where it lies"),
        ({"command": ["ls"], "files": "xls"}, "is none of"),
        ({"command": ["ls"], "timeout": "soon"}, "no duration"),
    ],
)
def test_what_is_no_script_step_is_refused_with_file_and_line(said, words):
    with pytest.raises(DefinitionError, match=words) as caught:
        script_step("clean.effect", **said)
    assert caught.value.place.file.endswith("test_script_steps.py")
    assert "hunter2" not in str(caught.value)


UPPER = """
import json, os
with open(os.environ["ROWS_STAGING_DIR"] + "/rows.json") as rows:
    found = [json.loads(line) for line in rows]
with open(os.environ["OUTPUT1_STAGING_DIR"] + "/part.json", "w") as out:
    for row in found:
        if row["v"] == "boom":
            raise SystemExit("no " + os.environ["KEY"] + " for boom")
        print(json.dumps(dict(row, v=row["v"] and row["v"].upper(), day="{start:%Y-%m-%d}")), file=out)
"""


def in_pieces(**said):
    return script_step(
        "clean.rows",
        command=["python3", "-c", UPPER],
        sources={"rows": Source("raw.rows", interval_column="day")},
        schema=DDL,
        write=ReplacePartitions("day"),
        secrets={"KEY": "env://SCRIPT_KEY"},
        **{"files": "json", "on": "executors"} | said,
    )


def test_a_program_on_executors_makes_rows_of_rows(lake, monkeypatch):
    monkeypatch.setenv("SCRIPT_KEY", "canary")
    lake.write("raw.rows", DDL, ROWS)

    first, again = lake.run_step(in_pieces()), lake.run_step(in_pieces())

    assert [first.status, again.status] == [Status.PASS, Status.NO_OP]
    assert [row[2] for row in lake.rows("clean.rows")] == ["A", 'B "QUOTED", É', None]


def test_one_that_fails_leaves_the_target_and_is_told_with_its_partition_and_no_secret(lake, monkeypatch):
    monkeypatch.setenv("SCRIPT_KEY", "canary")
    lake.write("raw.rows", DDL, [*ROWS, (4, DAY, "boom")])

    failed = lake.run_step(in_pieces())

    assert (failed.exit_code, lake.rows("clean.rows")) == (1, [])
    assert "python3 ended with exit code 1 (partition " in failed.error.message
    assert "no *** for boom" in failed.error.message


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"files": "csv"}, "on executors rows are lines: files='csv'"),
        ({"inputs": "s3://more"}, "neither inputs nor outputs"),
        ({"on": "moon"}, "on='moon' is none of driver, executors"),
    ],
)
def test_what_cannot_run_on_executors_is_refused(said, told):
    with pytest.raises(DefinitionError, match=re.escape(told)):
        in_pieces(**said)
