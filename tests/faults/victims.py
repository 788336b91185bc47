"""What ``test_kills.py`` kills: ``python victims.py LAKE FIRST SAID`` publishes day after day, by each write kind.

It appends a JSON line to the file SAID when its session is there, before each step, and after each.
"""

import itertools
import json
import sys
from datetime import date, timedelta
from pathlib import Path

from etl import Append, History, Merge, ReplacePartitions, ReplaceTable, Source, Target, expect, step
from etl.spark.session import SessionSettings, start
from etl.testing import Lake

DDL = "id INT, day DATE, k INT, v INT"
KINDS = {
    "partitions": ReplacePartitions("day"),
    "appended": Append(),
    "merged": Merge("k", sequence_by="day"),
    "whole": ReplaceTable(),
    "history": History("k", sequence_by="day"),
}
DAYS, ROWS = 400, 24


def day_of(number):
    """Return the day with this number."""
    return date(2013, 1, 1) + timedelta(days=number)


def delivered(number):
    """Return the source's rows of a day; the first of them breaks the expectation."""
    return [(number * 100 + k, day_of(number), k, k - 1) for k in range(ROWS)]


def expected(name, days):
    """Return what a target holds once these days, in order, were published to it."""
    good = {number: delivered(number)[1:] for number in days}
    if name in {"merged", "whole"}:
        return good[max(days)] if days else []
    if name == "history":
        ends = dict(itertools.pairwise(days))
        return sorted(
            (*row, day_of(day), day_of(ends[day]) if day in ends else None)
            for day, rows in good.items()
            for row in rows
        )
    return sorted(row for rows in good.values() for row in rows)


def steps():
    """Return the steps by the name of what they publish."""

    def made(name, write):
        @step(
            sources={"rows": Source("raw.rows", interval_column="day")},
            target=Target(f"clean.{name}", DDL, write),
            expectations=[expect.column_values_to_be_between("v", 0, on_failure="quarantine")],
        )
        def copied(rows):
            return rows.repartition(2)

        return copied

    return {name: made(name, write) for name, write in KINDS.items()}


def main():
    """Publish until somebody ends this."""
    root, first, place = sys.argv[1:]
    session = start(SessionSettings(app_name="victim", profile="test", master="local[2]"))
    lake = Lake(session, Path(root))
    with Path(place).open("a", buffering=1) as file:

        def say(**said):
            file.write(json.dumps(said) + "\n")

        say(jvm=session._jvm.java.lang.ProcessHandle.current().pid())
        for number in itertools.count(int(first)):
            for name, each in steps().items():
                say(began=name, day=number)
                result = lake.run_step(each, date=str(day_of(number)))
                say(ended=name, day=number, outcome=result.outcome, error=result.error and result.error.message)


if __name__ == "__main__":
    main()
