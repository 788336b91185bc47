"""``History`` and ``Merge`` beside Spark 4.3's ``create_auto_cdc_flow``, SCD 2 and 1, on random streams of events.

    python3.11 -m venv /tmp/spark43 && /tmp/spark43/bin/pip install 'pyspark[pipelines]==4.3.0'
    python -m bench.auto_cdc --spark43 /tmp/spark43/bin/python --keys 2000

Here the events come in intervals, in random order, one of them again with other events; there all at once. Instants of
a key differ: what happens at the same one is undefined there. Ends with 1 and the keys where the two differ.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame

from etl import History, Merge, Source, Step, Target, step
from etl.model.write import Write
from etl.spark.session import SessionSettings, start
from etl.testing import Lake

DAYS, INSTANTS = 4, 40
RAW = "id INT, day DATE, at INT, v STRING, note INT, op STRING"
DDL = "id INT, at INT, v STRING, note INT, op STRING"
HISTORY = History("id", "at", "op = 'D'", track_history_except_column_list=("note", "op"))
Event = tuple[int, date, int, str, int, str]


def made(draw: random.Random, keys: int) -> list[Event]:
    """Return the events of some keys; each has its own instants."""
    return [
        (key, date(2013, 2, 8) + timedelta(draw.randrange(DAYS)), at, draw.choice("ab"), draw.randrange(3), op)
        for key in range(keys)
        for at in draw.sample(range(INSTANTS), draw.randrange(1, 10))
        for op in draw.choices("DUUU")
    ]


def publishing(dataset: str, write: Write, condition: str) -> Step[Any, Any]:
    """Return a step that hands the events of its interval on."""

    @step(sources={"rows": Source("raw.rows", interval_column="day")}, target=Target(dataset, DDL, write))
    def publish(rows: DataFrame) -> DataFrame:
        return rows.drop("day").where(condition)

    return publish


def published(lake: Lake, draw: random.Random, events: list[Event]) -> list[Event]:
    """Run every interval in random order and one of them again without a third of its events; return those left."""
    days = sorted({event[1] for event in events})
    steps = (publishing("core.versions", HISTORY, "true"), publishing("core.latest", Merge("id", "at"), "op <> 'D'"))
    runs = draw.sample(days, len(days))
    for position, day in enumerate([*runs, draw.choice(runs)]):
        if position == len(runs):
            events = [event for event in events if event[1] != day or draw.random() > 1 / 3]
        lake.write("raw.rows", RAW, events, mode="overwrite")
        result = lake.run(*steps[: 1 if position == len(runs) else 2], date=str(day))
        if result.exit_code:
            raise SystemExit(str([str(each.error) for each in result.steps]))
    return events


def reference(python: str, events: Iterable[Event], place: Path) -> Any:
    """Return what Spark 4.3 makes of the events."""
    place.write_text(json.dumps([(key, *rest) for key, _, *rest in events]), encoding="utf-8")
    script = Path(__file__).with_name("auto_cdc_reference.py")
    said = subprocess.run([python, str(script), str(place)], check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(said.splitlines()[-1])


def by_key(rows: Iterable[Sequence[Any]]) -> dict[int, list[list[Any]]]:
    """Return rows by their first column, each key's sorted."""
    found: dict[int, list[list[Any]]] = defaultdict(list)
    for key, *rest in rows:
        found[key].append(rest)
    return {key: sorted(rest, key=repr) for key, rest in found.items()}


def main(argv: Sequence[str] | None = None) -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser("python -m bench.auto_cdc", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--spark43", required=True, help="the Python of an environment with pyspark 4.3")
    parser.add_argument("--keys", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    draw = random.Random(arguments.seed)  # noqa: S311 to be repeated, not to be secret
    all_events = made(draw, arguments.keys)
    with tempfile.TemporaryDirectory() as place:
        spark = start(SessionSettings(app_name="auto_cdc", master="local[2]"))
        lake = Lake(spark, Path(place).resolve())
        events = published(lake, draw, all_events)
        table = lake.table("core.versions").where("__START_AT <> coalesce(__END_AT, -1)")
        versions = table.select("id", "__START_AT", "__END_AT", "v", "note").collect()
        latest = lake.table("core.latest").select("id", "v", "note").collect()
        spark.stop()
        theirs = reference(arguments.spark43, events, Path(place) / "events.json")
        upserts = reference(arguments.spark43, [e for e in all_events if e[-1] != "D"], Path(place) / "upserts.json")
    now = [(row[0], *row[3:]) for row in versions if row[2] is None]
    pairs = {
        "History, SCD 2": (versions, theirs["versions"]),
        "its current versions, SCD 1": (now, theirs["latest"]),
        "Merge, SCD 1": (latest, upserts["latest"]),
    }
    wrong = 0
    for name, sides in pairs.items():
        ours, expected = (by_key(side) for side in sides)
        differ = [key for key in ours.keys() | expected.keys() if ours.get(key) != expected.get(key)]
        print(f"{name}: {len(sides[0])} rows here, {len(sides[1])} there, {len(differ)} keys differ {differ[:5]}")
        for key in differ[:2]:
            print("  ", [event for event in events if event[0] == key], ours.get(key), expected.get(key))
        wrong += len(differ)
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
