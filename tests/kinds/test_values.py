"""Bounds and sets as SQL of the column's own type, against exact arithmetic in Python."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.kinds.ranges import bounds, unbounded, within
from etl.kinds.types import digits, extent
from etl.kinds.values import MisfitError, fit, misfit, spelled


def utc(*parts):
    """A time as an author writes it: UTC by agreement."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)


HOUR = timedelta(hours=1)
KINDS = st.sampled_from(
    ["TINYINT", "SMALLINT", "INT", "BIGINT", "DECIMAL(3,3)", "DECIMAL(10,2)", "DECIMAL(38,0)", "DECIMAL(38,38)"]
)
NUMBERS = st.one_of(
    st.integers(-(10**20), 10**20),
    st.integers(-300, 300),
    st.floats(-1e9, 1e9).filter(lambda value: value == 0 or abs(value) > 1e-9),
    st.decimals(-1000, 1000, places=3),
    st.decimals(-1000, 1000, places=3).map(str),
)
TEST = re.compile(r"x (>=|<=) (-?[\d.]+)(?:BD)?|(true|false)")


def exactly(value):
    return Fraction(Decimal(repr(value)) if isinstance(value, float) else Decimal(value))


def holds(sql, value):
    """Evaluate the few comparisons that a range is made of."""
    for part in sql.split(" AND "):
        sign, bound, constant = TEST.fullmatch(part).groups()
        if constant == "false":
            return False
        if sign and not (value >= Fraction(bound) if sign == ">=" else value <= Fraction(bound)):
            return False
    return True


@given(KINDS, NUMBERS, NUMBERS, st.booleans(), st.booleans(), st.data())
def test_an_exact_number_is_within_its_bounds_if_it_is_in_exact_arithmetic(kind, low, high, above, below, data):
    first, last = extent(kind)
    near = int(exactly(data.draw(st.sampled_from([low, high]))) * 10 ** digits(kind)[1])
    units = data.draw(st.integers(first, last) | st.integers(near - 2, near + 2).filter(lambda n: first <= n <= last))
    value = Fraction(units, 10 ** digits(kind)[1])
    arguments = {"min_value": low, "max_value": high, "strict_min": above, "strict_max": below}

    inside = value > exactly(low) if above else value >= exactly(low)
    inside &= value < exactly(high) if below else value <= exactly(high)

    assert holds(within("x", kind, arguments), value) is inside
    assert all(bound.admits(value) for bound in bounds(arguments, kind)) is inside
    if inside:
        assert unbounded(arguments, kind) is None


@given(KINDS, NUMBERS, NUMBERS)
def test_bounds_are_refused_exactly_where_no_value_of_the_type_lies_within(kind, low, high):
    first, last = (Fraction(end, 10 ** digits(kind)[1]) for end in extent(kind))
    step = Fraction(1, 10 ** digits(kind)[1])
    lowest = max(first, -((-exactly(low)) // step) * step)

    assert (unbounded({"min_value": low, "max_value": high}, kind) is None) is (lowest <= min(last, exactly(high)))


@given(st.datetimes(utc(1900, 1, 1), utc(2100, 1, 1)), st.booleans(), st.booleans(), st.integers(-1, 1))
def test_a_day_is_within_the_bounds_that_its_midnight_is_within(at, least, strict, days):
    day = utc(at.year, at.month, at.day) + timedelta(days=days)
    given = {"min_value": at, "strict_min": strict} if least else {"max_value": at, "strict_max": strict}
    (bound,) = bounds(given, "DATE")

    within_ = day > at if least else day < at
    within_ |= day == at and not strict

    assert bound.admits(day.date()) is within_
    sign, said = re.fullmatch(r"x (\S+) DATE'(.*)'", bound.sql("x")).groups()
    other = datetime.fromisoformat(said)
    assert {">": day > other, ">=": day >= other, "<": day < other, "<=": day <= other}[sign] is within_


@given(st.datetimes(utc(1, 1, 2), utc(9999, 12, 30)), st.timedeltas(timedelta(hours=-14), timedelta(hours=14)))
def test_a_time_is_spelled_in_utc_whatever_zone_it_was_given_in(at, offset):
    minutes = timedelta(minutes=offset // timedelta(minutes=1))
    zoned = (at + minutes).isoformat() + f"{'-' if minutes < timedelta(0) else '+'}" + clock(abs(minutes))

    assert fit(zoned, "TIMESTAMP") == at
    assert spelled(zoned, "TIMESTAMP") == f"TIMESTAMP'{at.isoformat(sep=' ')}Z'"


def clock(length):
    hours, minutes = divmod(length // timedelta(minutes=1), 60)
    return f"{hours:02}:{minutes:02}"


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        (True, "INT", "is not a number"),
        ("1_000", "INT", "is not a number"),
        (" 5", "INT", "is not a number"),
        ("1,5", "DECIMAL(10,2)", "is not a number"),
        ("Infinity", "DOUBLE", "is not a number"),
        (Decimal("NaN"), "DECIMAL(10,2)", "is not a number"),
        (10**38, "BIGINT", "more than the 38 digits"),
        ("1e400", "DOUBLE", "beyond what a DOUBLE holds"),
        (10**400, "DOUBLE", "beyond what a DOUBLE holds"),
        (date(2013, 2, 8), "INT", "is not a number"),
        (20130208, "DATE", "is not a time"),
        ("20130208", "DATE", "is not a time"),
        ("2013-02-30", "DATE", "is not a time"),
        ("2013-W06-5", "DATE", "is not a time"),
        ("2013-02-08T24:30", "TIMESTAMP", "is not a time"),
        ("2013-02-08T05:00:00.1234567", "TIMESTAMP", "is not a time"),
        ("2013-02-08 Europe/Berlin", "TIMESTAMP", "is not a time"),
        (b"a", "STRING", "is not text"),
        (5, "STRING", "is not text"),
        (1, "BOOLEAN", "neither True nor False"),
        ("true", "BOOLEAN", "neither True nor False"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_what_would(value, kind, said):
    with pytest.raises(MisfitError, match=said):
        fit(value, kind)


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        (0.5, "INT", "is no value of INT"),
        (200, "TINYINT", "is no value of TINYINT"),
        (0.125, "DECIMAL(10,2)", r"is no value of DECIMAL\(10,2\)"),
        (float("inf"), "BIGINT", "is no value of BIGINT"),
        ("2013-02-08T05:00", "DATE", "has a time of day"),
    ],
)
def test_a_set_holds_only_values_that_the_column_can_have(value, kind, said):
    assert re.search(said, misfit({"value_set[0]": value}, kind))


@pytest.mark.parametrize(
    ("value", "kind", "sql"),
    [
        (5.0, "INT", "5"),
        ("5", "BIGINT", "5"),
        (0.1, "DECIMAL(10,2)", "0.10BD"),
        (0.1, "FLOAT", "float('0.1')"),
        (1, "DOUBLE", "double('1.0')"),
        (float("nan"), "DOUBLE", "double('nan')"),
        ("it's", "STRING", r"'it\'s'"),
        (date(2013, 2, 8), "TIMESTAMP", "TIMESTAMP'2013-02-08 00:00:00Z'"),
        ("2013-02-08 05:00:00.5 +01:00", "TIMESTAMP_NTZ", "TIMESTAMP_NTZ'2013-02-08 04:00:00.500000'"),
        (utc(2013, 2, 8), "DATE", "DATE'2013-02-08'"),
    ],
)
def test_a_value_is_spelled_in_the_column_s_own_type(value, kind, sql):
    assert spelled(value, kind) == sql


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("INT", {"min_value": 2, "max_value": 1}),
        ("INT", {"min_value": 0.2, "max_value": 0.8}),
        ("INT", {"min_value": 1, "max_value": 2, "strict_min": True, "strict_max": True}),
        ("TINYINT", {"min_value": 300}),
        ("DOUBLE", {"min_value": 1, "max_value": 1, "strict_max": True}),
        ("DATE", {"min_value": "2013-02-08", "max_value": "2013-02-07"}),
        ("STRING", {"min_value": "b", "max_value": "a"}),
        ("STRING", {"min_value": "\uffff", "max_value": "\uff5e"}),
    ],
)
def test_bounds_that_leave_no_value_are_refused(kind, arguments):
    assert f"no {kind} lies" in unbounded(arguments, kind)
