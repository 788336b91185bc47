"""What the scheduler decides, on a clock of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from etl import Daily, Hourly, Job, Monthly, alarm, wait
from etl.errors import UsageError
from etl.model.recurrence import cut
from etl.schedule.jobs import Waits
from etl.schedule.marks import marked, paused, resumed
from etl.schedule.record import Mark
from tests.schedule.world import START, World

pytestmark = pytest.mark.once
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TOLD = [alarm.command(["true"])]


def declared(name, job, *waits):
    return name, job, job.schedule, waits


def job(**said):
    return Job(**{"schedule": Daily(start="2013-01-01"), "on_failure": TOLD} | said)


def failing(times, code=75):
    return lambda _, __, number: (code if number <= times else 0, 5)


def alarms(world):
    return [(notice.kind, notice.job, notice.interval) for _, notice in world.alarms]


def by_hand(what, interval=""):
    return Mark(what=what, interval=interval, who="ann@desk", why="tried", at=START)


def test_each_interval_runs_once_when_it_has_ended():
    world = World([declared("sales", job())])
    world.until(START + 3 * DAY)
    assert world.succeeded == {("sales", f"2013-01-0{day}"): 1 for day in (1, 2, 3)}


def test_what_was_missed_is_caught_up_one_after_the_other():
    world = World([declared("sales", job())], now=START + 10 * DAY)
    world.until(START + 10 * DAY + HOUR)
    assert len(world.succeeded) == 10
    assert world.most_at_once["sales"] == 1


def test_without_catch_up_only_the_last_interval_runs():
    world = World([declared("sales", job(catch_up=False))], now=START + 10 * DAY)
    world.until(START + 10 * DAY + HOUR)
    assert list(world.succeeded) == [("sales", "2013-01-10")]


def test_as_many_run_at_once_as_the_job_says():
    world = World([declared("sales", job(max_active_runs=3))], now=START + 10 * DAY)
    world.until(START + 10 * DAY + HOUR)
    assert world.most_at_once["sales"] == 3


def test_a_failed_run_is_tried_again_after_a_delay_that_doubles():
    world = World([declared("sales", job(retries=2, retry_delay="10 minutes"))], fate=failing(2))
    world.until(START + DAY + 2 * HOUR)
    begun = [order.at for order, *_ in world.runs.values()]
    first, second = begun[1] - begun[0] - timedelta(minutes=5), begun[2] - begun[1] - timedelta(minutes=5)
    assert timedelta(minutes=10) <= first <= timedelta(minutes=11)
    assert timedelta(minutes=20) <= second <= timedelta(minutes=22)
    assert world.succeeded["sales", "2013-01-01"] == 1
    assert alarms(world) == []


@pytest.mark.parametrize("code", [2, 3, 4, 9])
def test_what_would_fail_again_is_not_tried_again(code):
    world = World([declared("sales", job(retries=3))], fate=failing(9, code))
    world.until(START + DAY + 2 * HOUR)
    assert len(world.runs) == 1
    assert alarms(world) == [("failure", "sales", "2013-01-01")]


def test_a_run_that_takes_too_long_is_ended_and_tried_again():
    world = World(
        [declared("sales", job(retries=1, attempt_timeout="30 minutes"))],
        fate=lambda _, __, number: (0, 600 if number == 1 else 5),
    )
    world.until(START + DAY + 2 * HOUR)
    assert [code for _, _, code in world.runs.values()] == [143, 0]
    assert world.succeeded["sales", "2013-01-01"] == 1


def test_a_job_waits_for_the_intervals_that_it_reads():
    hourly = Job(schedule=Hourly(start="2013-01-01"))
    world = World(
        [declared("clicks", hourly), declared("daily", job(), Waits("clicks", "clean.clicks", by_column=True))],
        fate=lambda _, key, __: (0, 90 if key.endswith("T23") else 5),
    )
    world.until(START + DAY + HOUR)
    assert world.succeeded["daily", "2013-01-01"] == 0
    assert world.verdicts("daily") == [("2013-01-01", "upstream")]
    world.until(START + DAY + 2 * HOUR)
    assert world.succeeded["daily", "2013-01-01"] == 1


def test_a_monthly_job_waits_for_all_days_of_its_month_and_a_daily_one_for_the_last_month():
    monthly = Job(schedule=Monthly(start="2013-01-01"))
    jobs = [
        declared("daily", job()),
        declared("monthly", monthly, Waits("daily", "clean.days", by_column=True)),
        declared("after", job(), Waits("monthly", "marts.months")),
    ]
    world = World(
        jobs, fate=lambda name, key, number: (75 if (name, key, number) == ("daily", "2013-01-20", 1) else 0, 5)
    )
    world.until(START + 40 * DAY)
    assert world.states("daily")["2013-01-20"] == "failed"
    assert world.states("monthly") == {"2013-01": "cascaded"}
    assert world.states("after")["2013-02-01"] == "cascaded"
    assert world.succeeded["after", "2013-01-30"] == 1, "December is none of the scheduler's"


def test_what_reads_a_failed_interval_fails_with_it_and_is_told_once():
    jobs = [
        declared("sales", job()),
        declared("report", job(), Waits("sales", "clean.sales", by_column=True)),
        declared("mail", job(), Waits("report", "marts.report", by_column=True)),
    ]
    world = World(jobs, fate=lambda name, key, _: (3 if (name, key) == ("sales", "2013-01-01") else 0, 5))
    world.until(START + 3 * DAY)
    assert world.states("mail") == {"2013-01-01": "cascaded"}
    assert alarms(world) == [("failure", "sales", "2013-01-01")]
    assert world.alarms[0][1].affected == ("report 2013-01-01", "mail 2013-01-01")
    assert world.succeeded["mail", "2013-01-02"] == 1


def test_without_cascade_a_reader_waits_until_its_source_is_run_again():
    jobs = [
        declared("sales", job()),
        declared("report", job(cascade=False), Waits("sales", "clean.sales", by_column=True)),
    ]
    world = World(jobs, fate=lambda name, _, number: (3 if (name, number) == ("sales", 1) else 0, 5))
    world.until(START + DAY + HOUR)
    assert world.verdicts("report") == [("2013-01-01", "upstream")]


def test_an_interval_asked_for_again_takes_along_what_had_failed_with_it():
    jobs = [declared("sales", job()), declared("report", job(), Waits("sales", "clean.sales", by_column=True))]
    world = World(jobs, fate=lambda name, _, number: (3 if (name, number) == ("sales", 1) else 0, 5))
    world.until(START + DAY + HOUR)
    each = world.jobs["sales"]
    first = cut(each.schedule, START)
    world.change("sales", lambda record: marked(each, record, first, by_hand("again", first.key)))
    world.until(START + DAY + 2 * HOUR)
    assert world.succeeded == {("sales", "2013-01-01"): 1, ("report", "2013-01-01"): 1}


def test_an_interval_marked_done_lets_its_readers_go_on_without_a_run():
    jobs = [declared("sales", job()), declared("report", job(), Waits("sales", "clean.sales", by_column=True))]
    world = World(jobs, fate=lambda name, _, __: (3 if name == "sales" else 0, 5))
    world.until(START + DAY + HOUR)
    each = world.jobs["sales"]
    first = cut(each.schedule, START)
    world.change("sales", lambda record: marked(each, record, first, by_hand("done", first.key)))
    world.until(START + DAY + 2 * HOUR)
    assert world.succeeded == {("report", "2013-01-01"): 1}
    assert world.record("sales").marks[-1].who == "ann@desk"


def test_an_interval_at_work_cannot_be_marked():
    world = World([declared("sales", job())])
    world.until(START + DAY + timedelta(minutes=2))
    each, record = world.jobs["sales"], world.record("sales")
    with pytest.raises(UsageError, match="is at work as run"):
        marked(each, record, cut(each.schedule, START), by_hand("done"))


def test_a_paused_job_begins_nothing_and_catches_up_when_it_goes_on():
    world = World([declared("sales", job())])
    world.change("sales", lambda record: paused(record, by_hand("pause")))
    world.until(START + 3 * DAY)
    assert world.runs == {}
    assert {what for _, what in world.verdicts("sales")} == {"paused"}
    world.change("sales", lambda record: resumed(record, by_hand("resume")))
    world.until(START + 3 * DAY + HOUR)
    assert len(world.succeeded) == 3


def test_a_late_interval_is_told_once_and_still_runs():
    world = World([declared("sales", job(late_after="1 hour", on_late=TOLD))], fate=lambda *_: (0, 180))
    world.until(START + DAY + 4 * HOUR)
    assert alarms(world) == [("late", "sales", "2013-01-01")]
    assert world.succeeded["sales", "2013-01-01"] == 1


def test_an_interval_that_never_began_expires():
    world = World([declared("sales", job(expire_after="2 hours", wait_for=[wait.s3_key_exists("s3://in/x")]))])
    world.met = lambda _: False
    world.until(START + DAY + 3 * HOUR)
    assert world.states("sales") == {"2013-01-01": "expired"}
    assert alarms(world) == [("failure", "sales", "2013-01-01")]


def test_a_precondition_is_asked_at_its_poll_and_its_time_out_fails_the_interval():
    asked = []
    key = wait.s3_key_exists("s3://in/x", timeout="1 hour", poll="10 minutes")
    world = World([declared("sales", job(wait_for=[key]))])
    world.met = lambda _: bool(asked.append(world.now))
    world.until(START + DAY + 2 * HOUR)
    assert [(at - START - DAY) // timedelta(minutes=1) for at in asked] == [0, 10, 20, 30, 40, 50]
    assert "was not met within 1 h" in world.record("sales").open["2013-01-01"].reason


def test_a_precondition_that_is_met_lets_the_interval_begin():
    key = wait.s3_key_exists("s3://in/x", poll="10 minutes")
    world = World([declared("sales", job(wait_for=[key]))])
    world.met = lambda _: world.now >= START + DAY + timedelta(minutes=25)
    world.until(START + DAY + HOUR)
    assert [order.at - START - DAY for order, *_ in world.runs.values()] == [timedelta(minutes=30)]


def test_a_success_is_told_where_the_job_asks_for_it():
    world = World([declared("sales", job(on_success=TOLD))])
    world.until(START + DAY + HOUR)
    assert alarms(world) == [("success", "sales", "2013-01-01")]


def test_an_alarm_that_fails_is_raised_again_and_fails_nothing():
    world = World([declared("sales", job())], fate=lambda *_: (3, 5))
    raised = []

    def raise_alarm(*told):
        raised.append(told)
        if len(raised) < 3:
            raise OSError("no network")

    world.machine.telling = type(world.machine.telling)(
        jobs=world.jobs, records=world.machine.records, raise_alarm=raise_alarm
    )
    world.until(START + DAY + HOUR)
    assert len(raised) == 3
    assert world.states("sales") == {"2013-01-01": "failed"}


def test_days_begin_and_end_with_daylight_saving_in_the_jobs_own_zone():
    schedule = Daily(at="02:30", timezone="Europe/Berlin", start="2013-03-30")
    world = World([declared("sales", job(schedule=schedule))], now=datetime(2013, 3, 30, tzinfo=UTC))
    world.until(datetime(2013, 4, 2, tzinfo=UTC))
    assert [order.interval.key for order, *_ in world.runs.values()] == ["2013-03-30", "2013-03-31"] or len(
        world.runs
    ) == 2
    lengths = [order.interval.end - order.interval.start for order, *_ in world.runs.values()]
    assert lengths == [timedelta(hours=24), timedelta(hours=23)]


def test_a_decision_of_one_job_asks_for_no_record_of_a_thousand_others():
    jobs = [declared(f"job_{number}", job(schedule=Daily(at="00:00", start="2013-01-01"))) for number in range(1000)]
    jobs.append(declared("hourly", Job(schedule=Hourly(start="2013-01-01"))))
    world = World(jobs)
    world.until(START + timedelta(minutes=30))
    world.store.requests.clear()
    world.until(START + 2 * HOUR + timedelta(minutes=30))
    # Two intervals of the one hourly job: begun and concluded. The daily ones are not read, decided or written.
    assert world.store.requests["put"] == 4
    assert world.store.requests["get"] <= 4
