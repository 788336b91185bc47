"""What people ask: how punctual is a route, and at which hour do delays grow.

Reads   core.flight_weather
Writes  marts.route_on_time marts.delay_by_hour
"""

from importlib.resources import files

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from etl import ReplacePartitions, Source, Target, expect, sql_step, step

LATE_AFTER_MINUTES = 15  # the US Department of Transportation counts an arrival 15 minutes late as late


@step(
    sources={"flights": Source("core.flight_weather", interval_column="flight_date")},
    target=Target(
        "marts.route_on_time",
        schema="""
            flight_date DATE NOT NULL, origin STRING NOT NULL, dest STRING NOT NULL, flights BIGINT NOT NULL,
            cancelled BIGINT NOT NULL, arrived BIGINT NOT NULL, on_time BIGINT NOT NULL, on_time_share DOUBLE
        """,
        write=ReplacePartitions("flight_date"),
    ),
    expectations=[
        expect.column_values_to_be_between("on_time_share", 0, 1),
        expect.column_pair_values_a_to_be_greater_than_b("flights", "cancelled", or_equal=True),
        expect.column_pair_values_a_to_be_greater_than_b("arrived", "on_time", or_equal=True),
    ],
)
def marts_route_on_time(flights: DataFrame) -> DataFrame:
    """Count each route's flights of a day, and how many arrived less than 15 minutes late.

    Grain and key: flight_date, origin, dest. ``on_time_share`` is 0 to 1 of the flights that arrived: cancelled and
    diverted ones are in neither part; null if none arrived.
    """
    arrived, on_time = F.col("arr_delay_minutes").isNotNull(), F.col("arr_delay_minutes") < LATE_AFTER_MINUTES
    counted = flights.groupBy("flight_date", "origin", "dest").agg(
        F.count("*").alias("flights"),
        F.count_if("cancelled").alias("cancelled"),
        F.count_if(arrived).alias("arrived"),
        F.count_if(on_time).alias("on_time"),
    )
    return counted.withColumn("on_time_share", F.try_divide("on_time", "arrived"))


delay_by_hour = sql_step(
    "marts.delay_by_hour",
    sql=files("jobs.nyc_flights").joinpath("delay_by_hour.sql").read_text(encoding="utf-8"),
    sources={"flights": Source("core.flight_weather", interval_column="flight_date")},
    schema="""
        flight_date DATE NOT NULL, scheduled_hour INT NOT NULL, flights BIGINT NOT NULL, cancelled BIGINT NOT NULL,
        mean_dep_delay_minutes DOUBLE, p90_dep_delay_minutes DOUBLE, strongest_wind_mph DOUBLE
    """,
    write=ReplacePartitions("flight_date"),
    expectations=[
        expect.column_values_to_be_between("scheduled_hour", 0, 23),
        expect.column_values_to_be_between("strongest_wind_mph", 0, 200),
    ],
    description="Sum the departures of each scheduled hour. Grain and key: flight_date, scheduled_hour.",
)
