"""A declared step keeps its function's types: mypy accepts a right call and refuses a wrong one."""

import pytest

api = pytest.importorskip("mypy.api")

pytestmark = pytest.mark.spark

MODULE = """
from pyspark.sql import DataFrame

from etl import ReplaceTable, Source, Target, step


@step(sources={{"rows": Source("raw.rows")}}, target=Target("clean.rows", "id INT", ReplaceTable()))
def copied(rows: DataFrame) -> DataFrame:
    return rows


def use(frame: DataFrame) -> DataFrame:
    return {call}
"""


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("copied(frame)", None),
        ("copied(rows=frame)", None),
        ("copied(1)", "incompatible type"),
        ("copied(frame, frame)", "Too many arguments"),
        ("copied(row=frame)", "Unexpected keyword argument"),
        ("copied(frame).nothing()", "not callable"),
    ],
)
def test_mypy_judges_a_call_of_a_step(tmp_path, call, said):
    module = tmp_path / "job.py"
    module.write_text(MODULE.format(call=call))

    report, _, status = api.run([str(module), "--strict", "--cache-dir", str(tmp_path.parent / "mypy")])

    assert status == (0 if said is None else 1), report
    assert said is None or said in report
