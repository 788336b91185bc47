"""Schedules name a time that comes every time."""

import pytest

from etl import Cron, Daily, Every, Hourly, Monthly
from etl.errors import DefinitionError
from etl.model.naming import length


def test_a_schedule_gives_the_length_of_its_intervals():
    every = (Hourly(), Daily(), Monthly(), Every("15 minutes"), Every("2 Weeks"), Cron("0 6 * * MON-FRI"))

    assert [length(each) for each in every] == [
        "hour",
        "day",
        "month",
        "15 minutes",
        "2 weeks",
        "interval of cron 0 6 * * MON-FRI",
    ]


@pytest.mark.parametrize(
    ("declare", "said"),
    [
        (lambda: Daily(at="24:00"), "'24:00'"),
        (lambda: Daily(at="6:00"), "'6:00'"),
        (lambda: Daily(at="06:00\n"), "HH:MM"),
        (lambda: Hourly(minute=60), "minute=60 is outside 0 to 59"),
        (lambda: Hourly(minute=-1), "minute=-1"),
        (lambda: Monthly(day=29), "day=29 is outside 1 to 28"),
        (lambda: Monthly(day=0), "day=0"),
        (lambda: Monthly(at="noon"), "'noon'"),
        (lambda: Every("0 days"), "'0 days'"),
        (lambda: Every("4 years"), "up to 3 years"),
        (lambda: Every("3 fortnights"), "'3 fortnights'"),
        (lambda: Cron("0 6 * *"), "'0 6 * *'"),
        (lambda: Cron("0 0 6 * * *"), "6 fields"),
        (lambda: Cron("61 * * * *"), "Bad minute"),
        (lambda: Cron("0 0 31 2 *"), "Bad day-of-month"),
        (lambda: Daily(timezone="Europe/Berlim"), "did you mean 'Europe/Berlin'?"),
        (lambda: Daily(due="begin"), "due='begin' is neither"),
        (lambda: Daily(start="soon"), "start='soon' is no ISO date"),
        (lambda: Daily(start="2013-02-01", end="2013-02-01"), "is not after start"),
        (lambda: Daily(occurrences=3), "counts from start="),
        (lambda: Daily(start="2013-02-01", occurrences=0), "occurrences=0 is outside"),
        (lambda: Daily(dates="2013-02-01"), "no list of dates"),
        (lambda: Daily(dates=["2013-02-30"]), "day is out of range"),
    ],
)
def test_a_time_that_does_not_come_every_time_is_refused(declare, said):
    with pytest.raises(DefinitionError) as caught:
        declare()

    assert said in caught.value.message


def test_the_bounds_themselves_are_allowed():
    assert [Hourly(0).minute, Hourly(59).minute] == [0, 59]
    assert [Daily("00:00").at, Daily("23:59").at] == ["00:00", "23:59"]
    assert [Monthly(1).day, Monthly(28, "12:30").day] == [1, 28]
