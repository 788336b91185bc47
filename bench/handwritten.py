"""The nyc_flights pipeline without the engine: what a good engineer would write in plain PySpark and Delta.

    python -m bench.handwritten --lake target/lake --date 2013-02-08

The same transformations as the job, the same layout (``<lake>/<zone>/<name>``), the same re-runnable writes. It judges
no expectation, counts no row and records nothing: the engine is measured against this.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from pathlib import Path

from delta import DeltaTable, configure_spark_with_delta_pip
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.nyc_flights.clean import clean_flights, clean_weather
from jobs.nyc_flights.core import core_airlines, core_airports, core_flight_weather, core_planes
from jobs.nyc_flights.marts import delay_by_hour, marts_route_on_time

Days = Sequence[str]
CATALOGUE = tomllib.loads((Path(__file__).parents[1] / "conf" / "datasets.toml").read_text(encoding="utf-8"))


def flights(spark: SparkSession, lake: Path, days: Days) -> None:
    """Write a day of clean.flights, and its broken rows aside."""
    cleaned = clean_flights(read_csv(spark, lake, "raw.flights", days))
    broken = (
        outside("dep_delay_minutes", -60, 1440) | outside("scheduled_hour", 0, 23) | outside("distance_miles", 1, 6000)
    )
    replace_day(cleaned.where(~broken), lake / "clean" / "flights", "flight_date", days)
    replace_day(cleaned.where(broken), lake / "quarantine" / "clean_flights", "flight_date", days)


def weather(spark: SparkSession, lake: Path, days: Days) -> None:
    """Write a day of clean.weather, and its broken rows aside."""
    cleaned = clean_weather(read_csv(spark, lake, "raw.weather", days))
    broken = outside("wind_speed_mph", 0, 200) | outside("humidity_percent", 0, 100)
    replace_day(cleaned.where(~broken), lake / "clean" / "weather", "weather_date", days)
    replace_day(cleaned.where(broken), lake / "quarantine" / "clean_weather", "weather_date", days)


def reference(name: str, transform: Callable[[DataFrame], DataFrame], key: str) -> Callable[..., None]:
    """Return the step that merges a reference table into core by its key."""

    def merge(spark: SparkSession, lake: Path, days: Days) -> None:  # noqa: ARG001 one signature for every step
        upsert(spark, transform(read_csv(spark, lake, f"reference.{name}")), lake / "core" / name, key)

    return merge


def flight_weather(spark: SparkSession, lake: Path, days: Days) -> None:
    """Write a day of core.flight_weather."""
    joined = core_flight_weather(
        read_day(spark, lake / "clean" / "flights", "flight_date", days),
        read_day(spark, lake / "clean" / "weather", "weather_date", days),
        spark.read.format("delta").load(str(lake / "core" / "planes")),
        spark.read.format("delta").load(str(lake / "core" / "airports")),
    )
    replace_day(joined, lake / "core" / "flight_weather", "flight_date", days)


def mart(name: str, transform: Callable[..., DataFrame]) -> Callable[..., None]:
    """Return the step that writes a day of a mart of core.flight_weather."""

    def write(spark: SparkSession, lake: Path, days: Days) -> None:
        day_of_flights = read_day(spark, lake / "core" / "flight_weather", "flight_date", days)
        replace_day(transform(flights=day_of_flights), lake / "marts" / name, "flight_date", days)

    return write


STEPS: Mapping[str, Callable[[SparkSession, Path, Days], None]] = {
    "clean.flights": flights,
    "clean.weather": weather,
    "core.airlines": reference("airlines", core_airlines, "carrier"),
    "core.planes": reference("planes", core_planes, "tailnum"),
    "core.airports": reference("airports", core_airports, "faa"),
    "core.flight_weather": flight_weather,
    "marts.route_on_time": mart("route_on_time", marts_route_on_time),
    "marts.delay_by_hour": mart("delay_by_hour", delay_by_hour),
}


def run_step(spark: SparkSession, name: str, lake: Path, days: Days) -> None:
    """Run one step for consecutive days; ``name`` is a key of STEPS, each day an ISO date."""
    STEPS[name](spark, lake, days)


def read_csv(spark: SparkSession, lake: Path, dataset: str, days: Days = ()) -> DataFrame:
    """Read a delivered dataset, only the days' folders where it has them."""
    zone, name = dataset.split(".")
    entry = CATALOGUE[zone][name]
    root = lake / zone / entry["path"]
    folders = [str(root / f"{entry['partitioned_by'][0]}={day}") for day in days] or [str(root)]
    reader = spark.read.schema(entry["schema"]).options(**entry["options"], basePath=str(root), mode="FAILFAST")
    return reader.csv(folders)


def read_day(spark: SparkSession, path: Path, column: str, days: Days) -> DataFrame:
    """Read one day's partition of a Delta table."""
    return spark.read.format("delta").load(str(path)).where(within(column, days))


def replace_day(frame: DataFrame, path: Path, column: str, days: Days) -> None:
    """Replace one day's partition of a Delta table, also with nothing."""
    writer = frame.write.format("delta").mode("overwrite").partitionBy(column)
    writer.option("replaceWhere", within(column, days)).save(str(path))


def within(column: str, days: Days) -> str:
    """Return SQL that is true for rows of these consecutive days."""
    return f"{column} >= DATE'{days[0]}' AND {column} <= DATE'{days[-1]}'"


def upsert(spark: SparkSession, frame: DataFrame, path: Path, *keys: str) -> None:
    """Insert new keys and update the rows that changed."""
    if not DeltaTable.isDeltaTable(spark, str(path)):
        frame.write.format("delta").save(str(path))
        return
    changed = " OR ".join(f"NOT (t.`{name}` <=> s.`{name}`)" for name in frame.columns if name not in keys)
    same = " AND ".join(f"t.`{key}` <=> s.`{key}`" for key in keys)
    merge = DeltaTable.forPath(spark, str(path)).alias("t").merge(frame.alias("s"), same)
    merge.whenMatchedUpdateAll(condition=changed).whenNotMatchedInsertAll().execute()


def outside(column: str, low: float, high: float) -> Column:
    """Return true where the value is there and outside the range; never null."""
    return F.coalesce(~F.col(column).between(low, high), F.lit(col=False))


def main(argv: Sequence[str] | None = None) -> None:
    """Run every step for one day in a session of its own."""
    parser = argparse.ArgumentParser("python -m bench.handwritten", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--date", required=True)
    arguments = parser.parse_args(argv)
    settings = {
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "8",
    }
    builder = reduce(lambda b, item: b.config(*item), settings.items(), SparkSession.builder.master("local[*]"))
    spark = configure_spark_with_delta_pip(builder).getOrCreate()
    for name in STEPS:
        run_step(spark, name, arguments.lake.resolve(), [arguments.date])
    spark.stop()


if __name__ == "__main__":
    main()
