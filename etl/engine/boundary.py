"""Where the job's own code is called: what it raises comes out naming job, step, file and line."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.errors import AnalysisException, ParseException

from etl.errors import AnalysisError, EtlError, Place, TransformError
from etl.model.plan import PlannedStep
from etl.spark.errors import summary


@contextmanager
def user_code(planned: PlannedStep) -> Iterator[None]:
    """Turn what the transformation raises into an error of the project or the step.

    Raises:
        AnalysisError: Spark refuses the plan: a column, a table, a type, SQL that does not parse.
        TransformError: any other exception.
    """
    try:
        yield
    except EtlError:
        raise
    except (AnalysisException, ParseException) as error:
        raise AnalysisError(
            f"job {planned.job}, step {planned.step.name}: {summary(error)}", place=_place(planned, error),
            remedy="the target is unchanged; `etl validate` finds such errors without reading data",
        ) from error  # fmt: skip
    except Exception as error:
        raise TransformError(
            f"job {planned.job}, step {planned.step.name}: {type(error).__name__}: {summary(error)}",
            place=_place(planned, error), remedy="the target is unchanged; mend the transformation and run again",
        ) from error  # fmt: skip


def failed_action(planned: PlannedStep, error: BaseException) -> EtlError:
    """Return the error for a Spark action of the step that failed: the transformation's plan met a bad value."""
    return TransformError(
        f"job {planned.job}, step {planned.step.name}: {summary(error)}", place=planned.step.place,
        remedy="the target is unchanged; mend the transformation or the data and run again",
    )  # fmt: skip


def _place(planned: PlannedStep, error: BaseException) -> Place:
    """Return the deepest frame in the author's own files; the step's declaration where there is none."""
    module = sys.modules.get(planned.step.module.split(".")[0])
    root = Path(getattr(module, "__file__", None) or planned.step.place.file).parent
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).is_relative_to(root) and frame.lineno:
            return Place(_short(frame.filename), frame.lineno)
    return planned.step.place


def _short(filename: str) -> str:
    try:
        return str(Path(filename).relative_to(Path.cwd()))
    except ValueError:
        return filename
