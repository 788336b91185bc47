"""Run nyc_flights over all of 2013, day by day in one session, and hold the result against one run of the whole year.

    python -m bench.year [--days 365] [--keep DIR]

Printed every 30 days: seconds a day, the driver's heap in use after a collection, the Python process's memory. At the
end: the accounts of all steps, and for each table the rows that only one of the two ways has published.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve

from bench import handwritten
from etl.engine.run import run
from etl.model.event import Event
from etl.model.interval import Interval, parse_instant
from etl.model.result import RunResult
from etl.model.run import new_run_id
from etl.spark.session import SessionSettings, start
from etl.testing import Lake
from etl.testing.plugin import open_lake_project
from jobs.nyc_flights import landing

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FIRST = date(2013, 1, 1)
REPORT_DAYS = 30


class Watch:
    """A listener that reports memory every 30 intervals."""

    def __init__(self, spark: SparkSession) -> None:
        self.spark, self.days, self.clock = spark, 0, time.monotonic()

    def __call__(self, event: Event) -> None:
        if event.kind != "interval_finished":
            return
        self.days += 1
        if self.days % REPORT_DAYS and self.days != 1:
            return
        runtime: Any = self.spark._jvm.java.lang.Runtime.getRuntime()  # type: ignore[union-attr]  # noqa: SLF001
        runtime.gc()
        heap = (runtime.totalMemory() - runtime.freeMemory()) / 1e6
        python = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        seconds = (time.monotonic() - self.clock) / self.days
        memory = f"heap after gc {heap:6.0f} MB  python {python:5.0f} MB"
        print(f"day {self.days:3}  {seconds:5.2f} s a day  {memory}", flush=True)


def main() -> None:
    """Run both ways and compare."""
    parser = argparse.ArgumentParser("python -m bench.year")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--keep", type=Path, help="where the two lakes stay; a temporary directory otherwise")
    arguments = parser.parse_args()
    spark = start(SessionSettings(app_name="year", master="local[2]"))
    with tempfile.TemporaryDirectory() as temporary:
        root = arguments.keep or Path(temporary)
        compare(spark, root, arguments.days)
    spark.stop()


def compare(spark: SparkSession, root: Path, days: int) -> None:
    """Publish the days one by one and all at once, and print what differs."""
    lakes = {name: Lake(spark, root / name) for name in ("days", "whole")}
    end = FIRST + timedelta(days=days)
    for lake in lakes.values():
        landing.land(lake.root, FIRST, end)
    by_day = carry_out(spark, lakes["days"], end, Watch(spark), whole=False)
    at_once = carry_out(spark, lakes["whole"], end, lambda _: None, whole=True)
    for name, result in (("day by day", by_day), ("at once", at_once)):
        print(f"{name}: exit {result.exit_code}, {dict(Counter(str(step.status) for step in result.steps))}")
        for step in handwritten.STEPS:
            rows = [each.rows for each in result.steps if each.step == step]
            print(
                f"  {step:22} read {sum(sum(r.read.values()) for r in rows):>9,}  published "
                f"{sum(r.published for r in rows):>9,}  quarantined {sum(r.quarantined for r in rows):>3,}"
            )
    for step in handwritten.STEPS:
        left, right = (lake.table(step) for lake in lakes.values())
        print(
            f"{step:22} rows only day by day {left.exceptAll(right).count()}, only at once "
            f"{right.exceptAll(left).count()}"
        )


def carry_out(spark: SparkSession, lake: Lake, end: date, listener: Any, *, whole: bool) -> RunResult:
    """Run the job over the days; ``whole`` makes them one interval."""
    project = open_lake_project(Path(__file__).parents[1], lake)
    plan = project.plan(["nyc_flights"], (), None, FIRST.isoformat(), end.isoformat(), {})
    if whole:
        plan = evolve(plan, intervals=(Interval(parse_instant(FIRST.isoformat()), parse_instant(end.isoformat())),))
    for planned in plan.steps:
        lake.declared[planned.writes.name] = planned.writes
    return run(plan, run_id=new_run_id(datetime.now(UTC)), session=spark, listener=listener, threads=2)


if __name__ == "__main__":
    main()
