"""Count what each step of nyc_flights costs Spark, engine against hand-written: jobs, stages, rows read.

    python -m bench.counters            # the table
    python -m bench.counters --write    # and keep it as the golden counters of this Spark line

Counts are exact: no timing, no noise. The second day of two is counted, when every table exists.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bench import handwritten
from etl.spark.session import SessionSettings, start
from etl.testing import Lake, SparkJobs, count_spark_jobs
from etl.testing.plugin import open_lake_project
from jobs.nyc_flights import landing

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FIRST, COUNTED = "2013-02-11", "2013-02-12"  # the second day has the quarantined wind speed
GOLDEN = Path(__file__).parent / "golden"


def golden_file(spark_version: str) -> Path:
    """Return the golden counters of this Spark line."""
    return GOLDEN / f"spark{''.join(spark_version.split('.')[:2])}.json"


def compare(spark: SparkSession, root: Path) -> dict[str, dict[str, dict[str, int]]]:
    """Return, per step, the counts of the engine and of the hand-written pipeline."""
    lakes = {"engine": root / "engine", "hand": root / "hand"}
    for lake in lakes.values():
        landing.main(["--lake", str(lake), "--from", FIRST, "--to", "2013-02-13"])
    counted: dict[str, dict[str, dict[str, int]]] = {}
    for name, jobs in _engine(spark, lakes["engine"]):
        counted.setdefault(name, {})["engine"] = _numbers(jobs)
    for name, jobs in _hand(spark, lakes["hand"]):
        counted.setdefault(name, {})["hand"] = _numbers(jobs)
    return counted


def _engine(spark: SparkSession, root: Path) -> Iterator[tuple[str, SparkJobs]]:
    lake = Lake(spark, root)
    project = open_lake_project(Path(__file__).parents[1], lake)
    lake.carry_out(project.plan(["nyc_flights"], (), FIRST, None, None, {}))
    for name in handwritten.STEPS:
        plan = project.plan([name], (), COUNTED, None, None, {})
        with count_spark_jobs(spark) as jobs:
            result = lake.carry_out(plan, force=True)
        if result.exit_code:
            raise SystemExit(f"{name}: {result.steps[0].error}")
        yield name, jobs


def _hand(spark: SparkSession, root: Path) -> Iterator[tuple[str, SparkJobs]]:
    for name in handwritten.STEPS:
        handwritten.run_step(spark, name, root, [FIRST])
    for name in handwritten.STEPS:
        with count_spark_jobs(spark) as jobs:
            handwritten.run_step(spark, name, root, [COUNTED])
        yield name, jobs


def _numbers(jobs: SparkJobs) -> dict[str, int]:
    return {"jobs": jobs.jobs, "stages": jobs.stages, "rows_read": jobs.rows_read}


def table(counted: Mapping[str, Mapping[str, Mapping[str, int]]]) -> str:
    """Return the counts as text."""
    lines = [f"{'step':22}{'jobs':>12}{'stages':>14}{'rows read':>20}", f"{'':22}{'engine hand':>12}"]
    for name, sides in counted.items():
        cells = [f"{sides['engine'][key]:>7} {sides['hand'][key]:>6}" for key in ("jobs", "stages", "rows_read")]
        lines.append(f"{name:22}" + "".join(cells))
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser("python -m bench.counters")
    parser.add_argument("--write", action="store_true", help="keep the engine's counts as golden")
    arguments = parser.parse_args()
    spark = start(SessionSettings(app_name="counters", profile="test", master="local[2]"))
    with tempfile.TemporaryDirectory() as root:
        counted = compare(spark, Path(root))
    print(table(counted))
    if arguments.write:
        GOLDEN.mkdir(exist_ok=True)
        engine = {name: sides["engine"] for name, sides in counted.items()}
        golden_file(spark.version).write_text(json.dumps(engine, indent=2) + "\n", encoding="utf-8")
    spark.stop()


if __name__ == "__main__":
    main()
