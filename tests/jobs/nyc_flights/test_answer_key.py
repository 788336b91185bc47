"""The known defects of all 336,776 departures of 2013, found again by the job's own transformations and thresholds."""

import tomllib
from datetime import date
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from pyspark.sql import functions as F

from jobs.nyc_flights import clean, core, landing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
CATALOGUE = Path(__file__).parents[3] / "conf" / "datasets.toml"


@pytest.fixture(scope="module")
def raw(spark, tmp_path_factory):
    """Land the whole year and return a reader of its datasets, as conf/datasets.toml declares them."""
    try:
        distribution(landing.PACKAGE)
    except PackageNotFoundError:
        pytest.skip("the flights data (extra demo) is not installed")
    lake = tmp_path_factory.mktemp("lake")
    landing.land(lake)
    catalogue = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))

    def read(zone, name):
        entry = catalogue[zone][name]
        options = {**entry["options"], "mode": "FAILFAST"}
        return spark.read.csv(str(lake / zone / entry["path"]), schema=entry["schema"], **options)

    return read


@pytest.fixture(scope="module")
def flight_weather(raw):
    weather = clean.clean_weather(raw("raw", "weather"))
    weather = weather.where("wind_speed_mph BETWEEN 0 AND 200 OR wind_speed_mph IS NULL")
    planes, airports = core.core_planes(raw("reference", "planes")), core.core_airports(raw("reference", "airports"))
    return core.core_flight_weather(clean.clean_flights(raw("raw", "flights")), weather, planes, airports)


@pytest.fixture(scope="module")
def days(flight_weather):
    """Everything there is to know of the flights, by day, in one pass."""
    measures = {
        "flights": F.count("*"),
        "cancelled": F.count_if("cancelled"),
        "no_delay": F.count_if(F.col("dep_delay_minutes").isNull()),
        "no_tailnum": F.count_if(F.col("tailnum").isNull()),
        "no_plane": F.count_if(~F.col("plane_known")),
        "orphan_tailnum": F.count_if(~F.col("plane_known") & F.col("tailnum").isNotNull()),
        "no_weather": F.count_if(~F.col("weather_known")),
        "no_destination": F.count_if(~F.col("destination_known")),
        "lost_destinations": F.collect_set(F.when(~F.col("destination_known"), F.col("dest"))),
        "delay_out_of_range": F.count_if(~F.col("dep_delay_minutes").between(-60, 1440)),
        "distance_out_of_range": F.count_if(~F.col("distance_miles").between(1, 6000)),
        "foreign_origin": F.count_if(~F.col("origin").isin(clean.ORIGINS)),
    }
    rows = flight_weather.groupBy("flight_date").agg(*(value.alias(name) for name, value in measures.items())).collect()
    return {row["flight_date"]: row.asDict() for row in rows}


@pytest.fixture(scope="module")
def total(days):
    return lambda name: sum(day[name] for day in days.values())


def test_every_departure_of_the_year_is_there_on_its_day(days, total):
    assert (len(days), total("flights")) == (365, 336_776)


def test_8255_flights_have_no_departure_time(total):
    assert (total("cancelled"), total("no_delay")) == (8_255, 8_255)


def test_a_blizzard_cancelled_half_of_two_days_and_only_they_break_the_threshold(days):
    shares = {day: row["no_delay"] / row["flights"] for day, row in days.items()}

    assert round(shares[date(2013, 2, 8)], 3) == 0.508
    assert round(shares[date(2013, 2, 9)], 3) == 0.575
    assert broken(clean.clean_flights, "dep_delay_minutes", shares) == [date(2013, 2, 8), date(2013, 2, 9)]


def test_2512_flights_have_no_tailnum(days, total):
    shares = {day: row["no_tailnum"] / row["flights"] for day, row in days.items()}

    assert total("no_tailnum") == 2_512
    assert len(broken(clean.clean_flights, "tailnum", shares)) == 7


def test_50094_tailnums_have_no_plane_not_counting_the_flights_without_tailnum(days, total):
    shares = {day: row["orphan_tailnum"] / (row["flights"] - row["no_tailnum"]) for day, row in days.items()}

    assert total("orphan_tailnum") == 50_094
    assert total("no_plane") == 50_094 + 2_512
    assert len(broken(core.core_flight_weather, "plane_known", shares)) == 365


def test_1556_flights_have_no_weather(days, total):
    shares = {day: row["no_weather"] / row["flights"] for day, row in days.items()}

    assert total("no_weather") == 1_556
    assert len(broken(core.core_flight_weather, "weather_known", shares)) == 8


def test_7602_flights_go_to_four_destinations_missing_in_the_reference(days, total):
    shares = {day: row["no_destination"] / row["flights"] for day, row in days.items()}

    assert total("no_destination") == 7_602
    assert {dest for row in days.values() for dest in row["lost_destinations"]} == {"BQN", "PSE", "SJU", "STT"}
    assert len(broken(core.core_flight_weather, "destination_known", shares)) == 365


def test_no_flight_of_the_year_is_quarantined(total):
    assert [total(name) for name in ("delay_out_of_range", "distance_out_of_range", "foreign_origin")] == [0, 0, 0]


def test_the_rebuilt_departure_falls_into_the_delivered_utc_hour(raw):
    rebuilt = clean.local_to_utc(F.make_date("year", "month", "day"), F.col("sched_dep_time"), clean.LOCAL)
    differs = F.count_if(~F.date_trunc("hour", rebuilt).eqNullSafe(F.col("time_hour")))

    assert raw("raw", "flights").agg(differs).first()[0] == 0


def test_scheduled_departures_are_unique_over_the_year(flight_weather):
    keys = clean.clean_flights.expectations[0].columns

    assert flight_weather.groupBy(*keys).count().where("count > 1").count() == 0


def test_three_local_weather_hours_come_twice_and_no_utc_hour_does(raw):
    weather = clean.clean_weather(raw("raw", "weather"))
    local = weather.groupBy("origin", "weather_date", "local_hour").count().where("count > 1").collect()

    assert sorted(tuple(row) for row in local) == [(origin, date(2013, 11, 3), 1, 2) for origin in clean.ORIGINS]
    assert weather.groupBy("origin", "observed_at").count().where("count > 1").count() == 0


def test_one_wind_speed_of_1048_mph_is_quarantined(raw):
    weather = clean.clean_weather(raw("raw", "weather")).where("NOT wind_speed_mph BETWEEN 0 AND 200")

    (row,) = weather.select("origin", "weather_date", "wind_speed_mph").collect()
    assert (row[0], row[1], int(row[2])) == ("EWR", date(2013, 2, 12), 1_048)


def broken(step, column, shares):
    """Return the days whose share of broken rows is more than the step's expectation about the column allows."""
    (expectation,) = (e for e in step.expectations if e.kwargs.get("column") == column and "mostly" in e.kwargs)
    return sorted(day for day, share in shares.items() if 1 - share < expectation.kwargs["mostly"])
