import importlib.util
import json
import os
import subprocess
import sys
import zipfile
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
        "run",
        "--yes",
        "a",
        "--set",
        "zones.raw=/lake/raw",
        "--set",
        "threads=2",
        "--param",
        "limit=5",
    ]


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


ENGINE = {
    "etl/__init__.py": '__version__ = "2.0.0"\n',
    "etl/cli.py": """
def main(argv, *, bundled):
    from importlib.util import find_spec
    if find_spec("jobs"):
        import jobs.shop
    print(argv)
    return 9
""",
}
JOBS = {"jobs/__init__.py": "", "jobs/shop.py": "'the bundle of this script'\n", "jobs/conf/base.toml": "[zones]\n"}
BUNDLED = ENGINE | JOBS
SAID = (9, "['run', '--yes', 'a']\n")
OTHERS = {
    "an older release": {
        "etl/__init__.py": '__version__ = "1.0.0"\n',
        "etl/cli.py": "raise SystemExit('the old one')\n",
    },
    "another build of the same version": {**ENGINE, "etl/cli.py": "raise SystemExit('the other build')\n"},
    "another package of that name": {"etl/__init__.py": "raise SystemExit('a stranger')\n"},
    "a module of that name": {"etl.py": "raise SystemExit('a stranger')\n"},
    "a folder of that name": {"etl/notes.txt": "extract, transform, load"},
}


def lay(folder, files):
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def pack(file, files):
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return file


def digested(script, name):
    """Return what the manifest says of a package of the bundle."""
    files = {file: text.encode() for file, text in BUNDLED.items() if file.startswith(f"{name}/")}
    made = script.described(name, files, "")
    return {"version": made.version, "sha256": made.sha256}


@pytest.fixture
def bundled(tmp_path, script):
    """Lay out the script with the engine's zip, its manifest, both or neither beside it."""

    def lay_out(*beside):
        folder = tmp_path / "bundle"
        lay(folder, {"main.py": SCRIPT.read_text()})
        if "app.zip" in beside:
            pack(folder / "app.zip", BUNDLED)
        if "bundle.json" in beside:
            said = {key: digested(script, name) for name, key in script.PACKAGES.items()}
            lay(folder, {"bundle.json": json.dumps(said)})
        return folder / "main.py"

    return lay_out


def start(script, *path):
    """Run the script with these entries on Python's path, and nothing of this machine."""
    command = [sys.executable, "-S", str(script), "--job", "a"]
    environ = {"PYTHONPATH": os.pathsep.join(map(str, path))}
    ended = subprocess.run(command, env=environ, cwd=script.parent, capture_output=True, text=True, check=False)
    assert "Traceback" not in ended.stderr
    return ended


def test_the_engine_is_found_in_the_zip_beside_the_script(bundled):
    ended = start(bundled("app.zip"))

    assert (ended.returncode, ended.stdout, ended.stderr) == (*SAID, "")


@pytest.mark.parametrize("beside", [("app.zip",), ("app.zip", "bundle.json")])
@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_the_zip_goes_before_any_other_etl_on_the_path(bundled, tmp_path, other, beside):
    ended = start(bundled(*beside), lay(tmp_path / "image", other))

    assert (ended.returncode, ended.stdout, ended.stderr) == (*SAID, "")


@pytest.mark.parametrize("beside", [(), ("bundle.json",)])
def test_the_zip_of_py_files_goes_before_what_comes_first_on_the_path(bundled, tmp_path, beside):
    older = lay(tmp_path / "image", OTHERS["an older release"])

    ended = start(bundled(*beside), older, pack(tmp_path / "files" / "app.zip", BUNDLED))

    assert (ended.returncode, ended.stdout, ended.stderr) == (*SAID, "")


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_another_etl_is_refused_where_the_zip_is_not_to_be_had(bundled, tmp_path, other):
    image = lay(tmp_path / "image", other)

    ended = start(bundled("bundle.json"), image)

    assert (ended.returncode, ended.stdout) == (5, "")
    assert "this bundle needs etl 2.0.0" in ended.stderr
    assert str(image) in ended.stderr
    assert str(tmp_path / "bundle" / "bundle.json") in ended.stderr
    assert ended.stderr.count("etl 1.0.0") == (other is OTHERS["an older release"])


def test_a_zip_that_is_not_the_bundles_is_refused(bundled, tmp_path):
    script = bundled("bundle.json")
    pack(script.with_name("app.zip"), OTHERS["an older release"])

    ended = start(script)

    assert ended.returncode == 5
    assert "found etl 1.0.0" in ended.stderr
    assert "app.zip; this bundle needs etl 2.0.0" in ended.stderr


@pytest.mark.parametrize("other", ["another package of that name", "a module of that name", "a folder of that name"])
def test_what_is_no_engine_is_refused_even_with_nothing_to_compare(bundled, tmp_path, other):
    ended = start(bundled(), lay(tmp_path / "image", OTHERS[other]))

    assert ended.returncode == 5
    assert "found etl of no version" in ended.stderr


@pytest.mark.parametrize("beside", [(), ("bundle.json",)])
def test_no_etl_at_all_is_refused(bundled, beside):
    ended = start(bundled(*beside))

    assert ended.returncode == 5
    assert "found no etl" in ended.stderr


def test_the_same_engine_is_taken_from_where_it_is_installed(bundled, tmp_path):
    installed = lay(tmp_path / "site", BUNDLED | {"etl/__pycache__/cli.pyc": "what this machine compiled"})

    ended = start(bundled("app.zip", "bundle.json"), installed)

    assert (ended.returncode, ended.stdout, ended.stderr) == (*SAID, "")


@pytest.mark.parametrize("other", [{"jobs/shop.py": "raise SystemExit('of another project')\n"}, {"jobs/more.py": ""}])
def test_the_zip_goes_before_the_jobs_of_another_project(bundled, tmp_path, other):
    elsewhere = lay(tmp_path / "image", BUNDLED | other)

    ended = start(bundled("app.zip", "bundle.json"), elsewhere)

    assert (ended.returncode, ended.stdout, ended.stderr) == (*SAID, "")


def test_the_jobs_of_another_project_are_refused_where_the_zip_is_not_to_be_had(bundled, tmp_path):
    image = lay(tmp_path / "image", ENGINE | {"jobs/__init__.py": "", "jobs/shop.py": "1"})

    ended = start(bundled("bundle.json"), image)

    assert (ended.returncode, ended.stdout) == (5, "")
    assert f"in {image / 'jobs'}; this bundle needs jobs" in ended.stderr


def test_with_nothing_to_compare_it_says_which_engine_runs(bundled, tmp_path):
    installed = lay(tmp_path / "site", ENGINE)

    ended = start(bundled(), installed)

    assert (ended.returncode, ended.stdout) == SAID
    assert "etl 2.0.0" in ended.stderr
    assert str(installed) in ended.stderr
