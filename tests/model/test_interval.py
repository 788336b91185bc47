"""Half-open intervals in UTC, and how time is cut into them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import UsageError
from etl.model.interval import Interval, Unit, after, between, containing, floor, from_key, parse_instant, touching

INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 hypothesis wants naive bounds
UNITS = st.sampled_from(Unit)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@given(INSTANTS, UNITS)
def test_an_instant_lies_in_the_interval_that_contains_it(instant: datetime, unit: Unit) -> None:
    interval = containing(instant, unit)

    assert instant in interval
    assert interval.end not in interval
    assert floor(interval.start, unit) == interval.start


@given(INSTANTS, UNITS, st.integers(1, 60))
def test_a_range_is_cut_without_gap_or_overlap(instant: datetime, unit: Unit, count: int) -> None:
    start = end = floor(instant, unit)
    for _ in range(count):
        end = after(end, unit)

    cut = between(start, end, unit)

    assert len(cut) == count
    assert (cut[0].start, cut[-1].end) == (start, end)
    assert all(one.end == two.start for one, two in pairwise(cut))


@given(INSTANTS, UNITS)
def test_the_key_of_an_interval_names_it(instant: datetime, unit: Unit) -> None:
    interval = containing(instant, unit)

    assert containing(parse_instant(interval.key), unit) == interval


@given(st.lists(INSTANTS, min_size=2), UNITS)
def test_different_intervals_have_different_keys(instants: list[datetime], unit: Unit) -> None:
    intervals = {containing(instant, unit) for instant in instants}

    assert len({interval.key for interval in intervals}) == len(intervals)


def test_an_interval_of_no_unit_is_named_by_both_ends() -> None:
    assert str(Interval(utc(2013, 2, 8), utc(2013, 2, 10))) == "2013-02-08T00:00/2013-02-10T00:00"


def test_the_dates_of_an_interval_are_those_it_touches() -> None:
    days = Interval(utc(2013, 2, 27, 23), utc(2013, 3, 1)).dates()

    assert [str(day) for day in days] == ["2013-02-27", "2013-02-28"]


def test_february_of_a_leap_year_has_29_days() -> None:
    assert len(containing(utc(2012, 2, 29), Unit.MONTH).dates()) == 29


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (utc(2013, 2, 8), utc(2013, 2, 8)),
        (utc(2013, 2, 9), utc(2013, 2, 8)),
        (datetime(2013, 2, 8), utc(2013, 2, 9)),  # noqa: DTZ001 naive is what is refused
        (datetime(2013, 2, 8, tzinfo=timezone(timedelta(hours=1))), utc(2013, 2, 9)),
    ],
)
def test_an_interval_that_is_empty_or_not_in_utc_is_refused(start: datetime, end: datetime) -> None:
    with pytest.raises(UsageError):
        Interval(start, end)


def test_a_boundary_inside_a_unit_is_refused_with_the_nearest_ones() -> None:
    with pytest.raises(UsageError) as caught:
        between(utc(2013, 2, 8, 5), utc(2013, 2, 10), Unit.DAY)

    assert "2013-02-08T00" in caught.value.remedy
    assert "2013-02-09T00" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2013-02-08", utc(2013, 2, 8)),
        ("2013-02", utc(2013, 2, 1)),
        ("2013-02-08T05", utc(2013, 2, 8, 5)),
        ("2013-02-08T05:00Z", utc(2013, 2, 8, 5)),
        ("2013-02-08T22:00-05:00", utc(2013, 2, 9, 3)),
    ],
)
def test_a_time_is_read_as_utc(text: str, instant: datetime) -> None:
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    "text", ["", "today", "2013", "2013-02-30", "2013-13", "08.02.2013", "1899-12-31", "3000-01-01"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_instant(text)


@pytest.mark.parametrize(
    ("key", "by", "start"),
    [
        ("2013-02-08", 2, utc(2013, 2, 6)),
        ("2013-03", 1, utc(2013, 2, 1)),
        ("2013-02-08T00", 1, utc(2013, 2, 7, 23)),
        ("2013-02-08", timedelta(hours=6), utc(2013, 2, 7, 18)),
        ("2013-02-08T00:00/2013-02-10T00:00", 1, utc(2013, 2, 6)),
    ],
)
def test_an_interval_reaches_back_by_intervals_of_its_length_or_by_a_span(
    key: str, by: timedelta | int, start: datetime
) -> None:
    interval = from_key(key)

    assert interval.reaching_back(by) == Interval(start, interval.end)


@given(INSTANTS, UNITS)
def test_a_key_names_its_interval(instant: datetime, unit: Unit) -> None:
    interval = containing(instant, unit)

    assert from_key(interval.key) == interval


def test_the_units_that_an_interval_touches_are_those_it_overlaps() -> None:
    interval = Interval(utc(2013, 1, 31, 12), utc(2013, 2, 2))

    assert [each.key for each in touching(interval, Unit.DAY)] == ["2013-01-31", "2013-02-01"]
    assert [each.key for each in touching(interval, Unit.MONTH)] == ["2013-01", "2013-02"]
    assert all(each.overlaps(interval) for each in touching(interval, Unit.HOUR))
    assert not interval.overlaps(Interval(utc(2013, 2, 2), utc(2013, 2, 3)))
