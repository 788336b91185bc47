"""What a flight learns of the weather, its plane and its destination."""

import pytest

from jobs.nyc_flights.core import core_airlines, core_airports, core_flight_weather, core_planes

FLIGHT = {
    "flight_date": "2013-02-08",
    "carrier": "B6",
    "flight": 1,
    "tailnum": "N1",
    "origin": "JFK",
    "dest": "SJU",
    "scheduled_dep_at": "2013-02-08 22:15:00",
    "scheduled_hour": 17,
    "dep_delay_minutes": 3,
    "arr_delay_minutes": 4,
    "distance_miles": 1598,
    "cancelled": False,
}
FLIGHTS = """
    flight_date STRING, carrier STRING, flight INT, tailnum STRING, origin STRING, dest STRING, scheduled_dep_at STRING,
    scheduled_hour INT, dep_delay_minutes INT, arr_delay_minutes INT, distance_miles INT, cancelled BOOLEAN
"""
WEATHER = """
    origin STRING, observed_at STRING, temperature_f DOUBLE, wind_speed_mph DOUBLE, precipitation_inches DOUBLE,
    visibility_miles DOUBLE
"""


@pytest.fixture
def joined(table):
    """Join flights, given by what differs from FLIGHT, with one hour of weather, one plane and one airport."""

    def join(*changes):
        rows = [tuple({**FLIGHT, **change}.values()) for change in changes]
        flights = table(FLIGHTS, rows).selectExpr(
            "date(flight_date) AS flight_date",
            "carrier",
            "flight",
            "tailnum",
            "origin",
            "dest",
            "timestamp(scheduled_dep_at) AS scheduled_dep_at",
            "scheduled_hour",
            "dep_delay_minutes",
            "arr_delay_minutes",
            "distance_miles",
            "cancelled",
        )
        weather = table(WEATHER, [("JFK", "2013-02-08 22:00:00", 31.5, 28.0, 0.1, 2.0)])
        weather = weather.withColumn("observed_at", weather["observed_at"].cast("timestamp"))
        planes = table("tailnum STRING, built_year INT, seats INT", [("N1", 1999, 180)])
        airports = table("faa STRING, name STRING", [("BOS", "Boston")])
        return core_flight_weather(flights, weather, planes, airports)

    return join


def test_a_flight_takes_the_weather_of_the_hour_it_is_scheduled_in(joined, assert_table):
    frame = joined({}, {"flight": 2, "scheduled_dep_at": "2013-02-08 23:00:00"})

    assert_table(frame.select("flight", "weather_known", "wind_speed_mph"), [(1, True, 28.0), (2, False, None)])


def test_weather_of_another_airport_is_not_taken(joined, assert_table):
    assert_table(joined({"origin": "EWR"}).select("weather_known", "temperature_f"), [(False, None)])


def test_a_flight_without_a_tailnum_stays_and_has_no_known_plane(joined, assert_table):
    frame = joined({}, {"flight": 2, "tailnum": None}, {"flight": 3, "tailnum": "N2"})

    planes = frame.select("flight", "plane_known", "plane_seats")
    assert_table(planes, [(1, True, 180), (2, False, None), (3, False, None)])


def test_a_destination_missing_in_the_reference_is_marked(joined, assert_table):
    frame = joined({}, {"flight": 2, "dest": "BOS"})

    assert_table(frame.select("flight", "destination_known", "destination"), [(1, False, None), (2, True, "Boston")])


def test_every_flight_stays_once(joined, assert_table):
    frame = joined({}, {"flight": 2}, {"flight": 3, "dest": "BOS", "tailnum": None, "origin": "LGA"})

    assert_table(frame.select("flight"), [(1,), (2,), (3,)])


def test_flight_weather_gives_exactly_the_targets_columns(joined):
    assert sorted(joined().columns) == sorted(core_flight_weather.target.schema.names)


def test_reference_tables_are_named_with_their_units(table, assert_table):
    planes = table(
        "tailnum STRING, year INT, type STRING, manufacturer STRING, model STRING, engines INT, seats INT, speed INT, "
        "engine STRING",
        [("N1", 1999, "Fixed wing multi engine", "BOEING", "737", 2, 180, None, "Turbo-fan")],
    )
    airports = table(
        "faa STRING, name STRING, lat DOUBLE, lon DOUBLE, alt INT, tz INT, dst STRING, tzone STRING",
        [("BOS", "Boston", 42.4, -71.0, 19, -5, "A", None)],
    )

    assert_table(core_planes(planes).select("built_year", "cruising_speed_mph"), [(1999, None)])
    assert_table(core_airports(airports), [("BOS", "Boston", 42.4, -71.0, 19, None)])
    assert_table(core_airlines(table("carrier STRING, name STRING", [("B6", "JetBlue")])), [("B6", "JetBlue")])
