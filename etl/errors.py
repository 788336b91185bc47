"""Every error Headrace raises on purpose, as a tree by who must act.

EtlError                       1   unexpected inside the engine
├── UsageError                 2   the person at the command line
├── QualityError               3   whoever owns the data
├── ProjectError               4   whoever wrote the job or its configuration
│   ├── DefinitionError            a job module says something that cannot be run
│   ├── ConfigError                a file under conf/, an ETL__ variable or --set
│   ├── GraphError                 datasets do not join into a graph
│   └── AnalysisError              Spark refuses the step's plan: a column, a table, a type
├── PlatformError              5   whoever set up the machine: Java, versions, jars, credentials
├── RemoteError                6   whoever looks at the remote run
├── OutcomeUnknownError        7   nobody: re-running is safe
├── LockedError                8   nobody: another run is at work
├── InputError                 9   whoever delivers the source: missing, corrupt, drifted
├── StepError                  1   whoever wrote the transformation
│   ├── TransformError             the job's own code raised
│   ├── ConservationError          rows went missing between read and publish
│   ├── OutOfOrderError            an older interval would bring deleted keys back
│   ├── QuarantineError       75   published, but for the rows set aside: retry
│   └── PublishError               the target refused the commit; nothing was published
├── ConflictError             75   nobody: another writer won, retry
└── InterruptedRunError      130   whoever pressed Ctrl-C (143 for SIGTERM)

The class is the condition, the arguments are attributes, the message is composed once. Only ``etl.cli`` prints and
exits.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from pathlib import PurePath
from typing import ClassVar

from attrs import frozen


@frozen
class Place:
    """Where something was said: a file, and the line or key in it where known."""

    file: str
    line: int | None = None
    key: str | None = None

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}" if self.line else self.file
        return f"{text}: {self.key}" if self.key else text

    def relative_to(self, root: str) -> Place:
        """Return the place with its file relative to ``root`` when it lies below, else as it is."""
        path = PurePath(self.file)
        if root and path.is_relative_to(root):
            return Place(path.relative_to(root).as_posix(), self.line, self.key)
        return self


class EtlError(Exception):
    """Something the engine raised on purpose.

    Args:
        message: what was wrong, the value, what was allowed.
        place: where it was said.
        remedy: what to do next, one sentence.
    """

    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, place: Place | None = None, remedy: str = "") -> None:
        self.message, self.place, self.remedy = message, place, remedy
        super().__init__(message)

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        return f"{text}\n  → {self.remedy}" if self.remedy else text


class UsageError(EtlError):
    """A command line that cannot be carried out."""

    exit_code = 2


class QualityError(EtlError):
    """An expectation of severity critical failed; the target is unchanged."""

    exit_code = 3


class ProjectError(EtlError):
    """The project says something that cannot be run."""

    exit_code = 4


class DefinitionError(ProjectError):
    """A job module declares something that cannot be run."""


class ConfigError(ProjectError):
    """A configuration value nobody can use."""


class GraphError(ProjectError):
    """The datasets of the steps do not join into a graph."""


class AnalysisError(ProjectError):
    """Spark refuses the step's plan before reading a row."""


class PlatformError(EtlError):
    """The machine lacks something: Java, a version, a jar, a credential."""

    exit_code = 5


class RemoteError(EtlError):
    """A remote run failed."""

    exit_code = 6


class OutcomeUnknownError(EtlError):
    """The answer of a commit was lost and could not be resolved; re-running is safe."""

    exit_code = 7
    retryable = True


class LockedError(EtlError):
    """Another run holds the target."""

    exit_code = 8
    retryable = True


class InputError(EtlError):
    """A source is missing, corrupt or not of its declared shape."""

    exit_code = 9


class StepError(EtlError):
    """A step failed; its target is unchanged."""


class TransformError(StepError):
    """The job's own code raised."""


class ConservationError(StepError):
    """Rows read are not all accounted for; nothing was published."""


class PublishError(StepError):
    """The target refused the commit; nothing was published."""


class OutOfOrderError(StepError):
    """An interval is merged after a later one, and rows that were deleted since would come back."""

    def __init__(self, step: str, interval: str, later: Sequence[str], place: Place) -> None:
        self.step, self.interval, self.later = step, interval, tuple(later)
        super().__init__(
            f"step {step}: {interval} comes before {later[0]}, which was merged already: keys deleted since then would "
            "come back",
            place=place,
            remedy=f"nothing was changed; run the intervals from {interval} on again with --force, in order",
        )


class QuarantineError(StepError):
    """The target is published, its quarantine is not; running again publishes both."""

    exit_code = 75
    retryable = True

    def __init__(self, step: str, quarantine: str, cause: BaseException, place: Place) -> None:
        self.step, self.quarantine = step, quarantine
        said = cause.message if isinstance(cause, EtlError) else str(cause)
        super().__init__(
            f"step {step}: the rows are published, those set aside are not yet in {quarantine}: {said}",
            place=place,
            remedy="run the step again: it publishes both anew",
        )


class ConflictError(EtlError):
    """Another writer changed the target between stage and publish."""

    exit_code = 75
    retryable = True


class InterruptedRunError(EtlError):
    """The run was told to stop; finished steps stay published, the others are untouched."""

    exit_code = 130


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like ``name``, or None when nothing is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return near[0] if near else None


def did_you_mean(name: str, known: Collection[str], limit: int = 12) -> str:
    """Say which name was probably meant, or list what is known (at most ``limit``, sorted)."""
    near = closest(name, known)
    if near:
        return f"did you mean {near!r}?"
    if not known:
        return "nothing is known here"
    shown = sorted(known)[:limit]
    more = f" and {len(known) - limit} more" if len(known) > limit else ""
    return f"known: {', '.join(shown)}{more}"
