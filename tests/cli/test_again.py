"""A second run, and the plan of it, say what changed and do no more than that asks for."""

import json
import shutil

import pytest

DAYS = ("2013-02-08", "2013-02-09", "2013-02-10")
RANGE = ("--from", DAYS[0], "--to", "2013-02-11")


@pytest.fixture
def ran(spark, project, etl, orders):
    """Three days, published by the run ``first``."""
    for day in DAYS:
        orders(day, "1,2.5", "2,3.5", "3,4.5")
    assert etl("run", "shop", *RANGE, "--run-id", "first").code == 0

    def again(*options):
        said = json.loads(etl("run", "shop", *(options or ("--date", DAYS[0])), "-o", "json").out)["steps"]
        return [(step["step"], step["status"], step["reason"]) for step in said]

    return again


def test_an_edit_runs_one_step_again_and_its_readers_only_if_its_rows_changed(edit, ran):
    edit('"""Keep an order as it came."""', '"""Keep an order."""  # as it came')
    assert [status for _, status, _ in ran()] == ["no-op", "no-op"]

    edit("return orders", 'return orders.where("amount > 0")')
    assert ran() == [
        ("clean.orders", "pass", "stale: clean_orders changed since run first; its rows are the same"),
        ("marts.revenue", "no-op", "up to date (run first)"),
    ]

    edit("amount > 0", "amount < 4")
    clean, marts = ran()
    assert (clean[1], marts[1]) == ("warn", "pass")
    assert marts[2] == "stale: clean.orders: published again since run first"


def test_the_query_of_one_step_is_its_own(edit, ran):
    edit("SELECT day, sum(amount) AS amount", "SELECT day, 2 * sum(amount) /* twice */ AS amount")
    assert ran() == [
        ("clean.orders", "no-op", "up to date (run first)"),
        ("marts.revenue", "pass", "stale: the query changed since run first"),
    ]

    edit("/* twice */ AS", "AS")
    assert [status for _, status, _ in ran()] == ["no-op", "no-op"]


def test_the_plan_names_the_days_that_a_corrected_file_made_stale(etl, orders, ran):
    orders(DAYS[1], "1,2.5", "2,3.5", "3,5.5")

    text = etl("plan", "shop", *RANGE, "--why").out
    planned = json.loads(etl("plan", "shop", *RANGE, "--why", "-o", "json").out)["outlook"]

    assert "2013-02-08  up to date (run first)" in text
    assert "2013-02-09  stale: raw.orders: 1 file changed since run first" in text
    assert text.splitlines()[-1] == "1 of 6 would run, 1 more if what they read changes. Nothing was written."
    assert [each["state"] for each in planned] == [*["up to date"] * 2, "stale", "waits", *["up to date"] * 2]
    assert [status for _, status, _ in ran(*RANGE)] == [*["no-op"] * 2, "pass", "pass", *["no-op"] * 2]


def test_a_project_that_has_moved_with_its_lake_publishes_nothing(project, etl, ran):
    for name in ("lake", "jobs", "conf"):
        shutil.copytree(project / name, project / "moved" / name)
        shutil.rmtree(project / name)

    said = etl("run", "shop", *RANGE, "-C", str(project / "moved"), "-o", "json")

    assert {step["status"] for step in json.loads(said.out)["steps"]} == {"no-op"}


def test_a_day_that_somebody_deleted_is_no_green_no_op(project, ran):
    shutil.rmtree(project / "lake" / "clean" / "orders" / f"day={DAYS[0]}")

    clean, _ = ran()

    assert clean[1] == "pass"
    assert clean[2].startswith(f"stale: 1 data file of clean.orders {DAYS[0]} missing (day={DAYS[0]}/part-")
