"""Where the job's own code is called: what it raises comes out naming job, step, file and line."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.errors import AnalysisException, ParseException

import etl
from etl.engine.culprit import culprit
from etl.engine.queries import refusal
from etl.engine.tracebacks import raised
from etl.errors import AnalysisError, DefectError, EtlError, Place, TransformError
from etl.model.plan import PlannedStep
from etl.spark.causes import causes
from etl.spark.errors import chain, classify, is_of_the_rows, summary

JOBS = "jobs"  # the package that a project keeps its jobs in


@contextmanager
def user_code(planned: PlannedStep) -> Iterator[None]:
    """Turn what the transformation raises into an error of the project or the step.

    Raises:
        AnalysisError: Spark refuses the plan: a column, a table, a type, SQL that does not parse.
        TransformError: any other exception.
        EtlError: what the JVM raised was a condition of the machine, a service or a file.
    """
    try:
        yield
    except EtlError:
        raise
    except (AnalysisException, ParseException) as error:
        raise _refused(planned, error) from error
    except Exception as error:
        raise _raised(planned, error) from error


def failed_action(planned: PlannedStep, error: BaseException, uri: str | None = None) -> EtlError:
    """Return the error for what went wrong outside the job's own code.

    A condition of the machine, a service or a file is told as what it is. Else it is the author's where a Spark action
    met one of the author's rows, or where ``uri`` refuses the shape of them; whatever is left is ours.

    Args:
        planned: the step.
        error: what was raised.
        uri: the target that was being written, while it was.
    """
    place = (planned.writes.place if uri else None) or planned.step.place
    told = classify(error, _who(planned), place=place, uri=uri)
    if told is not None:
        return told
    if is_of_the_rows(error):
        return _of_the_rows(planned, error)
    if uri and isinstance(error, AnalysisException):
        return AnalysisError(
            f"{_who(planned)}: {uri} refuses the rows: {summary(error)}",
            place=place,
            remedy="the target is unchanged; change the step's schema, or the table",
        )
    return DefectError(f"{_who(planned)}: {type(error).__name__}: {summary(error)}", place=_our_place(error))


def _of_the_rows(planned: PlannedStep, error: BaseException) -> TransformError:
    """Return the error for a row that a condition, a UDF or the transformation cannot take."""
    found = culprit(planned, error)
    if found is not None:
        who, place = found
        return TransformError(
            f"{_who(planned)}: {who}: {summary(error)}",
            place=place,
            remedy="write the condition so that no row makes it fail: try_cast, try_divide, a CASE before it",
        )
    udf = raised((cause.message for cause in causes(error)), _root(planned))
    return TransformError(
        f"{_who(planned)}: {udf.said if udf else summary(error)}",
        place=(udf.place if udf else None) or planned.step.place,
        remedy="mend the transformation or the data",
    )


def _refused(planned: PlannedStep, error: BaseException) -> EtlError:
    said, place = refusal(planned.step, error, _root(planned)) or (summary(error), _place(planned, error))
    return AnalysisError(f"{_who(planned)}: {said}", place=place, remedy="mend the step: name what Spark knows here")


def _raised(planned: PlannedStep, error: BaseException) -> EtlError:
    """Return the error for what the author's code raised; what the JVM raised below it may be the machine's."""
    from_java = next(chain(error), None) is not None
    told = classify(error, _who(planned), place=_place(planned, error)) if from_java else None
    udf = raised((cause.message for cause in causes(error)), _root(planned)) if from_java else None
    return told or TransformError(
        f"{_who(planned)}: {udf.said if udf else f'{type(error).__name__}: {summary(error)}'}",
        place=(udf.place if udf else None) or _place(planned, error),
        remedy="mend the transformation",
    )


def _who(planned: PlannedStep) -> str:
    return f"job {planned.job}, step {planned.step.name}"


def _our_place(error: BaseException) -> Place | None:
    """Return the deepest frame in Headrace's own files: what a report of a defect begins with."""
    root = Path(etl.__file__).parent
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(root)]
    return Place(str(Path(ours[-1].filename).relative_to(root.parent)), ours[-1].lineno) if ours else None


def _place(planned: PlannedStep, error: BaseException) -> Place:
    """Return the deepest frame in the author's own files; the step's declaration where there is none."""
    package, root = _package(planned), _root(planned)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).is_relative_to(package) and frame.lineno:
            return Place(frame.filename, frame.lineno).relative_to(str(root))
    return planned.step.place


def _package(planned: PlannedStep) -> Path:
    """Return the folder of the package that the step is declared in: ``jobs``, in a project."""
    module = sys.modules.get(planned.step.module.split(".")[0])
    return Path(getattr(module, "__file__", None) or planned.step.place.file).absolute().parent


def _root(planned: PlannedStep) -> Path:
    """Return the project's folder, that places are told relative to; where the run was started, for one without."""
    package = _package(planned)
    return package.parent if package.name == JOBS else Path.cwd()
