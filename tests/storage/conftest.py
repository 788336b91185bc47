"""Tables that somebody publishes to, row by row, and others change."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from etl import Source, Target, expect, step
from etl.model.interval import Unit


@pytest.fixture
def publish(lake) -> Callable[..., Any]:
    """Publish rows as clean.rows, declared so; gives the step's result."""
    sources = itertools.count(1)

    def published(ddl, write, rows, *, day="2013-02-08", unit=Unit.DAY, partition_by=(), column="day", aside=False):
        source = f"raw.rows_{next(sources)}"
        lake.write(source, ddl.replace(" NOT NULL", ""), rows)
        lake.declared.pop("clean.rows", None)
        suite = [expect.column_values_to_not_be_null("id", on_failure="quarantine")] if aside else []

        @step(
            sources={"rows": Source(source, interval_column=column)},
            target=Target("clean.rows", ddl, write, partition_by=partition_by),
            expectations=suite,
        )
        def publishing(rows):
            return rows

        return lake.carry_out(lake.plan(publishing, date=str(day), unit=unit)).steps[0]

    return published


@pytest.fixture
def on_table(lake, spark) -> Callable[[str], None]:
    """Run SQL on clean.rows, ``{table}``, as somebody else would."""

    def ran(statement):
        spark.sql(statement.replace("{table}", f"delta.`{lake.dataset('clean.rows').uri}`"))

    return ran


@pytest.fixture
def elsewhere(lake) -> Callable[[], None]:
    """Go on in a lake without tables."""
    numbers = itertools.count(1)

    def moved():
        lake.root = lake.root / str(next(numbers))
        lake.declared.clear()

    return moved
