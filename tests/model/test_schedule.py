"""Schedules name a time that comes every time."""

import pytest

from etl import Daily, Hourly, Monthly
from etl.errors import DefinitionError
from etl.model.interval import Unit


def test_a_schedule_gives_the_length_of_its_intervals():
    assert [kind().unit for kind in (Hourly, Daily, Monthly)] == [Unit.HOUR, Unit.DAY, Unit.MONTH]


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
