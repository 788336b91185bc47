"""Backfill, status and retry on real Spark: what is missing, failed or changed, and no more."""

import json
import shutil

import pytest

DAYS = ("2013-02-08", "2013-02-09", "2013-02-10", "2013-02-11")
RANGE = ("--from", DAYS[0], "--to", "2013-02-12")

pytestmark = pytest.mark.once


@pytest.fixture
def shop(spark, project, etl, orders):
    """Four days, of which the third breaks a gate."""
    for day in DAYS:
        orders(day, "1,2.5", "2,3.5", "3,4.5")
    orders(DAYS[2], "1,-2.5")

    def said(*argv):
        answer = etl(*argv, "-o", "json")
        assert answer.out, answer.err
        return json.loads(answer.out)

    return said


def ended(result):
    return {(step["step"].partition(".")[2], step["interval"][-2:]): step["status"] for step in result["steps"]}


def states(status):
    letters = {"published": "#", "failed": "x", "missing": ".", "stale": "s"}
    return "".join(letters[cell["state"]] for cell in status["cells"])


def test_a_backfill_runs_what_is_missing_failed_or_changed_and_the_grid_shows_it(shop, project, etl, orders):
    first = shop("backfill", "shop", *RANGE, "--parallel", "2", "--run-id", "first")
    assert first["exit_code"] == 3
    assert ended(first) | {("orders", "10"): "fail", ("revenue", "10"): "skip"} == ended(first)
    assert states(shop("status", "shop", *RANGE)) == "####x.##"

    shutil.rmtree(project / "lake" / "marts" / "revenue")
    assert states(shop("status", "shop", *RANGE)) == "#.#.x.#."
    orders(DAYS[2], "1,2.5", "2,3.5", "3,4.5")
    failed = shop("backfill", "shop", *RANGE, "--mode", "failed")
    assert ended(failed) == {("orders", "10"): "pass", ("revenue", "10"): "pass"}

    dry = etl("backfill", "shop", *RANGE, "--dry-run")
    assert dry.out.splitlines()[1:3] == ["clean.orders", "marts.revenue  oo o"]
    assert "3 of 8 steps in 3 intervals (never published, and what reads them)" in dry.err
    missing = shop("backfill", "shop", *RANGE, "--order", "newest")
    assert [step["interval"] for step in missing["steps"]] == [DAYS[3], DAYS[1], DAYS[0]]
    assert {step["step"] for step in missing["steps"]} == {"marts.revenue"}
    assert etl("backfill", "shop", *RANGE).err == "nothing to do: of 8 steps none was never published\n"

    orders(DAYS[1], "1,2.5", "2,3.5", "3,5.5")
    assert states(shop("status", "shop", *RANGE, "--why")) == "##ss####"
    changed = shop("backfill", "shop", *RANGE, "--mode", "changed")
    assert ended(changed) == {("orders", "09"): "pass", ("revenue", "09"): "pass"}
    everything = shop("backfill", "shop", *RANGE, "--mode", "all")
    assert {step["status"] for step in everything["steps"]} == {"no-op"}
    assert len(everything["steps"]) == 8


def test_a_retry_does_what_did_not_succeed_and_says_what_it_is_the_rest_of(shop, edit, etl, orders):
    etl("run", "shop", *RANGE, "--run-id", "first")
    orders(DAYS[2], "1,2.5", "2,3.5", "3,4.5")
    edit("SELECT day, sum(amount) AS amount", "SELECT day, max(amount) AS amount")

    said = etl("retry", "--run-id", "second", "-o", "json")

    assert ended(json.loads(said.out)) == {("orders", "10"): "pass", ("revenue", "10"): "pass"}
    assert "retry of first: 2 steps of 8 did not succeed" in said.err
    assert "changed since that run, and run as it is now: marts.revenue" in said.err
    again = etl("run", "--resume", "second")
    assert (again.code, again.err) == (0, "run second: nothing to retry: 2 steps succeeded\n")
    run = shop("runs", "second")
    assert (run["retry_of"], run["selection"], run["intervals"]) == ("first", ["shop"], [DAYS[2]])


def test_a_retry_of_a_step_that_is_gone_is_refused(shop, edit, etl):
    etl("run", "shop", *RANGE, "--run-id", "first")
    edit('"marts.revenue"', '"marts.sales"')

    said = etl("retry", "first")

    assert said.code == 4
    assert "step marts.revenue is not in the project any more" in said.err
