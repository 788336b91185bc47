"""What a day's raw rows become."""

from pyspark.sql import functions as F

from jobs.nyc_flights.clean import clean_flights, clean_weather

FLIGHTS = """
    year INT, month INT, day INT, dep_time INT, sched_dep_time INT, dep_delay INT, arr_delay INT, carrier STRING,
    flight INT, tailnum STRING, origin STRING, dest STRING, distance INT
"""
DEPARTED = (2013, 2, 8, 2355, 2359, -4, -5, "B6", 739, "N1", "JFK", "PSE", 1617)
CANCELLED = (2013, 2, 8, None, 600, None, None, "UA", 1, None, "EWR", "ORD", 719)
WEATHER = """
    origin STRING, year INT, month INT, day INT, hour INT, temp DOUBLE, dewp DOUBLE, humid DOUBLE, wind_dir INT,
    wind_speed DOUBLE, wind_gust DOUBLE, precip DOUBLE, pressure DOUBLE, visib DOUBLE, time_hour STRING
"""
MEASURED = (50.0, 40.0, 60.0, 270, 10.4, None, 0.0, 1012.0, 10.0)


def test_the_flight_date_stays_new_yorks_where_utc_is_a_day_ahead(table, assert_table):
    cleaned = clean_flights(table(FLIGHTS, [DEPARTED]))

    times = cleaned.selectExpr("string(flight_date)", "string(scheduled_dep_at)", "scheduled_hour")
    assert_table(times, [("2013-02-08", "2013-02-09 04:59:00", 23)])


def test_a_flight_without_departure_time_is_cancelled(table, assert_table):
    cleaned = clean_flights(table(FLIGHTS, [DEPARTED, CANCELLED]))

    assert_table(cleaned.select("flight", "cancelled"), [(739, False), (1, True)])


def test_a_cancelled_flight_keeps_its_missing_delay_and_tailnum(table, assert_table):
    cleaned = clean_flights(table(FLIGHTS, [CANCELLED]))

    assert_table(cleaned.select("dep_delay_minutes", "arr_delay_minutes", "tailnum"), [(None, None, None)])


def test_a_scheduled_time_that_is_no_time_of_day_has_no_instant(table, assert_table):
    cleaned = clean_flights(table(FLIGHTS, [(*DEPARTED[:4], 1275, *DEPARTED[5:])]))

    assert_table(cleaned.selectExpr("string(scheduled_dep_at)"), [(None,)])


def test_clean_flights_gives_the_targets_columns_in_order(table):
    assert tuple(clean_flights(table(FLIGHTS, [])).columns) == clean_flights.target.schema.names


def test_the_hour_the_clocks_go_back_stays_two_hours_in_utc(table, assert_table):
    rows = [
        ("EWR", 2013, 11, 3, 1, *MEASURED, "2013-11-03T05:00:00Z"),
        ("EWR", 2013, 11, 3, 1, *MEASURED, "2013-11-03T06:00:00Z"),
    ]
    delivered = table(WEATHER, rows).withColumn("time_hour", F.to_timestamp("time_hour"))

    hours = clean_weather(delivered).selectExpr("local_hour", "string(observed_at)")

    assert_table(hours, [(1, "2013-11-03 05:00:00"), (1, "2013-11-03 06:00:00")])


def test_clean_weather_gives_the_targets_columns_in_order(table):
    delivered = table(WEATHER.replace("time_hour STRING", "time_hour TIMESTAMP"), [])

    assert tuple(clean_weather(delivered).columns) == clean_weather.target.schema.names
