"""Which of a step's declared conditions a Spark error is about: its own account underlines the piece of SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator

from etl.engine.declared import conditions
from etl.errors import Place
from etl.model.plan import PlannedStep
from etl.spark.causes import text_of

SHOWN = re.compile(r"^== SQL.*==\n(?P<sql>.*)\n(?P<before> *)(?P<marks>\^+)", re.MULTILINE)


def culprit(planned: PlannedStep, error: BaseException) -> tuple[str, Place] | None:
    """Return which expectation's ``row_condition`` or other condition a row made fail, and where it is declared.

    None where Spark underlines nothing, or what stands in none of them; of two that hold the piece it is the first.
    """
    for piece in _underlined(error):
        for who, condition, place in conditions(planned):
            if piece in condition:
                return who, place
    return None


def _underlined(error: BaseException) -> Iterator[str]:
    for found in SHOWN.finditer(text_of(error)):
        start = len(found["before"])
        yield found["sql"][start : start + len(found["marks"])]
