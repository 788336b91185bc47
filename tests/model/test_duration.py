"""Spans of time, and steps of a calendar, as people write them."""

from datetime import timedelta

import pytest

from etl.errors import UsageError
from etl.model.duration import Period, duration, period


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("10m", 600),
        ("10 minutes", 600),
        ("1 Minute", 60),
        ("1.5h", 5400),
        ("1.5 hours", 5400),
        ("2 days", 172_800),
        ("1 week", 604_800),
        ("PT10M", 600),
        ("PT1H30M", 5400),
        ("P1DT12H", 129_600),
        ("P2W", 1_209_600),
        ("PT0.5S", 0.5),
        (timedelta(hours=2), 7200),
    ],
)
def test_a_duration_is_written_in_words_in_letters_or_as_iso_8601(text, seconds):
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10",
        "m",
        "ten minutes",
        "-1 hour",
        "0s",
        "1 month",
        "P1M",
        "P",
        "PT",
        "P1DT",
        "11 years",
        "999999999w",
        None,
    ],
)
def test_what_is_no_duration_above_zero_is_refused(text):
    with pytest.raises(UsageError, match="duration"):
        duration(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("15 minutes", Period(15, "minutes")),
        ("1 Day", Period(1, "days")),
        ("1 days", Period(1, "days")),
        ("3 MONTHS", Period(3, "months")),
        ("3 years", Period(3, "years")),
    ],
)
def test_a_period_is_a_number_of_steps_of_the_calendar(text, said):
    assert period(text) == said


@pytest.mark.parametrize("text", ["", "day", "0 days", "1.5 days", "37 months", "1 ONDEMAND_PERIOD", "1 second", None])
def test_what_is_no_period_up_to_three_years_is_refused(text):
    with pytest.raises(UsageError, match="period"):
        period(text)


def test_only_minutes_and_hours_are_equally_long_everywhere():
    assert (period("90 minutes").span, period("2 hours").span) == (timedelta(minutes=90), timedelta(hours=2))
    assert (period("1 day").span, period("1 month").span) == (None, None)
