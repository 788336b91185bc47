"""Numbers that ride on a write: Spark observations, read without ever blocking.

``Observation.get`` waits for ever when Spark optimised the observed node away, and answers wrongly after a failed
write. Here the listener bus is drained first, then the observation is complete or it will never be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import define, field
from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DRAIN_MS = 60_000  # the bus is empty within milliseconds after a write; a minute means a stuck listener
ROWS = "count(1)"


@define(eq=False)
class Reading:
    """One observation: aggregates by their SQL, once the action that runs them has finished."""

    observation: Observation
    names: Mapping[str, str]  # alias → SQL
    frame: DataFrame  # what was observed, to measure again where Spark dropped the node

    def take(self) -> Mapping[str, Any]:
        """Return the values; runs one Spark job where the plan was optimised past the observation.

        Only call it after the action has succeeded and ``drain`` returned.
        """
        observed: Any = self.observation._jo  # the public `get` blocks
        if observed.future().isCompleted():
            values = self.observation.get
            return {sql: values[alias] for alias, sql in self.names.items()}
        row = self.frame.agg(*[F.expr(sql) for sql in self.names.values()]).collect()[0]
        return dict(zip(self.names.values(), row, strict=True))


def observe(frame: DataFrame, measures: Iterable[str]) -> tuple[DataFrame, Reading]:
    """Put an observation on top of the frame's plan; costs no Spark job."""
    names = {f"m{n}": sql for n, sql in enumerate(dict.fromkeys(measures))}
    observation = Observation()
    observed = frame.observe(observation, *[F.expr(sql).alias(alias) for alias, sql in names.items()])
    return observed, Reading(observation, names, frame)


def drain(session: SparkSession) -> None:
    """Wait until every finished action has told its observations."""
    session.sparkContext._jsc.sc().listenerBus().waitUntilEmpty(DRAIN_MS)


@define
class Counter:
    """Counts rows for the collector of a transformation's drops."""

    readings: list[Reading] = field(factory=list)

    def observe(self, frame: DataFrame) -> tuple[DataFrame, Reading]:
        """Return the frame counting its rows, and the reading."""
        observed, reading = observe(frame, [ROWS])
        self.readings.append(reading)
        return observed, reading


def rows(reading: Reading) -> int:
    """Return the row count of a reading made by ``Counter``."""
    return int(reading.take()[ROWS])
