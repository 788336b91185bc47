import inspect

import pytest

from etl import errors
from etl.config.problems import raise_all
from etl.errors import (
    CircularStepsError,
    ConfigError,
    CorruptRowsError,
    DefectError,
    EtlError,
    ForcedSettingError,
    LiteralSecretError,
    LostExecutorError,
    MissingDatasetError,
    NotAllowedError,
    Place,
    RunIdTakenError,
    UnknownKeyError,
    UnknownNameError,
    UnreachableError,
    UnwritableError,
    WriteConflictError,
)

CONDITIONS = [
    (UnknownKeyError("thread", ["threads", "zones"]), 4, {"key": "thread", "known": ("threads", "zones")}),
    (NotAllowedError("glu", ["glue", "emr"]), 4, {"value": "glu", "allowed": ("glue", "emr")}),
    (LiteralSecretError(["env://NAME"]), 4, {}),
    (ForcedSettingError([("a.b", "1", "2", "else it breaks")]), 4, {"keys": ("a.b",)}),
    (CircularStepsError(["a.b", "c.d", "a.b"]), 4, {"circle": ("a.b", "c.d", "a.b")}),
    (UnknownNameError("no job 'shp'", "shp", ["shop"]), 2, {"name": "shp", "known": ("shop",)}),
    (RunIdTakenError("monday"), 2, {"run_id": "monday"}),
    (MissingDatasetError("raw.trips", "s3://a/b", written_here=False), 9, {"dataset": "raw.trips", "uri": "s3://a/b"}),
    (CorruptRowsError("raw.trips", 2, ["a.csv: 'x'"]), 9, {"dataset": "raw.trips", "rows": 2, "allowed": 0.0}),
    (UnwritableError("step a.b", "Permission denied", uri="s3://a"), 5, {"uri": "s3://a"}),
    (WriteConflictError("clean.trips", "append", version=7), 75, {"version": 7}),
    (LostExecutorError("step a.b", "exit 137"), 75, {}),
]


@pytest.mark.parametrize(("error", "code", "data"), CONDITIONS, ids=lambda value: type(value).__name__)
def test_a_condition_has_its_departments_exit_code_and_its_own_data(error, code, data):
    assert (error.exit_code, error.attributes) == (code, data)


def test_the_message_says_the_value_what_was_meant_and_where():
    error = UnknownKeyError("thread", ["threads"], place=Place("conf/base.toml", 11, "run.thread"))

    assert str(error) == "conf/base.toml:11: run.thread: unknown key; did you mean 'threads'?"


def test_what_passes_by_itself_is_retried_and_what_does_not_is_not():
    assert UnreachableError("step a.b", "timeout").retryable
    assert not DefectError("KeyError: 'stats'").retryable


def test_a_defect_says_that_it_is_ours_and_what_to_report():
    assert "fault of Headrace" in DefectError("KeyError: 'stats'").remedy
    assert "--debug" in DefectError("KeyError: 'stats'").remedy


def test_several_problems_are_one_error_of_the_first_ones_department():
    with pytest.raises(ConfigError) as caught:
        raise_all([UnknownKeyError("a", ["b"]), NotAllowedError("c", ["d"])])

    assert type(caught.value) is ConfigError
    assert "2 problems" in caught.value.message
    assert "did you mean" not in caught.value.remedy


def test_every_class_of_the_tree_is_a_public_name():
    kinds = [kind for module in (errors.tree, errors.conditions) for kind in vars(module).values()]
    classes = {kind.__name__ for kind in kinds if inspect.isclass(kind) and issubclass(kind, EtlError)}

    assert classes <= set(errors.__all__)
