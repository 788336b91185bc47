"""A run on a cluster from the command line, on a real S3 server and with scripted services."""

import hashlib
import json
import os
import signal
import sys
from datetime import timedelta

import pytest
from attrs import evolve

from etl.cli import remote
from etl.config.settings import load_config
from etl.model.event import Event
from etl.model.result import RunResult
from etl.runs.artifacts import open_artifacts
from etl.runs.ledger import Ledger
from etl.runs.stores import open_store
from tests.ship.planes import LOST_AFTER, Planes, RefusedError

TARGETS = """
[submit.glued]
platform = "glue"
job = "nightly"
role = "EtlRole"
version = "5.1"

[submit.serverless]
platform = "emr-serverless"
release = "emr-7.13.0"
role = "arn:aws:iam::123456789012:role/EtlRole"
application_id = "00app"
log_uri = "{root}/logs"
"""
COURSE = ((0, "STARTING"), (60, "RUNNING"), (600, "SUCCEEDED"))
ID = ("--run-id", "one")
DAY = ("--date", "2013-02-08", "-e", "prod")


@pytest.fixture
def bundle(project):
    """``bundle(b"zip")`` builds one of this content."""
    (project / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "0.1.0"\n')

    def build(content=b"zip"):
        files = {"main.py": b"main", "app.zip": content}
        folder = f"shop/0.1.0-{hashlib.sha256(content).hexdigest()[:12]}"
        (project / "dist").mkdir(exist_ok=True)
        said = {}
        for name, body in files.items():
            (project / "dist" / name).write_bytes(body)
            said[name] = {"sha256": hashlib.sha256(body).hexdigest(), "key": f"{folder}/{name}"}
        (project / "dist/bundle.json").write_text(json.dumps({"schema_version": 1, "files": said}))
        return folder

    return build


@pytest.fixture
def world(project, s3_bucket, bundle, monkeypatch):
    """Services and an S3 server that the environment prod has everything on; what the driver does is `world.driver`."""
    root = s3_bucket.root
    places = {"state": "state", "artifacts": "artifacts", "bundles": "bundles"}
    text = "".join(f'{key} = "{root}/{value}"\n' for key, value in places.items())
    zones = "".join(f'{zone} = "{root}/{zone}"\n' for zone in ("raw", "clean", "marts", "quarantine"))
    (project / "conf/env/prod.toml").write_text(f"{text}[zones]\n{zones}{TARGETS.format(root=root)}")
    bundle()
    made = Planes(COURSE)
    made.applications["00app"] = {"name": "shop", "at": made.clock.at - timedelta(days=1)}
    asking = made.asking()
    made.driver = lambda: None

    def pause(seconds):
        made.clock.pause(seconds)
        made.driver()

    monkeypatch.setattr(remote, "asking", lambda config: evolve(asking, s3=config.s3, pause=pause))
    monkeypatch.setattr("etl.cli.sending.asking", remote.asking)
    monkeypatch.chdir(project)
    return made


@pytest.fixture
def driver(world, project):
    """``driver(code)`` lets a run do what its driver would: record that it began, tell what happens, record its end."""

    def play(code=0, *, ends=True):
        conf = project / "conf"
        config = load_config(conf, "conf", project, environment="prod", environ={}, overrides={})
        ledger, artifacts = (
            Ledger(open_store(config.state, config.s3)),
            open_artifacts(config.artifacts, "one", config.s3),
        )
        at = world.clock.now()
        ledger.started("one", at=at, environment="prod", selection=("shop",), intervals=(), artifacts=config.artifacts)
        events = artifacts.events()
        events(Event("note", at, "one", data={"message": "rows are read"}))
        events.close()
        if ends:
            ledger.finished(
                RunResult(
                    run_id="one",
                    environment="prod",
                    started_at=at,
                    finished_at=at + timedelta(seconds=5),
                    steps=(),
                    interrupted=code or None,
                )
            )

    def begin(code=0, *, ends=True, after=120):
        begun = world.clock.at + timedelta(seconds=after)

        def act():
            if world.clock.at >= begun:
                world.driver = lambda: None
                play(code, ends=ends)

        world.driver = act

    return begin


def test_a_run_is_sent_with_its_bundle_and_followed_to_its_end(etl, world, driver, s3_bucket):
    driver()

    said = etl("submit", "shop", "--to", "glued", *DAY, *ID)

    assert said.code == 0, said.err
    assert [key for key in s3_bucket.keys("bundles/") if key.endswith("app.zip")]
    assert f"put {s3_bucket.root}/bundles/shop/0.1.0-" in said.err
    lines = [line for line in said.err.splitlines() if "nightly" in line]
    assert [line.split(": ")[1] for line in lines if line.startswith("glue ")] == [
        "pending (STARTING)",
        "running (RUNNING)",
        "succeeded (SUCCEEDED)",
    ]
    assert "note: rows are read" in said.err
    assert len(world.started("one")) == 1


@pytest.mark.parametrize("code", [3, 9, 130])
def test_the_runs_own_exit_code_comes_back(etl, world, driver, code):
    driver(code)
    world.course = (*COURSE[:2], (600, "FAILED"))

    assert etl("submit", "shop", "--to", "glued", *DAY, *ID).code == code


def test_a_run_that_the_platform_ended_before_it_began_says_why(etl, world):
    world.course = ((0, "STARTING"), (60, "FAILED"))

    said = etl("submit", "shop", "--to", "glued", *DAY, *ID)

    assert said.code == 6
    assert "run one failed, and it did not begin: SystemExit: 3" in said.err
    assert "etl why one" in said.err


def test_a_run_that_left_no_record_of_its_end_is_unknown(etl, world, driver):
    driver(ends=False)

    assert etl("submit", "shop", "--to", "glued", *DAY, *ID).code == 7


def test_a_detached_run_is_followed_from_anywhere(etl, world, driver):
    sent = json.loads(etl("submit", "shop", "--to", "glued", *DAY, *ID, "--detach", "-o", "json").out)
    driver()

    said = etl("follow", "one", "-e", "prod", "-o", "json")

    assert (sent["run_id"], sent["state"]) == ("one", "pending")
    assert said.code == 0, said.err
    assert json.loads(said.out) == {
        "run_id": "one",
        "remote_id": sent["remote_id"],
        "state": "succeeded",
        "used": {"DPU-hours": 2.0},
        "exit_code": 0,
    }


def test_a_run_id_is_sent_once_whatever_was_lost(etl, world, driver):
    world.faults = iter([None, None, None, LOST_AFTER])
    first = json.loads(etl("submit", "shop", "--to", "glued", *DAY, *ID, "--detach", "-o", "json").out)

    again = etl("submit", "shop", "--to", "glued", *DAY, *ID, "--detach", "-o", "json")

    assert json.loads(again.out)["remote_id"] == first["remote_id"]
    assert "run one was sent at" in again.err
    assert len(world.started("one")) == 1


def test_a_run_id_that_was_sent_with_something_else_is_refused(etl, world):
    etl("submit", "shop", "--to", "glued", *DAY, *ID, "--detach")

    said = etl("submit", "shop", "--to", "glued", "--date", "2013-02-09", "-e", "prod", *ID, "--detach")

    assert said.code == 2
    assert "was submitted at" in said.err
    assert "with something else" in said.err


def test_what_a_service_refused_can_be_submitted_again_under_the_same_id(etl, world):
    world.refuses["CreateJob"] = RefusedError(
        "AccessDeniedException", "User: arn:aws:iam::1:user/ann is not authorized to perform: glue:CreateJob"
    )
    refused = etl("submit", "shop", "--to", "glued", *DAY, *ID)
    looked = etl("follow", "one", "-e", "prod")
    world.refuses.clear()

    sent = etl("submit", "shop", "--to", "glued", *DAY, *ID, "--detach")

    assert (refused.code, looked.code, sent.code) == (5, 2, 0)
    assert "glue:CreateJob on Glue job nightly is not allowed" in refused.err
    assert "run one could not be sent" in looked.err


def test_a_run_is_cancelled_by_its_id(etl, world):
    etl("submit", "shop", "--to", "glued", *DAY, *ID, "--detach")
    world.clock.pause(100)

    said = etl("cancel", "one", "-e", "prod")
    world.clock.pause(100)
    again = etl("cancel", "one", "-e", "prod")

    assert "asked to end; now running (STOPPING)" in said.out
    assert "it had ended: cancelled" in again.out
    assert etl("follow", "one", "-e", "prod").code == 6


def test_status_of_a_run_says_what_the_platform_says_and_what_it_costs(etl, world):
    etl("submit", "shop", "--to", "glued", *DAY, *ID, "--detach")
    world.clock.pause(100)

    said = json.loads(etl("status", "one", "-e", "prod", "-o", "json").out)

    assert (said["platform"], said["state"], said["status"]) == ("glue", "running", "not begun")
    assert said["DPU-hours"] == "2.00"
    assert said["cost"].startswith("about 0.88 USD")


def test_logs_are_the_drivers_wherever_the_platform_puts_them(etl, world, s3_bucket):
    import gzip

    world.course = ((0, "PENDING"), (60, "RUNNING"))
    etl("submit", "shop", "--to", "serverless", *DAY, *ID, "--detach")
    assert etl("logs", "one", "-e", "prod").code == 2
    run = world.started("one")[0]
    key = f"logs/applications/00app/jobs/{run}/SPARK_DRIVER/stderr.gz"
    s3_bucket.server.client().put_object(Bucket=s3_bucket.name, Key=key, Body=gzip.compress(b"one\ntwo\nthree\n"))

    assert etl("logs", "one", "-e", "prod").out == "one\ntwo\nthree\n"
    assert etl("logs", "one", "-e", "prod", "--tail", "1").out == "three\n"


def test_what_was_never_submitted_is_said_to_be_so(etl, world):
    said = etl("cancel", "another", "-e", "prod")

    assert said.code == 2
    assert "another" in said.err


def test_a_bundle_is_deployed_once_and_submitted_from_there(etl, world, s3_bucket, project):
    planned = etl("deploy", "-e", "prod", "--plan")
    assert s3_bucket.keys("bundles/") == []
    deployed = etl("deploy", "-e", "prod")
    again = etl("deploy", "-e", "prod")
    for file in (project / "dist").iterdir():
        file.unlink()

    sent = etl("submit", "shop", "--to", "glued", *DAY, *ID, "--deployed", "--detach")

    assert [line.split()[0] for line in planned.out.splitlines()] == ["put", "put", "put", "prod"]
    assert "prod uses nothing → shop/0.1.0-" in deployed.out
    assert again.out.endswith(", as before\n")
    assert sent.code == 0, sent.err


def test_a_rollback_takes_the_bundle_before_and_no_further_than_there_are_any(etl, world, bundle):
    first = bundle(b"one")
    etl("deploy", "-e", "prod")
    bundle(b"two")
    etl("deploy", "-e", "prod")

    back = etl("deploy", "-e", "prod", "--rollback")
    further = etl("deploy", "-e", "prod", "--rollback")

    assert back.out.endswith(f"→ {first}\n")
    assert further.code == 2
    assert "no earlier bundle" in further.err


def test_old_bundles_go_and_the_one_in_use_stays(etl, world, bundle, s3_bucket):
    folders = []
    for number in range(4):
        folders.append(bundle(f"{number}".encode()))
        etl("deploy", "-e", "prod")
    etl("deploy", "-e", "prod", "--rollback")

    said = etl("deploy", "-e", "prod", "--keep", "1", "--rollback")

    left = {key.split("/")[2] for key in s3_bucket.keys("bundles/shop/0.1.0")}  # whose times are in whole seconds
    assert said.code == 0, said.err
    assert folders[1].split("/")[1] in left
    assert len(left) <= 2


def test_other_bytes_under_a_bundles_key_are_never_replaced(etl, world, bundle, s3_bucket):
    folder = bundle(b"mine")
    client = s3_bucket.server.client()
    client.put_object(Bucket=s3_bucket.name, Key=f"bundles/{folder}/app.zip", Body=b"theirs")

    said = etl("deploy", "-e", "prod")

    assert said.code == 5
    assert "is another file" in said.err
    assert client.get_object(Bucket=s3_bucket.name, Key=f"bundles/{folder}/app.zip")["Body"].read() == b"theirs"


def test_a_file_that_changed_since_it_was_built_is_not_uploaded(etl, world, bundle, project, s3_bucket):
    bundle(b"built")
    (project / "dist/app.zip").write_bytes(b"changed")

    said = etl("deploy", "-e", "prod")

    assert said.code != 0
    assert [key for key in s3_bucket.keys("bundles/") if key.endswith("app.zip")] == []


def test_why_a_run_never_began_is_read_in_its_platforms_log(etl, world):
    world.course = ((0, "STARTING"), (60, "FAILED"))
    etl("submit", "shop", "--to", "glued", *DAY, *ID)
    run = world.started("one")[0]
    said = "py4j.protocol.Py4JJavaError: An error occurred\nCaused by: java.lang.OutOfMemoryError: Java heap space"
    world.streams["/aws-glue/jobs/error", run] = said.splitlines()

    told = etl("why", "one", "-e", "prod")

    assert told.code == 0, told.err
    assert "memory" in told.out
    assert "the driver's log" in told.out


def test_why_does_without_logs_that_cannot_be_had(etl, world):
    world.course = ((0, "STARTING"), (60, "FAILED"))
    etl("submit", "shop", "--to", "glued", *DAY, *ID)
    world.refuses["GetJobRun"] = RefusedError("AccessDeniedException", "not authorized to perform: glue:GetJobRun")

    told = etl("why", "one", "-e", "prod")

    assert told.code == 0
    assert "Warning: the platform's logs cannot be had: glue:GetJobRun" in told.err


def test_a_protected_environment_is_submitted_to_when_it_is_confirmed(etl, world, project):
    file = project / "conf/env/prod.toml"
    file.write_text(file.read_text() + "[run]\nprotected = true\n")

    refused = etl("submit", "shop", "--to", "glued", *DAY, *ID, "--detach")
    sent = etl("submit", "shop", "--to", "glued", *DAY, *ID, "--detach", "--yes")

    assert (refused.code, sent.code) == (2, 0)
    assert len(world.started("one")) == 1


def test_a_command_that_is_told_to_end_cancels_its_run_and_sees_it_to_its_end(etl, world):
    def told():
        world.driver = lambda: None
        os.kill(os.getpid(), signal.SIGTERM)

    world.driver = told

    said = etl("submit", "shop", "--to", "glued", *DAY, *ID)

    assert said.code == 6
    assert "told to end: so is run one" in said.err
    assert "run one was cancelled" in said.err


def test_ctrl_c_where_nobody_can_be_asked_leaves_the_run_at_work(etl, world):
    def pressed():
        world.driver = lambda: None
        raise KeyboardInterrupt

    world.driver = pressed

    said = etl("submit", "shop", "--to", "glued", *DAY, *ID)

    assert said.code == 130
    assert "run one goes on" in said.err
    assert world.asked["BatchStopJobRun"] == 0


def test_a_bundle_is_fetched_for_a_replay_and_its_bytes_are_compared(
    etl, world, project, tmp_path, monkeypatch, s3_bucket
):
    from etl.errors import UsageError
    from etl.model.s3 import S3Settings
    from etl.ship import deploy
    from etl.ship.built import built_in
    from etl.ship.record import kept_bundle

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    etl("deploy", "-e", "prod")
    built = built_in(project / "dist")
    there = f"{s3_bucket.root}/bundles/{built.folder}"
    (tmp_path / "a").mkdir()
    deploy.fetch(there, built.digests, S3Settings(), tmp_path / "a")

    kept = kept_bundle(tmp_path / "a", built.digests)

    assert (kept / "app.zip").read_bytes() == (project / "dist/app.zip").read_bytes()
    s3_bucket.server.client().put_object(Bucket=s3_bucket.name, Key=f"bundles/{built.folder}/main.py", Body=b"other")
    (tmp_path / "b").mkdir()
    deploy.fetch(there, built.digests, S3Settings(), tmp_path / "b")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    with pytest.raises(UsageError, match="submitted was"):
        kept_bundle(tmp_path / "b", built.digests)


@pytest.fixture
def processes(monkeypatch, tmp_path):
    """What the processes of `--each` were told; the one of 2013-02-09 ends with 3."""
    from etl.cli import each

    program = (
        "import pathlib, sys, time; words = sys.argv[1:]; key = words[words.index('--date') + 1]; "
        f"pathlib.Path({str(tmp_path)!r}, key + '.words').write_text(' '.join(words)); time.sleep(0.2); "
        "print('Error: a gate', file=sys.stderr) if key == '2013-02-09' else None; sys.exit(3 * (key == '2013-02-09'))"
    )
    monkeypatch.setattr(each, "PROGRAM", (sys.executable, "-c", program))
    return lambda: sorted(file.read_text() for file in tmp_path.glob("*.words"))


def test_each_interval_of_a_range_is_a_run_of_its_own(etl, world, processes):
    said = etl(
        "submit",
        "shop",
        "--from",
        "2013-02-08",
        "--to",
        "2013-02-11",
        "--to",
        "glued",
        "-e",
        "prod",
        *ID,
        "--each",
        "2",
    )

    assert said.code == 3
    told = processes()
    assert [words.split()[3] for words in told] == ["2013-02-08", "2013-02-09", "2013-02-10"]
    assert all("--to glued" in words and "--yes --quiet" in words for words in told)
    assert ["--run-id one-2013-02-08" in told[0], "--run-id one-2013-02-10" in told[2]] == [True, True]
    assert "2013-02-09: exit code 3 Error: a gate" in said.err
    assert "2013-02-10: done" in said.err
