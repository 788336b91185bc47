"""``etl run`` and what it leaves behind, on real Spark."""

import json

import pytest
from jsonschema import Draft202012Validator

from etl.report.schema import schema

DAY = "2013-02-08"


def test_a_run_publishes_shows_itself_and_leaves_its_artifacts(spark, project, etl, orders):
    orders(DAY, "1,2.5", "2,3.5")

    said = etl("run", "shop", "--date", DAY, "--run-id", "first")

    assert said.code == 0, said.err
    assert not said.out
    assert "\x1b" not in said.err
    assert "OK marts.revenue 2013-02-08" in said.err
    assert "observed 2" in said.err
    assert "Done. PASS=1 WARN=1 FAIL=0 ERROR=0 SKIP=0 NO-OP=0 TOTAL=2" in said.err.splitlines()[-1]
    folder = project / "target" / "runs" / "first"
    for kind in ("manifest", "run_results"):
        Draft202012Validator(schema(kind)).validate(json.loads((folder / f"{kind}.json").read_text()))
    for line in (folder / "events.jsonl").read_text().splitlines():
        Draft202012Validator(schema("event")).validate(json.loads(line))
    assert "shop" in (folder / "report.html").read_text()
    assert (project / "target" / "runs" / "latest").read_text() == "first\n"


def test_the_same_run_again_has_nothing_to_do(spark, etl, orders):
    orders(DAY, "1,2.5", "2,3.5", "3,1.0")
    etl("run", "shop", "--date", DAY)

    said = etl("run", "shop", "--date", DAY, "-o", "json")

    assert said.code == 0
    assert [step["status"] for step in json.loads(said.out)["steps"]] == ["no-op", "no-op"]


def test_a_broken_expectation_holds_the_publish_back_with_exit_code_3(spark, etl, orders):
    orders(DAY, "1,-2.5")

    said = etl("run", "shop", "--date", DAY)

    assert said.code == 3
    assert "FAIL clean.orders" in said.err
    assert "SKIP marts.revenue" in said.err
    assert "target clean.orders: unchanged, it does not exist" in said.err


def test_the_ledger_knows_every_run(spark, etl, orders):
    orders(DAY, "1,2.5")
    etl("run", "shop", "--date", DAY, "--run-id", "good")
    orders("2013-02-09", "1,-2.5")
    etl("run", "shop", "--date", "2013-02-09", "--run-id", "bad")

    runs = json.loads(etl("runs", "-o", "json").out)
    last = json.loads(etl("runs", "last", "-o", "json").out)
    shown = json.loads(etl("show", "clean.orders", "-o", "json").out)

    assert [(run["run_id"], run["exit_code"]) for run in runs] == [("bad", 3), ("good", 0)]
    assert [step["status"] for step in last["steps"]] == ["fail", "skip"]
    assert [row["run_id"] for row in shown["runs"]] == ["bad", "good"]


def test_validate_analyses_every_step_and_reads_nothing(spark, project, etl):
    said = etl("validate")

    assert said.code == 0
    assert "2 steps analysed, 0 errors" in said.err


def test_a_column_that_is_not_there_is_found_before_a_row_is_read(spark, project, etl):
    job = project / "jobs" / "shop.py"
    job.write_text(job.read_text().replace("sum(amount)", "sum(no_such_amount)"))
    said = etl("validate")

    assert said.code == 4
    assert "no_such_amount" in said.err
    assert "Traceback" not in said.err


def test_a_protected_environment_asks_for_yes(etl):
    said = etl("run", "shop", "--date", DAY, "-e", "prod")

    assert said.code == 2
    assert "--yes" in said.err


@pytest.mark.parametrize("run_id", ["../x", "a b", "", ".hidden", "x" * 200])
def test_a_run_id_that_is_no_name_is_refused(etl, run_id):
    assert etl("run", "shop", "--date", DAY, "--run-id", run_id).code == 2


def test_a_run_id_is_used_once(spark, etl, orders):
    orders(DAY, "1,2.5")
    etl("run", "shop", "--date", DAY, "--run-id", "once")

    said = etl("run", "shop", "--date", DAY, "--run-id", "once")

    assert said.code == 2
    assert "'once'" in said.err


def test_the_traceback_of_what_a_step_raised_is_shown_under_debug_only(spark, project, etl, orders):
    orders(DAY, "1,2.5")
    job = project / "jobs" / "shop.py"
    job.write_text(job.read_text().replace("    return orders", '    raise KeyError("amount")'))

    plain = etl("run", "shop", "--date", DAY, "--run-id", "plain")
    debugged = etl("run", "shop", "--date", DAY, "--debug")

    assert (plain.code, "Traceback" in plain.err) == (1, False)
    assert "Traceback" in debugged.err
    assert "Traceback" in (project / "target" / "runs" / "plain" / "events.jsonl").read_text()
