"""Numbers that ride on a write: Spark observations, read without ever blocking, and the same numbers by an own pass.

``Observation.get`` waits for ever when Spark optimised the observed node away, and answers wrongly after a failed
write. Here the listener bus is drained first, then the observation is complete or it will never be.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping, Sequence
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
    frame: DataFrame  # what was observed, to measure again

    @property
    def name(self) -> str:
        """What the observation is called in Spark's plans."""
        return str(self._java.name())

    @property
    def is_told(self) -> bool:
        """Whether an action has told the values; only once the listener bus is drained."""
        return bool(self._java.future().isCompleted())

    @property
    def varies(self) -> bool:
        """Whether another pass may see other rows: the plan has a ``rand()``, a ``uuid()``."""
        return not self.frame._jdf.queryExecution().analyzed().deterministic()

    @property
    def _java(self) -> Any:
        return self.observation._jo  # the public `get` blocks

    def told(self) -> Mapping[str, Any] | None:
        """Return what the first action that had the observation in its plan saw; None where none had.

        Only call it after ``drain``. Whether the values are right is for ``etl.engine.trust`` to say.
        """
        if not self.is_told:
            return None
        told = self._java.getRow()
        if not told.length():  # what Spark tells of a node that was optimised away
            return None
        python = java_class(self.frame.sparkSession, "org.apache.spark.sql.api.python.PythonSQLUtils")
        row = pickle.loads(python.toPyRow(told))  # noqa: S301 of this run's own JVM
        return dict(zip(self.measures, row[0], strict=True))

    def exact(self) -> Mapping[str, Any]:
        """Return the values by a pass of its own over the frame: nothing lies above the measures."""
        return measure(self.frame, self.measures)


def observe(frame: DataFrame, measures: Iterable[str]) -> tuple[DataFrame, Observed]:
    """Put an observation on top of the frame's plan; costs no Spark job.

    The measures are one struct: a call to the JVM for each of a hundred would cost more than the counting.
    """
    distinct = tuple(dict.fromkeys(measures))
    observation = Observation()
    return frame.observe(observation, _together(distinct)), Observed(observation, distinct, frame)


def measure(frame: DataFrame, measures: Sequence[str]) -> Mapping[str, Any]:
    """Return the measures of a frame; exact whatever ran twice: aggregates travel as rows do."""
    row = frame.agg(_together(measures)).collect()[0]
    return dict(zip(measures, row[0], strict=True))


def _together(measures: Iterable[str]) -> Column:
    return F.expr(f"struct({', '.join(f'{sql} AS m{n}' for n, sql in enumerate(measures))}) AS measures")


def drain(session: SparkSession) -> None:
    """Wait until every finished action has told its observations."""
    session.sparkContext._jsc.sc().listenerBus().waitUntilEmpty(DRAIN_MS)


def counted(frame: DataFrame) -> tuple[DataFrame, Observed]:
    """Return the frame counting its rows, and the observation, for the collector of a transformation's drops."""
    return observe(frame, [ROWS])
