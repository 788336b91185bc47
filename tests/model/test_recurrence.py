"""The intervals of every schedule: without gap or overlap, right by the calendar and by the clocks of any zone."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

from hypothesis import given
from hypothesis import strategies as st

from etl import Cron, Daily, Every, Hourly, Monthly
from etl.model.naming import named
from etl.model.recurrence import cut, due_at, grid_of, has, intervals, last_due, next_interval, previous_interval

ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe")
SCHEDULES = [
    kind(zone)
    for zone in ZONES
    for kind in (
        lambda zone: Hourly(10, timezone=zone),
        lambda zone: Daily("02:30", timezone=zone),
        lambda zone: Monthly(5, "02:30", timezone=zone),
        lambda zone: Every("15 minutes", start="2013-01-01T00:05", timezone=zone),
        lambda zone: Every("1 day", start="2013-01-01T02:15", timezone=zone),
        lambda zone: Every("2 weeks", timezone=zone),
        lambda zone: Every("1 month", start="2013-01-31T02:30", timezone=zone),
        lambda zone: Every("1 year", start="2012-02-29", timezone=zone),
        lambda zone: Cron("*/20 * * * *", timezone=zone),
        lambda zone: Cron("30 1,2 * * *", timezone=zone),
        lambda zone: Cron("15 */2 * * MON-FRI", timezone=zone),
        lambda zone: Cron("0 0 L * *", timezone=zone),
    )
]
# The hours around the changes of the clocks of 2013 and 2014, and any others.
CHANGES = [
    datetime.fromisoformat(f"{text}+00:00")
    for text in (
        "2013-03-10T07:00",
        "2013-11-03T06:00",
        "2013-03-31T01:00",
        "2013-10-27T01:00",
        "2013-04-06T15:00",
        "2013-10-05T15:30",
    )
]
NEAR = st.builds(
    lambda change, seconds: change + timedelta(seconds=seconds), st.sampled_from(CHANGES), st.integers(-14_400, 14_400)
)
YEAR_2005 = datetime(2005, 1, 1, tzinfo=UTC)
INSTANTS = NEAR | st.integers(0, 946_080_000).map(lambda seconds: YEAR_2005 + timedelta(seconds=seconds))
SCHEDULED = st.sampled_from(SCHEDULES)


@given(SCHEDULED, INSTANTS)
def test_what_comes_before_the_next_is_where_one_came_from(schedule, instant):
    grid = grid_of(schedule)
    following = grid.after(instant)

    assert following > instant
    assert grid.before(following) <= instant
    assert grid.after(grid.before(following)) == following


@given(SCHEDULED, INSTANTS)
def test_intervals_follow_one_another_without_gap_or_overlap(schedule, instant):
    first = cut(schedule, instant)
    ahead = list(islice(intervals(schedule, first.start, datetime.max.replace(tzinfo=UTC)), 30))

    assert all(one.end == two.start for one, two in pairwise(ahead))
    assert all(previous_interval(schedule, one.end) == one for one in ahead)
    assert all(next_interval(schedule, one.start) == one and has(schedule, one) for one in ahead)
    assert all(due_at(schedule, one) < due_at(schedule, two) for one, two in pairwise(ahead))


@given(SCHEDULED, INSTANTS)
def test_an_instant_lies_in_its_piece_of_time_and_the_key_of_that_names_it(schedule, instant):
    found = cut(schedule, instant)

    assert instant in found
    assert named(schedule, found.key) == found


@given(SCHEDULED, INSTANTS)
def test_the_last_that_is_due_is_due_and_the_next_is_not(schedule, instant):
    last = last_due(schedule, instant)
    if last is None:
        assert due_at(schedule, next_interval(schedule, datetime(1901, 1, 1, tzinfo=UTC))) > instant
    else:
        following = next_interval(schedule, last.end)
        assert due_at(schedule, last) <= instant < due_at(schedule, following)


@given(st.sampled_from(ZONES), INSTANTS, st.sampled_from(["*/20 * * * *", "* 1 * * *", "15 */2 1 * *"]))
def test_a_cron_expression_with_a_star_fires_whenever_the_local_time_matches(zone, instant, expression):
    schedule = Cron(expression, timezone=zone)
    found = cut(schedule, instant)
    minutes = range(1, min(int((found.end - found.start).total_seconds()) // 60, 3000))
    local = [(found.start + timedelta(minutes=each)).astimezone(schedule.zone) for each in minutes]

    def matches(at):
        minute, hour, day = at.minute, at.hour, at.day
        return {
            "*/20 * * * *": minute % 20 == 0,
            "* 1 * * *": hour == 1,
            "15 */2 1 * *": minute == 15 and hour % 2 == 0 and day == 1,
        }[expression]

    assert matches(found.start.astimezone(schedule.zone))
    assert not any(map(matches, local))
