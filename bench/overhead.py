"""CPU of the engine against the same pipeline hand-written, interleaved in one JVM.

    python -m bench.overhead [--days 1] [--rounds 5] [--bare]

Each round runs every step both ways for the same days, in the order A B B A, and compares the CPU seconds (user and
system, JVM and Python) of the two. The hand-written side judges no expectation. Printed: the ratio of each round, its
median, and the ratio of the engine to itself (A/A), which is what the machine's noise alone makes. ``--bare`` takes the
declared expectations away, so that what is left is the engine without its judging.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve

from bench import handwritten
from etl.model.interval import Interval, parse_instant
from etl.spark.session import SessionSettings, start
from etl.testing import Lake
from etl.testing.plugin import open_lake_project
from jobs.nyc_flights import landing

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FIRST = date(2013, 2, 1)


def cpu_seconds(spark: SparkSession) -> float:
    """Return the CPU seconds this process and its JVM have used (Linux)."""
    jvm: Any = spark._jvm  # noqa: SLF001 the JVM knows its own process id
    pid = jvm.java.lang.ProcessHandle.current().pid()
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + time.process_time()


def engine_side(spark: SparkSession, root: Path, days: list[str], *, bare: bool = False) -> Callable[[], None]:
    """Return the pipeline as the engine runs it, forced to publish again each time; ``bare`` judges what it must."""
    lake = Lake(spark, root)
    plan = open_lake_project(Path(__file__).parents[1], lake).plan(["nyc_flights"], (), days[0], None, None, {})
    end = parse_instant(days[-1]) + timedelta(days=1)
    whole = evolve(plan, intervals=(Interval(parse_instant(days[0]), end),))
    if bare:
        whole = evolve(whole, steps=tuple(evolve(p, step=evolve(p.step, expectations=())) for p in plan.steps))

    def run() -> None:
        result = lake.carry_out(whole, force=True)
        if result.exit_code:
            raise SystemExit(next(str(step.error) for step in result.steps if step.exit_code))

    return run


def hand_side(spark: SparkSession, root: Path, days: list[str]) -> Callable[[], None]:
    """Return the pipeline as a script runs it."""

    def run() -> None:
        for name in handwritten.STEPS:
            handwritten.run_step(spark, name, root, days)

    return run


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser("python -m bench.overhead", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--days", type=int, default=1, help="days in one interval: 1 is 930 flights, 334 are 308,000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bare", action="store_true", help="without the declared expectations")
    arguments = parser.parse_args()
    days = [(FIRST + timedelta(days=n)).isoformat() for n in range(arguments.days)]
    spark = start(SessionSettings(app_name="overhead", master="local[2]"))
    with tempfile.TemporaryDirectory() as root:
        for name in ("engine", "hand"):
            landing.land(Path(root) / name, FIRST, FIRST + timedelta(days=arguments.days))
        engine = engine_side(spark, Path(root) / "engine", days, bare=arguments.bare)
        measure(spark, engine, hand_side(spark, Path(root) / "hand", days), arguments.rounds)
    spark.stop()


def measure(spark: SparkSession, engine: Callable[[], None], hand: Callable[[], None], rounds: int) -> None:
    """Run three rounds to warm up, then ``rounds`` that count."""
    ratios, noise = [], []
    for number in range(-2, rounds + 1):
        spent = []
        for side in (engine, hand, hand, engine):
            before = cpu_seconds(spark)
            side()
            spent.append(cpu_seconds(spark) - before)
        ratio = (spent[0] + spent[3]) / (spent[1] + spent[2])
        line = f"engine {spent[0]:6.2f} {spent[3]:6.2f}   hand {spent[1]:6.2f} {spent[2]:6.2f}   ratio {ratio:.3f}"
        print(f"{'warm-up' if number < 1 else f'round {number}'}  {line}", file=sys.stderr)
        if number > 0:
            ratios.append(ratio)
            noise.append(spent[3] / spent[0])
    print(
        f"engine : hand-written CPU, median of {rounds} rounds: {statistics.median(ratios):.3f} "
        f"(min {min(ratios):.3f}, max {max(ratios):.3f}); A/A {statistics.median(noise):.3f}"
    )


if __name__ == "__main__":
    main()
