"""CPU of a step over millions of rows against a Delta write of the same rows by hand: TPC-H's lineitem.

    python -m bench.sizes                                 # scale factor 1: 6,001,215 rows
    python -m bench.sizes --scale 0.1 --rounds 3 bare "20 expectations"
    python -m bench.sizes -o target/sizes.json

Each round runs both sides twice, A B B A, in one warm JVM. Printed for each variant: the median ratio of CPU seconds
(user and system, JVM and Python), its range, the engine to itself (A/A); and, exactly, Spark jobs, stages and rows read
of both. ``control`` runs the hand-written write on both sides: what differs from 1 there is the machine.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from attrs import define, field, frozen

from bench import lineitem
from bench.cpu import Comparison, compare, cpu_seconds
from etl.model.dataset import Dataset
from etl.model.schema import parse_schema
from etl.spark.session import SessionSettings, start
from etl.testing import Lake, SparkJobs, count_spark_jobs

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CONTROL = "control"


@frozen
class Measured:
    """A variant: CPU, and the exact counts of one run of each side."""

    cpu: Comparison
    engine: SparkJobs
    hand: SparkJobs

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        least, greatest = self.cpu.span
        engine, hand = self.cpu.seconds
        return {
            "ratio": round(self.cpu.ratio, 3),
            "least": round(least, 3),
            "greatest": round(greatest, 3),
            "itself": round(self.cpu.noise, 3),
            "cpu_seconds": {"engine": round(engine, 2), "hand": round(hand, 2)},
            "engine": _numbers(self.engine),
            "hand": _numbers(self.hand),
        }


@define
class Counting:
    """A side of a comparison; its second run, the first of an ordinary kind, is counted: the first makes the tables."""

    spark: SparkSession
    run: Callable[[int], None]
    numbers: itertools.count[int] = field(factory=itertools.count)
    jobs: SparkJobs = field(factory=SparkJobs)

    def __call__(self) -> None:
        """Run it once more."""
        number = next(self.numbers)
        if number == 1:
            with count_spark_jobs(self.spark) as self.jobs:
                self.run(number)
        else:
            self.run(number)


def measure(
    spark: SparkSession, variant: str, rows: Path, root: Path, *, source: str = "parquet", warm_up: int, rounds: int
) -> Measured:
    """Compare one variant.

    Args:
        spark: a session with Delta.
        variant: its name.
        rows: lineitem's directory.
        source: in which format it lies there.
        root: where the tables go.
        warm_up: rounds that do not count; the first of them makes the tables and is counted.
        rounds: those that do.
    """
    chosen = lineitem.variants()["bare" if variant == CONTROL else variant]
    raw = Dataset(name=lineitem.RAW, uri=str(rows), format=source, schema=parse_schema(lineitem.SCHEMA))
    by_hand = [_hand_side(spark, chosen, raw, root / name) for name in ("hand", "other")]
    engine = by_hand[1] if variant == CONTROL else _engine_side(spark, chosen, raw, root / "engine")
    sides = [Counting(spark, run) for run in (engine, by_hand[0])]
    cpu = compare(
        lambda: cpu_seconds(spark), *sides, warm_up=max(1, warm_up), rounds=rounds, between=lambda: forget(spark, root)
    )
    return Measured(cpu, sides[0].jobs, sides[1].jobs)


def _engine_side(spark: SparkSession, variant: lineitem.Variant, raw: Dataset, root: Path) -> Callable[[int], None]:
    lake = Lake(spark, root, declared={raw.name: raw})

    def run(number: int) -> None:
        result = lake.run_step(variant.step(number), date=None, force=True)
        if result.exit_code:
            raise SystemExit(str(result.error or result.status))

    return run


def _hand_side(spark: SparkSession, variant: lineitem.Variant, raw: Dataset, root: Path) -> Callable[[int], None]:
    return lambda number: variant.hand(spark, spark.read.format(raw.format).load(raw.uri), root, number)


def _as_delta(spark: SparkSession, rows: Path) -> Path:
    """Return the directory of a Delta table of the same rows, beside the files, made unless it is there."""
    table = rows.with_name("delta")
    if not (table / "_delta_log").is_dir():
        spark.read.parquet(str(rows)).write.format("delta").save(str(table))
    return table


def forget(spark: SparkSession, root: Path) -> None:
    """Delete what earlier versions of the tables alone name: they would fill the disk."""
    for log in root.rglob("_delta_log"):
        named = spark.read.format("delta").load(str(log.parent)).inputFiles()
        kept = {Path(unquote(urlsplit(file).path)) for file in named}
        for file in log.parent.rglob("*.parquet"):
            if file not in kept and "_delta_log" not in file.parts:
                file.unlink()


def _numbers(jobs: SparkJobs) -> dict[str, int]:
    return {"jobs": jobs.jobs, "stages": jobs.stages, "rows_read": jobs.rows_read}


def table(measured: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the documents of variants as text."""
    titles = ["ratio", "of the rounds", "A/A", "CPU s", "by hand", "jobs", "stages", "rows read"]
    widths = [7, 15, 7, 8, 8, 8, 8, 23]
    lines = [f"{'variant':20}" + "".join(f"{title:>{width}}" for title, width in zip(titles, widths, strict=True))]
    for name, each in measured.items():
        counts = [f"{each['engine'][key]:,}:{each['hand'][key]:,}" for key in ("jobs", "stages", "rows_read")]
        cells = [
            f"{each['ratio']:.3f}",
            f"{each['least']:.2f} to {each['greatest']:.2f}",
            f"{each['itself']:.2f}",
            *(f"{each['cpu_seconds'][side]:.1f}" for side in ("engine", "hand")),
            *counts,
        ]
        lines.append(f"{name:20}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)))
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print."""
    known = [CONTROL, *lineitem.variants()]
    parser = argparse.ArgumentParser("python -m bench.sizes", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("variants", nargs="*", help=f"all unless given: {', '.join(known)}")
    parser.add_argument("--scale", type=float, default=1.0, help="TPC-H's scale factor: 1 is 6 million rows")
    parser.add_argument("--source", choices=["parquet", "delta"], default="parquet", help="what the steps read")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--warm-up", type=int, default=2, help="rounds that do not count")
    parser.add_argument("--cache", type=Path, default=Path("target/tpch"), help="where the generated files stay")
    parser.add_argument("-o", "--output", type=Path, help="keep the numbers as JSON")
    arguments = parser.parse_args(argv)
    for name in arguments.variants:
        if name not in known:
            parser.error(f"no variant {name!r}; there are: {', '.join(known)}")
    rows = lineitem.generate(arguments.scale, arguments.cache).resolve()
    spark = start(SessionSettings(app_name="sizes", master="local[2]"))
    if arguments.source == "delta":
        rows = _as_delta(spark, rows)
    options = {"source": arguments.source, "warm_up": arguments.warm_up, "rounds": arguments.rounds}
    found: dict[str, Any] = {}
    for name in arguments.variants or known:
        with tempfile.TemporaryDirectory() as root:
            found[name] = measure(spark, name, rows, Path(root).resolve(), **options).document()
        print(table({name: found[name]}).splitlines()[1], flush=True)
    spark.stop()
    print(table(found))
    if arguments.output:
        document = {"scale": arguments.scale, **options, "variants": found}
        arguments.output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
