from datetime import UTC, datetime
from itertools import pairwise, permutations

import pytest

from etl.errors import (
    ConflictError,
    DefectError,
    InputError,
    OutcomeUnknownError,
    PlatformError,
    ProjectError,
    TransformError,
    UnwritableError,
)
from etl.model.failure import ErrorInfo
from etl.model.result import RunResult, Status, StepResult

AT = datetime(2013, 2, 8, tzinfo=UTC)


def failed(error):
    return StepResult(step="a.b", job="a", interval=None, status=Status.ERROR, error=ErrorInfo.of(error))


def run(*steps):
    return RunResult(run_id="a", environment="local", started_at=AT, finished_at=AT, steps=steps)


GATE = StepResult(step="a.b", job="a", interval=None, status=Status.FAIL)
IN_ORDER = [
    failed(OutcomeUnknownError("no answer")),
    failed(PlatformError("no Java")),
    failed(ProjectError("no column")),
    failed(InputError("no file")),
    failed(TransformError("no value")),
    GATE,
    failed(ConflictError("too late")),
]


@pytest.mark.parametrize(("first", "second"), list(pairwise(IN_ORDER)))
def test_a_run_ends_with_the_code_that_ranks_first_whichever_step_ended_first(first, second):
    assert run(first, second).exit_code == run(second, first).exit_code == first.exit_code


def test_the_order_of_three_failures_never_matters():
    three = (failed(ConflictError("too late")), GATE, failed(InputError("no file")))

    assert {run(*order).exit_code for order in permutations(three)} == {9}


def test_a_run_in_which_nothing_failed_is_0():
    assert run(StepResult(step="a.b", job="a", interval=None, status=Status.NO_OP)).exit_code == 0


def test_an_error_carries_the_data_of_its_condition():
    values = ErrorInfo.of(UnwritableError("step a.b", "Permission denied", uri="s3://a")).to_json()

    assert (values["type"], values["attributes"]) == ("UnwritableError", {"uri": "s3://a"})
    assert "traceback" not in values


def test_an_error_that_somebody_else_raised_first_carries_the_traceback():
    error = DefectError("KeyError: 'stats'")
    error.__cause__ = KeyError("stats")

    assert "KeyError: 'stats'" in ErrorInfo.of(error).to_json()["traceback"]
