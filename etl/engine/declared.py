"""What is wrong with a declaration, before a source is read; the JVM has the last word on SQL and patterns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pyspark.errors import IllegalArgumentException, ParseException

from etl.errors import DefinitionError, Place
from etl.kinds.values import seen
from etl.model.faults import check_faults, place_of
from etl.model.formats import format_of
from etl.model.names import source_names
from etl.model.plan import PlannedStep
from etl.model.write import History, Merge
from etl.spark.errors import summary
from etl.spark.jvm import java_class

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def check_declared(session: SparkSession, planned: PlannedStep) -> None:
    """Refuse a step that could only fail, or say nothing, once rows are there; runs no Spark job.

    Raises:
        ProjectError: with the declaration's place.
    """
    check_faults(planned.step)
    for dataset in planned.reads.values():
        schema = dataset.schema if format_of(dataset.format).needs_schema else None
        for error in source_names(dataset.name, schema, dataset.place):
            raise error
    for who, condition, place in conditions(planned):
        said = _unparsed(session, condition)
        if said:
            raise DefinitionError(f"step {planned.step.name}: {who}={seen(condition)} is no SQL: {said}", place=place)
    for expectation in planned.step.expectations:
        regex = expectation.kwargs.get("regex")
        said = _uncompiled(session, regex) if regex is not None else None
        if said:
            raise DefinitionError(
                f"step {planned.step.name}: {expectation.name}: regex={seen(regex)} is not Java's: {said}",
                place=place_of(planned.step, expectation),
            )


def conditions(planned: PlannedStep) -> Iterator[tuple[str, str, Place]]:
    """Yield the pieces of SQL that are put into conditions of the engine's own: who gave it, what, and where."""
    step = planned.step
    for expectation in step.expectations:
        if expectation.kwargs.get("row_condition") is not None:
            given = f"{expectation.name}: row_condition"
            yield given, expectation.kwargs["row_condition"], place_of(step, expectation)
    write = step.target.write
    if isinstance(write, Merge | History) and write.apply_as_deletes is not None:
        yield f"{type(write).__name__} apply_as_deletes", write.apply_as_deletes, step.place


def _unparsed(session: SparkSession, condition: str) -> str | None:
    """Say why a condition is no whole expression, alone and in brackets: a comment could swallow what follows."""
    parser = session._jsparkSession.sessionState().sqlParser()
    try:
        for text in (condition, f"({condition})"):
            parser.parseExpression(text)
    except ParseException as error:
        return summary(error)
    return None


def _uncompiled(session: SparkSession, regex: str) -> str | None:
    try:
        java_class(session, "java.util.regex.Pattern").compile(regex)
    except IllegalArgumentException as error:  # as PySpark tells a PatternSyntaxException
        return summary(error)
    return None
