"""Count what each step of nyc_flights asks of the JVM, by phase, and whose threads the CPU goes to.

    python -m bench.calls --days 90        # engine, then by hand

Calls are exact; those by which Python forgets Java objects stand apart, they come when it likes. A call costs about a
tenth of a millisecond on the two sides together. CPU seconds by thread are of one run in a JVM that is warm.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, field

from bench import handwritten
from bench.overhead import FIRST, engine_side
from etl.spark.session import SessionSettings, start
from jobs.nyc_flights import landing

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FORGETTING = "m\nd"  # py4j's command for it


@define
class Calls:
    """Commands sent to the JVM, by step and phase."""

    counted: Counter[tuple[str, str]] = field(factory=Counter)
    forgetting: int = 0
    step: str = "-"
    phase: str = "-"

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Count every command while the block runs."""
        from py4j.java_gateway import GatewayClient

        import etl.engine.lifecycle as engine

        send, phase = GatewayClient.send_command, engine._phase  # noqa: SLF001 a bench looks inside

        def counting(client: Any, command: str, *arguments: Any, **keywords: Any) -> Any:
            if command.startswith(FORGETTING):
                self.forgetting += 1
            else:
                self.counted[self.step, self.phase] += 1
            return send(client, command, *arguments, **keywords)

        @contextmanager
        def telling(attempt: Any, planned: Any, phases: Any, name: str, **keywords: Any) -> Iterator[None]:
            self.step, self.phase = planned.step.name, name
            try:
                with phase(attempt, planned, phases, name, **keywords):
                    yield
            finally:
                self.phase = "-"

        GatewayClient.send_command, engine._phase = counting, telling  # type: ignore[assignment] # noqa: SLF001
        try:
            yield
        finally:
            GatewayClient.send_command, engine._phase = send, phase  # type: ignore[method-assign] # noqa: SLF001


def threads(spark: SparkSession) -> Counter[str]:
    """Return the CPU seconds so far by the JVM's kinds of threads, and Python's own (Linux)."""
    jvm: Any = spark._jvm  # noqa: SLF001 the JVM knows its own process id
    spent: Counter[str] = Counter()
    for thread in Path(f"/proc/{jvm.java.lang.ProcessHandle.current().pid()}/task").iterdir():
        name, numbers = (thread / "stat").read_text(encoding="utf-8").partition("(")[2].rsplit(")", 1)
        fields = numbers.split()
        spent[name.rstrip("0123456789-# ")] += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    times = os.times()
    spent["Python"] += times.user + times.system
    return spent


def table(calls: Calls, cpu: Counter[str]) -> str:
    """Return a side's numbers as text."""
    phases = list(dict.fromkeys(phase for _, phase in calls.counted))
    lines = [f"{'step':22}{'calls':>7}" + "".join(f"{phase:>10}" for phase in phases)]
    for step in dict.fromkeys(step for step, _ in calls.counted):
        numbers = [calls.counted[step, phase] for phase in phases]
        lines.append(f"{step:22}{sum(numbers):>7}" + "".join(f"{number:>10}" for number in numbers))
    lines.append(f"{'all':22}{sum(calls.counted.values()):>7}   and {calls.forgetting} to forget")
    spent = ", ".join(f"{name} {seconds:.2f}" for name, seconds in cpu.most_common() if seconds >= 0.05)
    return "\n".join([*lines, f"CPU {sum(cpu.values()):.2f} s: {spent}"])


def look(spark: SparkSession, side: Callable[[Calls], None]) -> str:
    """Run a side once and return what it asked for."""
    calls, before = Calls(), threads(spark)
    with calls.watching():
        side(calls)
    cpu = threads(spark)
    cpu.subtract(before)
    return table(calls, cpu)


def main() -> None:
    """Print both sides."""
    parser = argparse.ArgumentParser("python -m bench.calls", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--days", type=int, default=1, help="days in one interval")
    parser.add_argument("--warm-up", type=int, default=2, help="runs of both sides before")
    arguments = parser.parse_args()
    days = [(FIRST + timedelta(days=n)).isoformat() for n in range(arguments.days)]
    spark = start(SessionSettings(app_name="calls", master="local[2]"))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("engine", "hand"):
            landing.land(root / name, FIRST, FIRST + timedelta(days=arguments.days))
        run = engine_side(spark, root / "engine", days)

        def by_hand(calls: Calls) -> None:
            for calls.step in handwritten.STEPS:
                handwritten.run_step(spark, calls.step, root / "hand", days)

        for _ in range(arguments.warm_up):
            run()
            by_hand(Calls())
        for name, side in (("engine", lambda _: run()), ("by hand", by_hand)):
            print(f"== {name}\n{look(spark, side)}", flush=True)
    spark.stop()


if __name__ == "__main__":
    main()
