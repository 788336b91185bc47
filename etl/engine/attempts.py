"""A step's attempts: again after what passes by itself, each in a session as if it were new."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from attrs import evolve, frozen

from etl.engine.lifecycle import Attempt, execute
from etl.engine.stop import Stop
from etl.errors import ConflictError, WriteConflictError
from etl.model.event import Event
from etl.model.plan import PlannedStep
from etl.model.result import StepResult
from etl.spark.session import as_found

LOOK = 0.2  # seconds between looks at the stop signal while a step waits
CONFLICTS = 5  # times that a step begins again because another interval of its own run was faster
LOST_RACES = frozenset({ConflictError.__name__, WriteConflictError.__name__})


@frozen
class Backoff:
    """How long a step waits before it is tried again.

    Args:
        first: seconds before the first retry, doubled for each further one.
        most: seconds that are never exceeded.
        chance: a number from 0 to 1. Up to half of the time is taken off by it, so that steps that failed together,
            in this run or another, do not come back together.
        sleep: waits for so many seconds.
        deadline: seconds after its first beginning from when on a step is not tried again.
        conflicts: how often a step that lost against another writer begins again besides; 0 where the run has no
            interval beside it that could be that writer.
    """

    first: float = 1.0
    most: float = 60.0
    chance: Callable[[], float] = random.random
    sleep: Callable[[float], None] = time.sleep
    deadline: float = 3600.0
    conflicts: int = 0

    def seconds(self, attempt: int) -> float:
        """Return how long to wait after this attempt; the first is 1."""
        return min(self.most, self.first * 2.0 ** (attempt - 1)) * (1 - self.chance() / 2)

    def wait(self, seconds: float, stop: Stop) -> bool:
        """Wait so long; return False, at once, when the run is told to stop."""
        left = seconds
        while left > 0 and not stop.requested:
            self.sleep(min(LOOK, left))
            left -= LOOK
        return not stop.requested


def attempts(planned: PlannedStep, attempt: Attempt, backoff: Backoff) -> StepResult:
    """Execute the step, and again after a transient failure, up to the job's ``retries``.

    What fails for any other reason would fail again, and is not tried. Settings and temporary views that an attempt
    leaves in the session are gone before the next, be it this interval's or another's.
    """
    number, races, began = 1, 0, attempt.clock()
    while True:
        with as_found(attempt.session):
            result = evolve(execute(planned, attempt), attempts=number)
        if result.error is None or not result.error.retryable:
            return result
        raced = result.error.type in LOST_RACES and races < backoff.conflicts
        if not raced and number - races > planned.retries:
            return result
        seconds = backoff.seconds(races + 1 if raced else number - races)
        if attempt.clock() - began + seconds > backoff.deadline:
            return evolve(result, message=_with(result.message, f"not tried again: {backoff.deadline:.0f} s are over"))
        _tell(attempt, result, seconds)
        if not backoff.wait(seconds, attempt.stop):
            return result
        number, races = number + 1, races + raced


def _tell(attempt: Attempt, result: StepResult, seconds: float) -> None:
    """Say that a step is going to be tried again, and after what: its result tells of the last attempt only."""
    error = result.error
    subject = " ".join(filter(None, (result.step, result.interval)))
    said = f"{subject}: attempt {result.attempts} failed ({error.message if error else ''}); again in {seconds:.1f}s"
    run_id = attempt.run.run_id
    attempt.listener(Event("note", attempt.now(), run_id, result.step, result.interval, {"message": said}))


def _with(message: str, further: str) -> str:
    return f"{message}; {further}" if message else further
