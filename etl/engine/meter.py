"""Numbers that ride on a write: Spark observations, read without ever blocking.

``Observation.get`` waits for ever when Spark optimised the observed node away, and answers wrongly after a failed
write. Here the listener bus is drained first, then the observation is complete or it will never be.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import define
from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from etl.spark.jvm import java_class

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DRAIN_MS = 60_000  # the bus is empty within milliseconds after a write; a minute means a stuck listener
ROWS = "count(1)"


@define(eq=False)
class Observed:
    """One observation: aggregates by their SQL, once the action that runs them has finished."""

    observation: Observation
    measures: tuple[str, ...]  # SQL, in the order of the observed struct
    frame: DataFrame  # what was observed, to measure again where Spark dropped the node

    def take(self, *, again: bool = False) -> Mapping[str, Any]:
        """Return the values; runs one Spark job where the plan was optimised past the observation.

        Only call it after the action has succeeded and ``drain`` returned. Below a shuffle Spark counts the rows of a
        stage that ran again twice; ``again`` measures in a Spark job of its own, where nothing lies above.
        """
        observed: Any = self.observation._jo  # the public `get` blocks
        if not again and observed.future().isCompleted():
            python = java_class(self.frame.sparkSession, "org.apache.spark.sql.api.python.PythonSQLUtils")
            row = pickle.loads(python.toPyRow(observed.getRow()))  # noqa: S301 of this run's own JVM
        else:
            row = self.frame.agg(_together(self.measures)).collect()[0]
        return dict(zip(self.measures, row[0], strict=True))


def observe(frame: DataFrame, measures: Iterable[str]) -> tuple[DataFrame, Observed]:
    """Put an observation on top of the frame's plan; costs no Spark job.

    The measures are one struct: a call to the JVM for each of a hundred would cost more than the counting.
    """
    distinct = tuple(dict.fromkeys(measures))
    observation = Observation()
    return frame.observe(observation, _together(distinct)), Observed(observation, distinct, frame)


def _together(measures: Iterable[str]) -> Column:
    return F.expr(f"struct({', '.join(f'{sql} AS m{n}' for n, sql in enumerate(measures))}) AS measures")


def drain(session: SparkSession) -> None:
    """Wait until every finished action has told its observations."""
    session.sparkContext._jsc.sc().listenerBus().waitUntilEmpty(DRAIN_MS)


def counted(frame: DataFrame) -> tuple[DataFrame, Observed]:
    """Return the frame counting its rows, and the observation, for the collector of a transformation's drops."""
    return observe(frame, [ROWS])


def rows(observed: Observed, *, again: bool = False) -> int:
    """Return the row count of an observation made by ``counted``."""
    return int(observed.take(again=again)[ROWS])
