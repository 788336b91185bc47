"""One day as delivered, typed and named with units; rows that cannot be true go to the quarantine.

Reads   raw.flights raw.weather
Writes  clean.flights clean.weather
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from etl import ReplacePartitions, Source, Target, expect, step
from etl.transforms import local_to_utc

ORIGINS = ["EWR", "JFK", "LGA"]
LOCAL = "America/New_York"


@step(
    sources={"flights": Source("raw.flights", interval_column="flight_date")},
    target=Target(
        "clean.flights",
        schema="""
            flight_date DATE NOT NULL, carrier STRING NOT NULL, flight INT NOT NULL, tailnum STRING,
            origin STRING NOT NULL, dest STRING NOT NULL, scheduled_dep_at TIMESTAMP NOT NULL,
            scheduled_hour INT NOT NULL, dep_delay_minutes INT, arr_delay_minutes INT, distance_miles INT,
            cancelled BOOLEAN NOT NULL
        """,
        write=ReplacePartitions("flight_date"),
    ),
    expectations=[
        expect.compound_columns_to_be_unique(["scheduled_dep_at", "carrier", "flight", "origin"]),
        expect.column_values_to_be_in_set("origin", ORIGINS),
        expect.column_values_to_be_between("dep_delay_minutes", -60, 1440, on_failure="quarantine"),
        expect.column_values_to_be_between("scheduled_hour", 0, 23, on_failure="quarantine"),
        expect.column_values_to_be_between("distance_miles", 1, 6000, on_failure="quarantine"),
        expect.column_values_to_not_be_null(
            "dep_delay_minutes",
            mostly=0.75,
            on_failure="warn",
            description="Null is a cancelled flight: 2.5 % in 2013, at most 22 % on any day without a blizzard.",
        ),
        expect.column_values_to_not_be_null(
            "tailnum",
            mostly=0.95,
            on_failure="warn",
            description="Only a cancelled flight has no aircraft: 0.7 % in 2013.",
        ),
        expect.table_row_count_to_be_between(
            500, 1500, on_failure="warn", description="634 to 1,014 departures a day in 2013."
        ),
    ],
    conserve="flights",
)
def clean_flights(flights: DataFrame) -> DataFrame:
    """Type one day's departures and rebuild the scheduled time in UTC.

    Grain: one scheduled departure. Key: scheduled_dep_at, carrier, flight, origin.
    ``flight_date`` and ``scheduled_hour`` are New York's calendar and clock; delays are in minutes, negative is early.
    Nulls: a cancelled flight has no delays, often no tailnum; a diverted one has no arrival delay.
    """
    return flights.select(
        F.make_date("year", "month", "day").alias("flight_date"),
        "carrier",
        "flight",
        "tailnum",
        "origin",
        "dest",
        local_to_utc(F.make_date("year", "month", "day"), F.col("sched_dep_time"), LOCAL).alias("scheduled_dep_at"),
        F.floor(F.col("sched_dep_time") / 100).cast("int").alias("scheduled_hour"),
        F.col("dep_delay").alias("dep_delay_minutes"),
        F.col("arr_delay").alias("arr_delay_minutes"),
        F.col("distance").alias("distance_miles"),
        F.col("dep_time").isNull().alias("cancelled"),
    )


@step(
    sources={"weather": Source("raw.weather", interval_column="weather_date")},
    target=Target(
        "clean.weather",
        schema="""
            weather_date DATE NOT NULL, origin STRING NOT NULL, observed_at TIMESTAMP NOT NULL, local_hour INT NOT NULL,
            temperature_f DOUBLE, dew_point_f DOUBLE, humidity_percent DOUBLE, wind_from_degrees INT,
            wind_speed_mph DOUBLE, wind_gust_mph DOUBLE, precipitation_inches DOUBLE, pressure_millibars DOUBLE,
            visibility_miles DOUBLE
        """,
        write=ReplacePartitions("weather_date"),
    ),
    expectations=[
        expect.compound_columns_to_be_unique(["origin", "observed_at"]),
        expect.compound_columns_to_be_unique(
            ["origin", "weather_date", "local_hour"],
            on_failure="warn",
            description="The hour in which the clocks go back comes twice: local time is no key.",
        ),
        expect.column_values_to_be_in_set("origin", ORIGINS),
        expect.column_values_to_be_between(
            "wind_speed_mph",
            0,
            200,
            on_failure="quarantine",
            description="The fastest gust ever measured at a surface station was 253 mph; 1,048 is a typing error.",
        ),
        expect.column_values_to_be_between("humidity_percent", 0, 100, on_failure="quarantine"),
        expect.table_row_count_to_be_between(
            60, 75, on_failure="warn", description="Three airports, an observation an hour."
        ),
    ],
    conserve="weather",
)
def clean_weather(weather: DataFrame) -> DataFrame:
    """Name one day's observations with their units.

    Grain: one hour at one airport. Key: origin, observed_at (UTC). ``weather_date`` and ``local_hour`` are New York's;
    in autumn one local hour is two. ``observed_at`` is taken as delivered: local time cannot tell those two apart.
    Nulls: any measurement may be missing; gusts mostly are.
    """
    return weather.select(
        F.make_date("year", "month", "day").alias("weather_date"),
        "origin",
        F.date_trunc("hour", "time_hour").alias("observed_at"),
        F.col("hour").alias("local_hour"),
        F.col("temp").alias("temperature_f"),
        F.col("dewp").alias("dew_point_f"),
        F.col("humid").alias("humidity_percent"),
        F.col("wind_dir").alias("wind_from_degrees"),
        F.col("wind_speed").alias("wind_speed_mph"),
        F.col("wind_gust").alias("wind_gust_mph"),
        F.col("precip").alias("precipitation_inches"),
        F.col("pressure").alias("pressure_millibars"),
        F.col("visib").alias("visibility_miles"),
    )
