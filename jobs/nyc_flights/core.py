"""The reference data, kept current by key, and one wide row per scheduled departure.

Reads   reference.airlines reference.planes reference.airports clean.flights clean.weather
Writes  core.airlines core.planes core.airports core.flight_weather
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from etl import Merge, ReplacePartitions, Source, Target, expect, step


@step(
    sources={"airlines": Source("reference.airlines")},
    target=Target("core.airlines", schema="carrier STRING NOT NULL, name STRING NOT NULL", write=Merge("carrier")),
    expectations=[expect.column_value_lengths_to_be_between("carrier", 2, 2)],
    conserve="airlines",
)
def core_airlines(airlines: DataFrame) -> DataFrame:
    """Keep the airlines. Grain: one airline. Key: carrier, its two-letter IATA code."""
    return airlines.select("carrier", "name")


@step(
    sources={"planes": Source("reference.planes")},
    target=Target(
        "core.planes",
        schema="""
            tailnum STRING NOT NULL, built_year INT, type STRING, manufacturer STRING, model STRING, engines INT,
            seats INT, cruising_speed_mph INT, engine STRING
        """,
        write=Merge("tailnum"),
    ),
    expectations=[
        expect.column_values_to_be_between("built_year", 1903, 2100, on_failure="warn"),
        expect.column_values_to_be_between("seats", 1, 1000, on_failure="warn"),
    ],
    conserve="planes",
)
def core_planes(planes: DataFrame) -> DataFrame:
    """Keep the planes. Grain: one registered plane. Key: tailnum.

    Nulls: the cruising speed is mostly unknown, the year of construction sometimes.
    """
    return planes.select(
        "tailnum",
        F.col("year").alias("built_year"),
        "type",
        "manufacturer",
        "model",
        "engines",
        "seats",
        F.col("speed").alias("cruising_speed_mph"),
        "engine",
    )


@step(
    sources={"airports": Source("reference.airports")},
    target=Target(
        "core.airports",
        schema="""
            faa STRING NOT NULL, name STRING NOT NULL, latitude DOUBLE NOT NULL, longitude DOUBLE NOT NULL,
            altitude_feet INT, time_zone STRING
        """,
        write=Merge("faa"),
    ),
    expectations=[
        expect.column_values_to_be_between("latitude", -90, 90),
        expect.column_values_to_be_between("longitude", -180, 180),
        expect.column_values_to_not_be_null("time_zone", mostly=0.99, on_failure="warn"),
    ],
    conserve="airports",
)
def core_airports(airports: DataFrame) -> DataFrame:
    """Keep the airports. Grain: one airport. Key: faa.

    Degrees north and east, feet. Nulls: ``time_zone``, an IANA name, is unknown of a few.
    """
    return airports.select(
        "faa",
        "name",
        F.col("lat").alias("latitude"),
        F.col("lon").alias("longitude"),
        F.col("alt").alias("altitude_feet"),
        F.col("tzone").alias("time_zone"),
    )


@step(
    sources={
        "flights": Source("clean.flights", interval_column="flight_date"),
        "weather": Source("clean.weather", interval_column="weather_date"),
        "planes": Source("core.planes"),
        "airports": Source("core.airports"),
    },
    target=Target(
        "core.flight_weather",
        schema="""
            flight_date DATE NOT NULL, carrier STRING NOT NULL, flight INT NOT NULL, tailnum STRING,
            origin STRING NOT NULL, dest STRING NOT NULL, scheduled_dep_at TIMESTAMP NOT NULL,
            scheduled_hour INT NOT NULL, dep_delay_minutes INT, arr_delay_minutes INT, distance_miles INT,
            cancelled BOOLEAN NOT NULL, weather_known BOOLEAN NOT NULL, temperature_f DOUBLE, wind_speed_mph DOUBLE,
            precipitation_inches DOUBLE, visibility_miles DOUBLE, plane_known BOOLEAN NOT NULL, plane_built_year INT,
            plane_seats INT, destination_known BOOLEAN NOT NULL, destination STRING
        """,
        write=ReplacePartitions("flight_date"),
    ),
    expectations=[
        expect.column_values_to_be_in_set(
            "weather_known",
            [True],
            mostly=0.95,
            on_failure="warn",
            description="A station that was silent for an hour or two is no news; 1,556 flights in 2013.",
        ),
        expect.column_values_to_be_in_set(
            "plane_known",
            [True],
            mostly=0.9,
            on_failure="warn",
            row_condition="tailnum IS NOT NULL",
            description="AA and MQ report fleet numbers instead of tail numbers: 50,094 flights in 2013.",
        ),
        expect.column_values_to_be_in_set(
            "destination_known",
            [True],
            mostly=0.99,
            on_failure="warn",
            description="BQN, PSE, SJU and STT are missing in the reference: 7,602 flights in 2013.",
        ),
    ],
    conserve="flights",
)
def core_flight_weather(flights: DataFrame, weather: DataFrame, planes: DataFrame, airports: DataFrame) -> DataFrame:
    """Add to each flight the weather at its origin in the UTC hour of scheduled departure, its plane and destination.

    Grain and key: those of clean.flights; every flight stays. What is not found is null and its ``…_known`` is false;
    a flight without a tailnum has no known plane. Miles, °F, mph, inches.
    """
    observed = weather.select(
        "origin",
        "observed_at",
        "temperature_f",
        "wind_speed_mph",
        "precipitation_inches",
        "visibility_miles",
        found("weather_known"),
    )
    fleet = planes.select(
        "tailnum",
        F.col("built_year").alias("plane_built_year"),
        F.col("seats").alias("plane_seats"),
        found("plane_known"),
    )
    destinations = airports.select(
        F.col("faa").alias("dest"), F.col("name").alias("destination"), found("destination_known")
    )
    known = ["weather_known", "plane_known", "destination_known"]
    return (
        flights.withColumn("observed_at", F.date_trunc("hour", "scheduled_dep_at"))
        .join(observed, ["origin", "observed_at"], "left")
        .join(fleet, ["tailnum"], "left")
        .join(destinations, ["dest"], "left")
        .drop("observed_at")
        .fillna(value=False, subset=known)
    )


def found(name: str) -> Column:
    """Return true as ``name``: an outer join leaves it null where there was nothing to find."""
    return F.lit(col=True).alias(name)
