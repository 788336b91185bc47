"""A step's attempts: again after what passes by itself, each in a session as if it were new."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from attrs import evolve, frozen

from etl.engine.lifecycle import Attempt, execute
from etl.engine.stop import Stop
from etl.model.plan import PlannedStep
from etl.model.result import StepResult
from etl.spark.session import as_found

LOOK = 0.2  # seconds between looks at the stop signal while a step waits


@frozen
class Backoff:
    """How long a step waits before it is tried again.

    Args:
        first: seconds before the first retry, doubled for each further one.
        most: seconds that are never exceeded.
        chance: a number from 0 to 1. Up to half of the time is taken off by it, so that steps that failed together,
            in this run or another, do not come back together.
        sleep: waits for so many seconds.
    """

    first: float = 1.0
    most: float = 60.0
    chance: Callable[[], float] = random.random
    sleep: Callable[[float], None] = time.sleep

    def seconds(self, attempt: int) -> float:
        """Return how long to wait after this attempt; the first is 1."""
        return min(self.most, self.first * 2.0 ** (attempt - 1)) * (1 - self.chance() / 2)

    def wait(self, attempt: int, stop: Stop) -> bool:
        """Wait after this attempt; return False, at once, when the run is told to stop."""
        left = self.seconds(attempt)
        while left > 0 and not stop.requested:
            self.sleep(min(LOOK, left))
            left -= LOOK
        return not stop.requested


def attempts(planned: PlannedStep, attempt: Attempt, backoff: Backoff) -> StepResult:
    """Execute the step, and again after a transient failure, up to the job's ``retries``.

    Settings and temporary views that an attempt leaves in the session are gone before the next, be it this interval's
    or another's.
    """
    number = 1
    while True:
        with as_found(attempt.session):
            result = evolve(execute(planned, attempt), attempts=number)
        passing = result.error is not None and result.error.retryable
        if not passing or number > planned.retries or not backoff.wait(number, attempt.stop):
            return result
        number += 1
