"""A small project in a temporary directory: one job, two steps, no data."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from attrs import frozen

from etl.cli import main

BASE = """
name = "shop"
state = "target/state"
artifacts = "target"

[zones]
raw = "lake/raw"
clean = "lake/clean"
marts = "lake/marts"
quarantine = "lake/quarantine"
"""
DATASETS = """
[raw.orders]
format = "csv"
schema = "id INT, day DATE, amount DOUBLE"
partitioned_by = ["day"]
options = { header = "true" }
"""
JOB = '''
"""Orders of a shop: typed, and summed per day."""
from etl import Daily, Job, ReplacePartitions, Source, Target, expect, sql_step, step

JOB = Job(schedule=Daily(at="06:00"), owner="shop")


@step(
    sources={"orders": Source("raw.orders", interval_column="day")},
    target=Target("clean.orders", "id INT NOT NULL, day DATE NOT NULL, amount DOUBLE", ReplacePartitions("day")),
    expectations=[
        expect.column_values_to_be_between("amount", 0, 1000),
        expect.table_row_count_to_be_between(3, on_failure="warn"),
    ],
)
def clean_orders(orders):
    """Keep an order as it came."""
    return orders


REVENUE = sql_step(
    "marts.revenue",
    sql="SELECT day, sum(amount) AS amount FROM orders GROUP BY day",
    sources={"orders": Source("clean.orders", interval_column="day")},
    schema="day DATE NOT NULL, amount DOUBLE",
    write=ReplacePartitions("day"),
    description="Sum the orders of a day.",
)
'''


@frozen
class Said:
    """What a command line answered."""

    code: int
    out: str
    err: str


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project's directory."""
    for path, text in (
        ("conf/base.toml", BASE),
        ("conf/datasets.toml", DATASETS),
        ("conf/env/local.toml", "[run]\nthreads = 2\n"),
        ("conf/env/prod.toml", "[run]\nprotected = true\n"),
        ("jobs/__init__.py", ""),
        ("jobs/shop.py", JOB),
    ):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


@pytest.fixture
def etl(project: Path) -> Callable[..., Said]:
    """``etl("list", "-o", "json")`` runs a command line on the project."""

    def run(*argv: str) -> Said:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main([*argv[:1], *(("-C", str(project)) if argv and not argv[0].startswith("-") else ()), *argv[1:]])
        return Said(code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def orders(project: Path) -> Callable[..., None]:
    """``orders("2013-02-08", "1,2.5", "2,3.5")`` lands a day's CSV."""

    def land(day: str, *rows: str) -> None:
        file = project / "lake" / "raw" / "orders" / f"day={day}" / "orders.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(["id,amount", *rows, ""]))

    return land


@pytest.fixture
def edit(project: Path) -> Callable[[str, str], None]:
    """``edit("return orders", "return orders.limit(1)")`` changes the job, as between two processes."""

    def change(old: str, new: str) -> None:
        file = project / "jobs" / "shop.py"
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))
        for name in [name for name in sys.modules if f"{name}.".startswith("jobs.")]:
            del sys.modules[name]

    return change
