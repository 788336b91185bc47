"""The example of docs/history.md is what happens."""

import re
from datetime import datetime
from pathlib import Path

from etl import History, Source, Target, step

PAGE = Path(__file__).parents[2].joinpath("docs/history.md").read_text(encoding="utf-8")
RAW = "day DATE, at TIMESTAMP, id INT, city STRING, plan STRING, op STRING"


@step(
    sources={"changes": Source("raw.customer_changes", interval_column="day")},
    target=Target(
        "core.customers",
        "id INT NOT NULL, at TIMESTAMP NOT NULL, city STRING, plan STRING, op STRING",
        History("id", "at", "op = 'D'", track_history_except_column_list="op"),
    ),
)
def customers(changes):
    return changes.drop("day")


def tables():
    """Return the rows of the page's tables of events and versions."""
    found = re.findall(r"^\| (?:day|id) \|.*\n\|---.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return [[[value(cell.strip()) for cell in line[1:-1].split("|")] for line in one.splitlines()] for one in found]


def value(cell):
    if re.fullmatch(r"\d{4}-\d\d-\d\d", cell):
        return datetime.fromisoformat(cell).date()
    if re.match(r"\d{4}-", cell):
        return datetime.fromisoformat(cell)
    return int(cell) if cell.isdigit() else cell or None


def versions(lake):
    rows = lake.table("core.customers").drop("__EVENTS").orderBy("__START_AT").collect()
    return [list(row) for row in rows]


def test_the_example_of_the_page_on_history_is_what_happens(lake):
    events, after, corrected = tables()
    lake.write("raw.customer_changes", RAW, events)
    for day in ("2013-02-09", "2013-02-08"):
        lake.run_step(customers, date=day)
    assert versions(lake) == after

    lake.write("raw.customer_changes", RAW, [events[0], *events[2:]], mode="overwrite")
    lake.run_step(customers)
    assert versions(lake) == corrected
