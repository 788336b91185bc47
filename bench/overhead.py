"""CPU of the engine against the same pipeline hand-written, interleaved in one JVM.

    python -m bench.overhead [--days 1] [--rounds 5] [--bare]

Each round runs every step both ways for the same days, in the order A B B A, and compares the CPU seconds (user and
system, JVM and Python) of the two. The hand-written side judges no expectation. Printed: the ratio of each round, its
median, and the ratio of the engine to itself (A/A), which is what the machine's noise alone makes. ``--bare`` takes the
declared expectations away, so that what is left is the engine without its judging.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from bench import handwritten
from bench.cpu import compare, cpu_seconds
from etl.model.interval import Interval, parse_instant
from etl.spark.session import SessionSettings, start
from etl.testing import Lake
from etl.testing.plugin import open_lake_project
from jobs.nyc_flights import landing

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FIRST = date(2013, 2, 1)


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
        hand = hand_side(spark, Path(root) / "hand", days)
        compared = compare(lambda: cpu_seconds(spark), engine, hand, warm_up=3, rounds=arguments.rounds)
    spark.stop()
    least, greatest = compared.span
    print(
        f"engine : hand-written CPU, median of {arguments.rounds} rounds: {compared.ratio:.3f} "
        f"(min {least:.3f}, max {greatest:.3f}); A/A {compared.noise:.3f}"
    )


if __name__ == "__main__":
    main()
