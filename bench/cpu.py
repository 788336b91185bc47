"""CPU of two ways to do one thing, interleaved in one JVM, so that neither has the warmer one."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Side = Callable[[], None]


@frozen
class Round:
    """CPU seconds of the four measurements of a round, in the order A B B A."""

    first_engine: float
    first_hand: float
    second_hand: float
    second_engine: float

    @property
    def ratio(self) -> float:
        """Engine to hand-written."""
        return (self.first_engine + self.second_engine) / (self.first_hand + self.second_hand)

    @property
    def noise(self) -> float:
        """The engine to itself: what the machine alone makes of the same work."""
        return self.second_engine / self.first_engine

    def __str__(self) -> str:
        engine, hand = (self.first_engine, self.second_engine), (self.first_hand, self.second_hand)
        sides = "   ".join(f"{name} {a:6.2f} {b:6.2f}" for name, (a, b) in (("engine", engine), ("hand", hand)))
        return f"{sides}   ratio {self.ratio:.3f}"


@frozen
class Comparison:
    """What several rounds say."""

    rounds: tuple[Round, ...]

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios."""
        return statistics.median(each.ratio for each in self.rounds)

    @property
    def span(self) -> tuple[float, float]:
        """The least and the greatest of them."""
        ratios = [each.ratio for each in self.rounds]
        return min(ratios), max(ratios)

    @property
    def noise(self) -> float:
        """The median of the engine to itself."""
        return statistics.median(each.noise for each in self.rounds)

    @property
    def seconds(self) -> tuple[float, float]:
        """The median CPU seconds of one run of the engine, and of one by hand."""
        engine = [spent for each in self.rounds for spent in (each.first_engine, each.second_engine)]
        hand = [spent for each in self.rounds for spent in (each.first_hand, each.second_hand)]
        return statistics.median(engine), statistics.median(hand)


def cpu_seconds(spark: SparkSession) -> float:
    """Return the CPU seconds this process and its JVM have used (Linux)."""
    jvm: Any = spark._jvm  # noqa: SLF001 the JVM knows its own process id
    pid = jvm.java.lang.ProcessHandle.current().pid()
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + time.process_time()


def compare(
    clock: Callable[[], float], engine: Side, hand: Side, *, warm_up: int, rounds: int, between: Side = lambda: None
) -> Comparison:
    """Run ``warm_up`` rounds that do not count, then ``rounds`` that do, telling each on stderr.

    Args:
        clock: CPU seconds so far.
        engine: side A.
        hand: side B.
        warm_up: rounds before those.
        rounds: how many count.
        between: done after each measurement, unmeasured.
    """
    counted = []
    for number in range(1 - warm_up, rounds + 1):
        each = Round(*_spent(clock, (engine, hand, hand, engine), between))
        print(f"{'warm-up' if number < 1 else f'round {number}'}  {each}", file=sys.stderr)
        if number > 0:
            counted.append(each)
    return Comparison(tuple(counted))


def _spent(clock: Callable[[], float], sides: Sequence[Side], between: Side) -> list[float]:
    spent = []
    for side in sides:
        before = clock()
        side()
        spent.append(clock() - before)
        between()
    return spent
