"""The sessions of a run's steps: one for each step, and one more for each interval that it works on at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from typing import TYPE_CHECKING

from attrs import define, field

from etl.engine.meter import drain
from etl.spark.session import end, step_session

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

    def close(self) -> None:
        """Let go of the sessions, once all that their queries have to tell is told."""
        with suppress(Exception):  # a listener that is stuck is its owner's: the run has ended without it
            drain(self.run)
            for each in chain.from_iterable(self.free.values()):
                end(each)
