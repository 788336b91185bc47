"""What is wrong with a declaration, looked for before a source is read; the JVM has the last word on patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from py4j.protocol import Py4JJavaError

from etl.errors import DefinitionError
from etl.kinds.values import seen
from etl.model.faults import check_faults
from etl.model.plan import PlannedStep
from etl.spark.jvm import java_class

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def check_declared(session: SparkSession, planned: PlannedStep) -> None:
    """Refuse a step that could only fail, or say nothing, once rows are there; runs no Spark job.

    Raises:
        DefinitionError: with the declaration's place.
    """
    check_faults(planned.step)
    patterns = java_class(session, "java.util.regex.Pattern")
    for expectation in planned.step.expectations:
        regex = expectation.kwargs.get("regex")
        if regex is None:
            continue
        try:
            patterns.compile(regex)
        except Py4JJavaError as error:
            said = " ".join(str(error.java_exception.getMessage()).split("\n", 1)[0].split())
            raise DefinitionError(
                f"step {planned.step.name}: {expectation.name}: regex={seen(regex)} is not Java's: {said}",
                place=expectation.place or planned.step.place,
            ) from None
