"""How often a step is tried, and how long that goes on; without Spark."""

import itertools
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from etl.engine import attempts as room
from etl.engine.attempts import Backoff, attempts
from etl.engine.lifecycle import Attempt
from etl.engine.stop import Stop
from etl.errors import ConflictError, EtlError, ThrottledError, TransformError, WriteConflictError
from etl.model.failure import ErrorInfo
from etl.model.result import Status, StepResult
from etl.model.run import Run


@pytest.fixture
def tried(monkeypatch):
    """``tried(error, error, retries=2)``: the step ends with these errors, then well."""

    def run(*errors, retries=0, **backoff):
        left = list(errors)

        def execute(*_):
            error = left.pop(0) if left else None
            info = ErrorInfo.of(error) if isinstance(error, EtlError) else None
            status = Status.ERROR if info else Status.PASS
            return StepResult(step="clean.rows", job="shop", interval="2013-02-08", status=status, error=info)

        monkeypatch.setattr(room, "execute", execute)
        monkeypatch.setattr(room, "as_found", nullcontext)
        heard = []
        seconds = itertools.count(step=10)
        attempt = Attempt(
            session=None, run=Run("a"), force=False, stop=Stop(), listener=heard.append, clock=lambda: next(seconds)
        )
        given = Backoff(sleep=lambda _: None, chance=lambda: 0.0, **backoff)
        result = attempts(SimpleNamespace(retries=retries), attempt, given)
        return result.status, result.attempts, [event.data["message"] for event in heard]

    return run


def test_what_fails_by_its_own_fault_is_never_tried_again(tried):
    assert tried(TransformError("division by zero"), retries=9)[:2] == (Status.ERROR, 1)


def test_what_passes_is_tried_again_and_each_failure_is_told(tried):
    status, number, notes = tried(*[ThrottledError("s3", "503")] * 2, retries=2)

    assert (status, number) == (Status.PASS, 3)
    assert notes[1].startswith("clean.rows 2013-02-08: attempt 2 failed (s3: a service refuses for now: 503); again in")


def test_a_step_that_has_been_at_it_for_longer_than_the_deadline_is_not_tried_again(tried):
    status, number, notes = tried(*[ThrottledError("s3", "503")] * 9, retries=9, deadline=25.0)

    assert (status, number, len(notes)) == (Status.ERROR, 3, 2)


@pytest.mark.parametrize("error", [ConflictError("clean.rows: faster"), WriteConflictError("clean.rows", "a file")])
def test_what_lost_against_another_interval_of_its_run_begins_again_without_any_retries(tried, error):
    assert tried(error, error, conflicts=5)[:2] == (Status.PASS, 3)
    assert tried(error, conflicts=0)[:2] == (Status.ERROR, 1)


def test_lost_races_end_too_and_take_no_retry_away(tried):
    lost, throttled = ConflictError("clean.rows: faster"), ThrottledError("s3", "503")

    assert tried(*[lost] * 9, conflicts=3)[:2] == (Status.ERROR, 4)
    assert tried(lost, throttled, lost, retries=1, conflicts=2)[:2] == (Status.PASS, 4)
