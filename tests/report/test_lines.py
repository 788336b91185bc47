import re
import threading
from datetime import timedelta

from etl.model.result import Status
from etl.report.lines import Lines


def shown(make, result, *, quiet=False):
    written = []
    lines = Lines(written.append, quiet=quiet)
    for event in make.events(result):
        lines(event)
    return [re.sub(r"^\d\d:\d\d:\d\d  ", "", line) for line in written]


def test_a_step_has_a_line_when_it_starts_and_one_when_it_ends(make):
    lines = shown(make, make.run(make.step()))

    assert lines[-2] == "1 of 1 START clean.flights 2013-02-08 .................... [run]"
    assert lines[-1] == "1 of 1 OK clean.flights 2013-02-08 ....................... [928 rows, 2 quarantined in 1.4s]"


def test_a_warning_shows_what_was_observed_and_what_was_expected(make):
    lines = shown(make, make.run(make.step(status=Status.WARN, expectations=(make.broken(), make.met()))))

    assert "[928 rows, 2 quarantined, 1 warning in 1.4s]" in lines[-2]
    assert lines[-1].strip() == (
        "warn: values_to_not_be_null(dep_delay): expected mostly ≥ 75 %; observed 472 of 930 broken (50.8 %)"
    )


def test_a_skipped_step_says_why(make):
    lines = shown(make, make.run(make.step(status=Status.SKIP, seconds=0.0, message="clean.flights did not succeed")))

    assert lines[-1].endswith("[clean.flights did not succeed]")


def test_quiet_says_only_what_did_not_go_well(make):
    lines = shown(make, make.run(make.step(), make.failing()), quiet=True)

    assert lines[0].startswith("2 of 2 ERROR core.flight_weather")
    assert not [line for line in lines if " OK " in line or "START" in line]


def test_a_year_is_one_line_a_day(make):
    lines = shown(make, make.days(365, lambda day: make.step(interval=day), lambda day: make.step("a.b", interval=day)))

    assert len(lines) == 3 + 365
    assert lines[-1].startswith("365 of 365 OK 2013-12-31 ...")
    assert lines[-1].endswith("[2 steps, 1,856 rows, 4 quarantined in 2.0s]")


def test_an_error_in_a_year_is_shown_in_full(make):
    def step(day):
        return make.failing() if day == "2013-01-03" else make.step(interval=day)

    lines = shown(make, make.days(5, step))

    assert "            jobs/nyc_flights/core.py:40: division by zero" in lines


def test_a_long_silence_is_broken_by_naming_what_runs(make):
    written = []
    lines = Lines(written.append)
    lines(make.event("step_started", {"index": 1, "of": 1}, "clean.flights", "2013-02-08"))

    lines.beat(make.at + timedelta(seconds=20))
    assert len(written) == 1
    lines.beat(make.at + timedelta(seconds=95))

    assert written[-1].endswith("… clean.flights 2013-02-08 for 1m35s")


def test_a_note_is_said_even_when_quiet(make):
    written = []

    Lines(written.append, quiet=True)(make.event("note", {"message": "no report.html: OSError"}))

    assert written[0].endswith("  note: no report.html: OSError")


def test_a_beat_waits_while_an_event_changes_what_is_running(make):
    written, entered, go = [], threading.Event(), threading.Event()

    def write(line):
        written.append(line)
        if "START" in line:
            entered.set()
            go.wait(30)

    lines = Lines(write)
    event = make.event("step_started", {"index": 1, "of": 1}, "clean.flights", "2013-02-08")
    threads = [threading.Thread(target=lines, args=(event,))]
    threads.append(threading.Thread(target=lines.beat, args=(make.at + timedelta(seconds=95),)))
    threads[0].start()
    entered.wait(30)
    threads[1].start()
    assert lines.lock.locked()
    assert len(written) == 1

    go.set()
    for thread in threads:
        thread.join(30)

    assert written[-1].endswith("… clean.flights 2013-02-08 for 1m35s")


def test_a_heartbeat_before_the_first_event_says_nothing(make):
    written = []

    Lines(written.append).beat(make.at)

    assert written == []


def test_a_step_that_ran_again_says_why(make):
    again = make.step(reason="stale: clean_flights changed since run 20130208T060000Z-1b2c3d4e")

    assert shown(make, make.run(again))[-1].strip() == again.reason
    assert "OK" in shown(make, make.run(make.step(reason="new")))[-1]
