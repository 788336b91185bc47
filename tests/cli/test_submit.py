"""``etl submit --dry-run``: the requests."""

import hashlib
import json
import shlex
import subprocess
import sys

import pytest

PROD = """
state = "s3://shop-prod/state"
artifacts = "s3://shop-prod/artifacts"
bundles = "s3://shop-prod/bundles"

[zones]
raw = "s3://shop-prod/raw"
clean = "s3://shop-prod/clean"
marts = "s3://shop-prod/marts"
quarantine = "s3://shop-prod/quarantine"

[submit.nightly]
platform = "emr"
release = "emr-7.13.0"
cluster_id = "j-2AXXXXXXGAPLF"

[submit.glued]
platform = "glue"
job = "nightly"
role = "EtlRole"
version = "5.1"
"""
SENT = {"main.py": hashlib.sha256(b"main").hexdigest(), "app.zip": hashlib.sha256(b"zip").hexdigest()}
KEYS = {name: {"sha256": digest, "key": f"shop/0.1.0-0123456789ab/{name}"} for name, digest in SENT.items()}
MANIFEST = {"schema_version": 1, "files": KEYS}


@pytest.fixture
def submit(project, etl):
    """``submit("shop", "--to", "nightly")`` is a dry run in prod, of a project whose bundle is built."""
    (project / "conf/env/prod.toml").write_text(PROD)
    (project / "dist").mkdir()
    (project / "dist/bundle.json").write_text(json.dumps(MANIFEST))

    def run(*words):
        return etl("submit", *words, "-e", "prod", "--bundle", str(project / "dist"), "--dry-run")

    return run


def arguments(said):
    """What main.py is given, of a dry run to glued as JSON."""
    given = json.loads(said.out)["calls"][-1]["parameters"]["Arguments"]
    return {key: value for key, value in given.items() if key not in {"--scriptLocation", "--extra-py-files", "--conf"}}


def test_a_dry_run_prints_each_request_and_its_line_for_people(submit):
    said = submit("shop", "--date", "2013-02-08", "--to", "nightly", "--run-id", "r1")

    assert said.code == 0, said.err
    assert "# emr AddJobFlowSteps\n{\n" in said.out
    assert "aws emr add-steps --cluster-id j-2AXXXXXXGAPLF --steps '[{" in said.out
    assert "Nothing was sent: run r1, bundle s3://shop-prod/bundles/shop/0.1.0-0123456789ab" in said.err


def test_the_lines_that_upload_the_bundle_carry_its_digests_and_replace_nothing(submit, project):
    said = json.loads(submit("shop", "--date", "2013-02-08", "--to", "nightly", "-o", "json").out)

    assert shlex.split(said["uploads"][1]) == [
        *("aws", "s3api", "put-object", "--bucket", "shop-prod"),
        *("--key", "bundles/shop/0.1.0-0123456789ab/app.zip", "--body", str(project / "dist" / "app.zip")),
        *("--if-none-match", "*", "--checksum-sha256", "SnD+mqZDbgLC3qNA+9HjUuTvLYzmylKtJdS5VHH8i/I="),
    ]


def test_a_dry_run_as_json_has_requests_lines_and_warnings(submit):
    said = json.loads(submit("shop", "--date", "2013-02-08", "--to", "glued", "--run-id", "r1", "-o", "json").out)

    assert (said["to"], said["run_id"], said["bundle"]) == (
        "glued",
        "r1",
        "s3://shop-prod/bundles/shop/0.1.0-0123456789ab",
    )
    assert [call["operation"] for call in said["calls"]] == ["CreateJob", "StartJobRun"]
    assert all(call["aws_cli"].startswith("aws glue ") for call in said["calls"])
    assert any("EMRFS" in warning for warning in said["warnings"])


def test_the_entry_script_is_told_what_was_asked_for_here(submit):
    said = submit(
        *("shop", "clean.*", "--date", "2013-02-08", "--to", "glued", "--run-id", "r1", "-o", "json"),
        *("--set", "run.threads=4", "--set", "submit.glued.workers=8"),
    )

    assert arguments(said) == {
        "--job": "shop clean.*",
        "--date": "2013-02-08",
        "--set": '{"run.threads": "4"}',
        "--run-id": "r1",
        "--env": "prod",
        "--platform": "glue",
    }
    assert json.loads(said.out)["calls"][-1]["parameters"]["NumberOfWorkers"] == 8


def test_a_date_after_to_ends_a_range_and_a_name_is_a_target(submit):
    said = submit("shop", "--from", "2013-02-01", "--to", "2013-02-08", "--to", "glued", "--run-id", "r1", "-o", "json")

    assert {key: arguments(said)[key] for key in ("--from", "--to")} == {"--from": "2013-02-01", "--to": "2013-02-08"}


def test_yesterday_is_a_date_by_the_time_the_run_begins(submit):
    said = submit("shop", "--date", "yesterday", "--to", "glued", "-o", "json")

    assert arguments(said)["--date"][:2] == "20"


def test_two_braces_never_stand_together_for_yarn_would_take_them_for_a_variable(submit):
    said = submit("shop", "--date", "2013-02-08", "--to", "glued", "-o", "json", "--set", "name={{a}}}")

    text = arguments(said)["--set"]
    assert "{{" not in text
    assert "}}" not in text
    assert json.loads(text) == {"name": "{{a}}}"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["shop", "--date", "2013-02-08"], "--to is missing; known: glued, nightly"),
        (["shop", "--date", "2013-02-08", "--to", "nightlyy"], "did you mean 'nightly'?"),
        (["shop", "--date", "2013-02-08", "--to", "nightly", "--to", "glued"], "--to is given twice"),
        (["shopp", "--date", "2013-02-08", "--to", "nightly"], "shopp"),
        (["shop", "--from", "2013-02-08", "--to", "nightly"], "--from without --to"),
        (["--date", "2013-02-08", "--to", "nightly"], "SELECT"),
        (["shop", "--date", "2013-02-08", "--to", "nightly", "--run-id", "a/b"], "run id"),
    ],
)
def test_a_command_line_that_cannot_be_carried_out_is_exit_code_2(submit, words, said):
    ended = submit(*words)

    assert ended.code == 2
    assert said in ended.err


def test_a_bundle_must_have_been_built(submit, project):
    (project / "dist/bundle.json").unlink()

    said = submit("shop", "--date", "2013-02-08", "--to", "nightly")

    assert said.code == 2
    assert "etl package --out" in said.err


def test_a_bundle_of_another_version_is_not_guessed_at(submit, project):
    (project / "dist/bundle.json").write_text(json.dumps(MANIFEST | {"schema_version": 2}))

    said = submit("shop", "--date", "2013-02-08", "--to", "nightly")

    assert said.code == 2
    assert "has version 2; this Headrace reads 1" in said.err


def test_a_release_on_which_nothing_can_run_is_exit_code_4(submit):
    said = submit("shop", "--date", "2013-02-08", "--to", "nightly", "--set", "submit.nightly.release=emr-6.15.0")

    assert said.code == 4
    assert "--set submit.nightly.release" in said.err


def test_an_environment_without_targets_says_where_to_write_one(submit, project):
    (project / "conf/env/prod.toml").write_text("")

    said = submit("shop", "--date", "2013-02-08", "--to", "nightly")

    assert said.code == 2
    assert "[submit.<name>]" in said.err


def test_a_dry_run_imports_neither_spark_nor_aws(submit, project):
    program = "import sys; from etl.cli import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    line = ["submit", "shop", "--date", "2013-02-08", "--to", "nightly", "-e", "prod", "--dry-run", "-q"]

    done = subprocess.run(
        [sys.executable, "-c", program, *line], cwd=project, capture_output=True, text=True, check=True
    )

    assert "# emr AddJobFlowSteps" in done.stdout
    assert {"pyspark", "boto3", "botocore"} & set(done.stderr.split()) == set()
