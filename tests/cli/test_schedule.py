"""``etl schedule``: what is due, what it waits for, and what somebody does by hand."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import JOB

pytestmark = pytest.mark.once
SCHEDULED = JOB.replace('Daily(at="06:00")', 'Daily(at="06:00", start="2013-02-08", occurrences=3)')


@pytest.fixture
def shop(project, etl):
    """Three days of long ago, all due."""
    (project / "jobs" / "shop.py").write_text(SCHEDULED)
    return lambda *argv: etl("schedule", *argv)


def said(answer):
    assert answer.code == 0, answer.err
    return json.loads(answer.out)


def test_jobs_are_listed_with_what_comes_next(shop):
    (row,) = said(shop("list", "-o", "json"))
    assert row == {
        "job": "shop",
        "schedule": "each day",
        "done_until": None,
        "next": "2013-02-08",
        "due": "2013-02-09T06:00:00+00:00",
        "open": 0,
        "paused": None,
        "owner": "shop",
    }


def test_the_next_intervals_come_from_the_schedule_alone(shop):
    rows = said(shop("next", "--after", "2013-02-10", "-o", "json"))
    assert [(row["due"][:16], row["interval"]) for row in rows] == [
        ("2013-02-10T06:00", "2013-02-09"),
        ("2013-02-11T06:00", "2013-02-10"),
    ]


def test_what_is_due_is_ready_or_waits_for_its_slot(shop):
    rows = said(shop("due", "-o", "json"))
    assert [(row["interval"], row["state"]) for row in rows] == [
        ("2013-02-08", "ready"),
        ("2013-02-09", "waits for a slot"),
        ("2013-02-10", "waits for a slot"),
    ]


def test_a_precondition_is_asked_and_what_it_found_is_shown(shop, project):
    waiting = SCHEDULED.replace("import Daily, ", "import wait, Daily, ").replace(
        'owner="shop"', 'owner="shop", wait_for=[wait.success_marker("raw.orders")]'
    )
    (project / "jobs" / "shop.py").write_text(waiting)
    first = said(shop("due", "-o", "json"))[0]
    assert first["state"] == "waits"
    assert "lake/raw/orders/_SUCCESS is not there" in first["said"]
    (project / "lake/raw/orders").mkdir(parents=True)
    (project / "lake/raw/orders/_SUCCESS").touch()
    assert said(shop("due", "-o", "json"))[0]["state"] == "ready"


def test_a_marked_interval_is_settled_and_one_asked_for_again_is_due_again(shop):
    assert shop("mark", "shop", "2013-02-08", "--as", "done", "--why", "by hand").code == 0
    assert [row["interval"] for row in said(shop("due", "-o", "json"))] == ["2013-02-09", "2013-02-10"]
    assert said(shop("list", "-o", "json"))[0]["done_until"] == "2013-02-09T00:00:00+00:00"
    shop("mark", "shop", "2013-02-08", "--as", "again", "--why", "corrected")
    assert said(shop("due", "-o", "json"))[0]["interval"] == "2013-02-08"


def test_an_interval_marked_failed_says_who_and_why(shop):
    shop("mark", "shop", "2013-02-08", "--as", "failed", "--why", "source lost")
    first = said(shop("due", "-o", "json"))[0]
    assert first["state"] == "failed"
    assert first["said"].endswith(": source lost")


def test_a_paused_job_waits_and_goes_on(shop):
    shop("pause", "shop", "--why", "repair")
    assert {row["state"] for row in said(shop("due", "-o", "json"))} == {"paused"}
    shop("resume", "shop")
    assert said(shop("due", "-o", "json"))[0]["state"] == "ready"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("due", "shpo"), "shop"),
        (("mark", "shop", "2014-01-01", "--as", "done", "--why", "x"), "has no interval 2014-01-01"),
        (("mark", "shop", "2013-02-08", "--as", "lost", "--why", "x"), "lost"),
        (("run",), "etl schedule serve"),
    ],
)
def test_what_cannot_be_done_is_said(shop, argv, words):
    answer = shop(*argv)
    assert answer.code == 2
    assert words in answer.err


def test_a_project_without_schedules_says_how_to_have_one(project, etl):
    (project / "jobs" / "shop.py").write_text(JOB.replace('schedule=Daily(at="06:00"), ', ""))
    answer = etl("schedule", "list")
    assert answer.code == 2
    assert "no job has a schedule" in answer.err
