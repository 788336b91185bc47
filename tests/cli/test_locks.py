"""``etl locks``, and ``etl run`` beside a run that holds its targets: no Spark."""

import json
import signal
import subprocess
import sys

import pytest
from attrs import evolve

from etl.engine.stop import Stop
from etl.runs.folder import Folder
from etl.runs.leases import Leases
from etl.runs.processes import Here, Process, here


@pytest.fixture
def holding(project):
    """``holding("clean/orders")`` is a run that holds a target of the project; ``where`` is its process."""

    def hold(path="clean/orders", name="clean.orders", where=None):
        leases = Leases(store=Folder(project / "target/state"), here=where or here(), background=False)
        run = leases.begin("20130209T060000Z-7f3a91c2", Stop())
        run.take({str(project / "lake" / path): name}, lambda _: None)
        return run

    return hold


def test_no_lock_is_a_sentence_and_an_empty_list(etl):
    assert etl("locks", "list").out == "no target is held\n"
    assert json.loads(etl("locks", "list", "-o", "json").out) == []


def test_a_held_target_is_listed_with_its_run(etl, holding, project):
    holding()

    (row,) = json.loads(etl("locks", "list", "-o", "json").out)

    assert {key: row[key] for key in ("target", "holder", "state", "host", "pid", "token", "uri")} == {
        "target": "clean.orders",
        "holder": "20130209T060000Z-7f3a91c2",
        "state": "living",
        "host": here().host,
        "pid": str(here().process.pid),
        "token": 1,
        "uri": str(project / "lake/clean/orders"),
    }
    assert "clean.orders" in etl("locks", "list").out


def test_a_target_whose_run_is_dead_is_listed_as_that(etl, holding):
    holding(where=evolve(here(), process=Process(1, "never")))

    assert [row["state"] for row in json.loads(etl("locks", "list", "-o", "json").out)] == ["dead"]


@pytest.mark.parametrize("where", [None, Here("elsewhere", "another boot", Process(7, "1"))])
def test_a_target_is_not_released_from_a_run_that_may_be_at_work(etl, holding, where):
    holding(where=where)

    said = etl("locks", "release", "clean.orders", "--yes")

    assert said.code == 8
    assert "run 20130209T060000Z-7f3a91c2 on" in said.err
    assert "--force" in said.err


def test_a_release_is_confirmed_and_then_done(etl, holding):
    run = holding()

    assert etl("locks", "release", "clean.orders", "--force").code == 2
    said = etl("locks", "release", "clean.orders", "--force", "--yes")

    assert (said.code, said.out) == (0, "clean.orders is free; run 20130209T060000Z-7f3a91c2 had it\n")
    assert etl("locks", "list").out == "no target is held\n"
    assert run.lost is None  # it finds out when it asks


def test_what_a_dead_run_held_needs_no_force(etl, holding, project):
    holding(where=evolve(here(), process=Process(1, "never")))

    assert etl("locks", "release", str(project / "lake/clean/orders"), "--yes").code == 0


def test_a_target_nobody_holds_is_free_already_and_an_unknown_one_is_refused(etl):
    assert etl("locks", "release", "clean.orders", "--yes").out == "nobody holds clean.orders\n"
    assert etl("locks", "release", "clean.ordres", "--yes").code == 2


def test_a_run_beside_one_that_holds_its_target_ends_with_8_and_says_how_to_look(etl, holding, orders):
    holding()
    orders("2013-02-08", "1,2.5")

    said = etl("run", "shop", "--date", "2013-02-08")

    assert said.code == 8
    assert "clean.orders" in said.err
    assert f"is held by run 20130209T060000Z-7f3a91c2 on {here().host} (pid {here().process.pid}) since" in said.err
    assert "etl runs 20130209T060000Z-7f3a91c2, etl locks list" in said.err
    (run,) = json.loads(etl("runs", "-o", "json").out)
    assert (run["exit_code"], run["status"]) == (8, "error")


def test_a_run_that_does_not_publish_what_is_held_is_not_kept(etl, holding):
    holding("elsewhere", "clean.elsewhere")

    assert etl("plan", "shop", "--date", "2013-02-08").code == 0
    assert [row["target"] for row in json.loads(etl("locks", "list", "-o", "json").out)] == ["clean.elsewhere"]


@pytest.mark.parametrize("wait", ["10", "m", "-1s", "1d", ""])
def test_a_duration_without_a_number_or_a_unit_is_refused(etl, wait):
    said = etl("run", "shop", "--date", "2013-02-08", f"--wait={wait}")

    assert said.code == 2
    assert "30s, 10m or 1h" in said.err


def test_a_run_waits_as_long_as_it_was_told(etl, holding, monkeypatch):
    holding()
    monkeypatch.setattr("etl.runs.held.POLL", 0.01)

    said = etl("run", "shop", "--date", "2013-02-08", "--wait", "0.05s", "--progress", "lines")

    assert said.code == 8
    assert "waiting for clean.orders: run 20130209T060000Z-7f3a91c2 on" in said.err


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_waiting_cleanly(etl, holding, project, sent, code):
    holding()
    command = [sys.executable, "-c", "import sys; from etl.cli import main; sys.exit(main())", "run", "shop"]
    given = ["--date", "2013-02-08", "--wait", "1h", "--progress", "lines"]
    with subprocess.Popen([*command, *given], cwd=project, stderr=subprocess.PIPE, text=True) as process:
        said = process.stderr.readline()
        process.send_signal(sent)
        rest = process.stderr.read()

    assert "waiting for clean.orders" in said
    assert process.returncode == code
    assert "Traceback" not in rest
    (run,) = json.loads(etl("runs", "-o", "json").out)
    assert (run["status"], run["exit_code"]) == ("cancelled", code)
    assert [row["holder"] for row in json.loads(etl("locks", "list", "-o", "json").out)] == [
        "20130209T060000Z-7f3a91c2"
    ]
