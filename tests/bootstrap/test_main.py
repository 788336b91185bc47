import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "bootstrap" / "main.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("entry_script", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pairs_become_a_run_command(script):
    given = script.pairs(["--job", "nyc_flights", "--date", "2013-02-08", "--env", "prod", "--run-id", "r1"])

    assert " ".join(script.command(given)) == "run --yes nyc_flights --date 2013-02-08 --env prod --run-id r1"


def test_one_json_object_becomes_several_settings(script):
    given = {"job": "a", "set": json.dumps({"zones.raw": "/lake/raw", "threads": 2}), "params": '{"limit": "5"}'}

    assert script.command(given) == [
        "run", "--yes", "a", "--set", "zones.raw=/lake/raw", "--set", "threads=2", "--param", "limit=5",
    ]  # fmt: skip


def test_what_glue_adds_is_left_out_and_says_the_platform(script):
    given = script.pairs(
        ["--JOB_NAME", "x", "--JOB_RUN_ID", "jr_1", "--TempDir", "s3://t", "--enable-metrics", "true", "--job", "a"]
    )

    assert given == {"job": "a", "platform": "glue"}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nyc_flights"], "expected --key value, got 'nyc_flights'"),
        (["--job"], "--job has no value"),
        (["--job", "--date"], "--job has no value"),
        (["--job", "a", "--job", "b"], "--job is given twice"),
        (["--job=a", "b"], "expected --key value, got '--job=a'"),
        (["--job", "a", "--dat", "2013-02-08"], "unknown --dat"),
        (["--date", "2013-02-08"], "--job is missing"),
        (["--job", "a", "--set", "zones"], "--set is not JSON"),
        (["--job", "a", "--params", "[1]"], "--params must be a JSON object"),
    ],
)
def test_other_arguments_end_with_2_and_a_reason(arguments, reason):
    command = [sys.executable, "-I", "-S", str(SCRIPT), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.returncode == 2
    assert reason in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_engine_is_found_in_the_zip_beside_the_script(tmp_path):
    import zipfile

    script = tmp_path / "main.py"
    script.write_bytes(SCRIPT.read_bytes())
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as archive:
        archive.writestr("etl/__init__.py", "")
        archive.writestr("etl/cli.py", "def main(argv):\n    print(argv)\n    return 9\n")

    command = [sys.executable, "-I", "-S", str(script), "--job", "a"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout) == (9, "['run', '--yes', 'a']\n")
