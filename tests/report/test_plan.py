"""A plan as text says where each step stands, and tells alike intervals together."""

from etl.model.why import Outlook, State, Why
from etl.report.plan import _standing, _total


def of_days(*whys):
    return [Outlook(step="clean.orders", interval=f"2013-02-0{n}", why=why) for n, why in enumerate(whys, start=1)]


def test_intervals_that_follow_each_other_and_stand_alike_are_told_together():
    good, stale = Why(State.UP_TO_DATE, run_id="a"), Why(State.STALE, "raw.orders: 1 file changed", "b")

    said = list(_standing(of_days(good, Why(State.UP_TO_DATE, run_id="c"), good, stale, good, Why(State.NEW))))

    assert said == [
        "2013-02-01..2013-02-03  up to date",
        "2013-02-04  stale: raw.orders: 1 file changed since run b",
        "2013-02-05  up to date (run a)",
        "2013-02-06  new",
    ]


def test_a_step_without_intervals_stands_for_itself():
    why = Why(State.STALE, "core_airlines changed", "a")

    assert list(_standing([Outlook(step="core.airlines", interval=None, why=why)])) == [
        "stale: core_airlines changed since run a"
    ]


def test_the_last_line_counts_what_would_run():
    whys = [Why(State.NEW), Why(State.UP_TO_DATE), Why(State.WAITS), Why(State.BLOCKED), Why(State.KEPT, "appended")]

    assert _total(of_days(*whys)) == "1 of 5 would run, 1 more if what they read changes, 1 cannot."


def test_what_would_run_is_what_neither_stands_nor_is_kept():
    assert [state for state in State if not Why(state).publishes] == [State.UP_TO_DATE, State.KEPT]
