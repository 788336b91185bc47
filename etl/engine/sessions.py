"""The sessions of a run's steps: one for each step, and one more for each interval that it works on at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import define, field

from etl.spark.session import step_session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@define
class Sessions:
    """Children of the run's session, lent to one interval of a step at a time and used again for the next."""

    run: SparkSession
    free: dict[str, list[SparkSession]] = field(factory=dict)

    @contextmanager
    def lent(self, step: str) -> Iterator[SparkSession]:
        """Yield a session of the step that nobody else uses meanwhile."""
        free = self.free.setdefault(step, [])
        try:
            own = free.pop()
        except IndexError:
            own = step_session(self.run)
        try:
            yield own
        finally:
            free.append(own)
