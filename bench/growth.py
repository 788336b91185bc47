"""What a publish costs where its target remembers many intervals: nothing may grow with their number.

    python -m bench.growth [--past 0 1000 30000] [--write append] [--publishes 12]

For each number of past intervals a Delta table is made whose log says so, by a commit written by hand; then days are
published to it, one row each. Printed, as medians of the publishes: wall and CPU seconds (JVM and Python), commands
sent to the JVM, Spark jobs, the bytes of the newest checksum file and checkpoint, and what a look at a published day
costs (a no-op), in the same process and in one that has not seen the table.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from bench.calls import Calls
from bench.cpu import cpu_seconds
from etl import Append, ReplacePartitions, Source, Step, Target, step
from etl.model.interval import Unit, containing
from etl.model.marks import mark_name
from etl.spark.jvm import java_class
from etl.spark.session import SessionSettings, start
from etl.storage import delta_history, delta_transactions
from etl.testing import Lake

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

WRITES = {"append": Append(), "replace": ReplacePartitions("day")}
FIRST = date(2013, 2, 8)
OLDEST = datetime(1930, 1, 1, tzinfo=UTC)  # 30,000 days from here end in 2012
NUMBER = (1 << 40) + 2


def copying(write: str) -> Step[Any, Any]:
    """Return a step that publishes one row a day."""

    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", "id INT, day DATE", WRITES[write]),
    )
    def copied(rows: DataFrame) -> DataFrame:
        return rows

    return copied


def remember(lake: Lake, declared: Step[Any, Any], past: int, version: int = 1) -> None:
    """Add a commit to the target's log that says of ``past`` intervals that they are published."""
    log = Path(lake.dataset("clean.rows").uri) / "_delta_log"
    now = int(time.time() * 1000)
    lines = [{"commitInfo": {"timestamp": now, "operation": "WRITE", "operationParameters": {}, "isolationLevel": "x"}}]
    for number in range(past):
        interval = containing(OLDEST + timedelta(days=number), Unit.DAY)
        said = {"appId": mark_name(declared, interval), "version": NUMBER, "lastUpdated": now}
        lines.append({"txn": said})
    text = "\n".join(json.dumps(line, separators=(",", ":")) for line in lines)
    (log / f"{version:020d}.json").write_text(text + "\n", encoding="utf-8")


@frozen
class Cost:
    """Of one run of a step for one day."""

    wall: float
    cpu: float
    calls: int
    jobs: int


def measured(spark: SparkSession, run: Callable[[], Any]) -> Cost:
    """Run a step once and return what it took."""
    calls, wall, cpu = Calls(), time.perf_counter(), cpu_seconds(spark)
    with calls.watching():
        result = run()
    if result.exit_code:
        raise SystemExit(str(result.error))
    spent = (time.perf_counter() - wall, cpu_seconds(spark) - cpu)
    return Cost(*spent, sum(calls.counted.values()), result.spark_jobs)


def medians(costs: Sequence[Cost]) -> str:
    """Return the median of each number as text."""
    wall, cpu, calls, jobs = (statistics.median(values) for values in zip(*map(_values, costs), strict=True))
    return f"{wall:6.2f} s {cpu:6.2f} CPU-s {calls:6.0f} calls {jobs:4.1f} jobs"


def _values(cost: Cost) -> tuple[float, float, int, int]:
    return cost.wall, cost.cpu, cost.calls, cost.jobs


def newest(log: Path, pattern: str) -> int:
    """Return the size in bytes of the log's newest file of a kind; 0 where there is none."""
    found = sorted(log.glob(pattern))
    return found[-1].stat().st_size if found else 0


def compare(spark: SparkSession, root: Path, write: str, past: int, publishes: int) -> str:
    """Publish to a table with that many past intervals; return a line."""
    lake, declared = Lake(spark, root), copying(write)
    days = [FIRST + timedelta(days=n) for n in range(publishes + 2)]
    lake.write("raw.rows", "id INT, day DATE", [(n, day) for n, day in enumerate(days)])

    def run(day: date) -> Any:
        return lake.run_step(declared, date=day.isoformat())

    run(days[0])
    if past:
        remember(lake, declared, past)
    run(days[1])
    published = [measured(spark, lambda day=day: run(day)) for day in days[2:]]  # type: ignore[misc]
    looked = [measured(spark, lambda day=day: run(day)) for day in days[2:]]  # type: ignore[misc]
    log = Path(lake.dataset("clean.rows").uri) / "_delta_log"
    first = [measured(spark, lambda day=day: forgetful(spark, lambda: run(day))) for day in days[-3:]]  # type: ignore[misc]
    sizes = f"checksum {newest(log, '*.crc'):>9,} B  checkpoint {newest(log, '*.checkpoint*.parquet'):>9,} B"
    looks = {"publish": published, "no-op": looked, "no-op of a new process": first}
    said = "\n".join(f"    {name:24}{medians(costs)}" for name, costs in looks.items())
    return f"{past:,} past intervals: {sizes}\n{said}"


def forgetful(spark: SparkSession, run: Callable[[], Any]) -> Any:
    """Run as a process does that looks at the table for the first time."""
    delta_transactions._KNOWN.clear()  # noqa: SLF001 a bench looks inside
    delta_history._READ.clear()  # noqa: SLF001
    java_class(spark, "org.apache.spark.sql.delta.DeltaLog").clearCache()
    return run()


def main() -> None:
    """Print a line for each number of past intervals."""
    parser = argparse.ArgumentParser("python -m bench.growth", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--past", type=int, nargs="+", default=[0, 1_000, 30_000])
    parser.add_argument("--write", choices=list(WRITES), default="append")
    parser.add_argument("--publishes", type=int, default=12)
    arguments = parser.parse_args()
    spark = start(SessionSettings(app_name="growth", master="local[2]"))
    with tempfile.TemporaryDirectory() as folder:
        compare(spark, Path(folder) / "warm", arguments.write, 0, arguments.publishes)
        for past in arguments.past:
            root = Path(folder) / str(past)
            print(compare(spark, root, arguments.write, past, arguments.publishes), flush=True)
    spark.stop()


if __name__ == "__main__":
    main()
