"""Every error Headrace raises on purpose, as a tree by who must act.

EtlError                       1
├── DefectError                1   whoever maintains Headrace: please report it
├── UsageError                 2   the person at the command line
├── QualityError               3   whoever owns the data
├── ProjectError               4   whoever wrote the job or its configuration
│   ├── DefinitionError            a job module says something that cannot be run
│   ├── ConfigError                a file under conf/, an ETL__ variable or --set
│   ├── GraphError                 datasets do not join into a graph
│   └── AnalysisError              Spark refuses the step's plan: a column, a table, a type
├── PlatformError              5   whoever set up the machine: Java, versions, jars, credentials, rights
├── RemoteError                6   whoever looks at the remote run
├── OutcomeUnknownError        7   nobody: re-running is safe
├── LockedError                8   nobody: another run is at work
├── InputError                 9   whoever delivers the source: missing, corrupt, drifted
├── StepError                  1   whoever wrote the transformation
│   ├── TransformError             the job's own code raised, or met a value it cannot take
│   ├── ConservationError          rows went missing between read and publish
│   ├── OutOfOrderError            an older interval would bring deleted keys back
│   ├── QuarantineError       75   published, but for the rows set aside: retry
│   └── PublishError               the target refused the commit; nothing was published
├── ConflictError             75   nobody: another writer won, retry
├── TransientError            75   nobody: an executor, a service or a network failed, retry
└── InterruptedRunError      130   whoever pressed Ctrl-C (143 for SIGTERM)

These are the departments. ``conditions`` names what happened in each, where somebody tests for it or acts on it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from etl.errors.place import Place

OWN = frozenset({"message", "place", "remedy"})  # what every error has; anything else is its condition's data


class EtlError(Exception):
    """Something the engine raised on purpose.

    A subclass that names a condition sets its data as attributes and composes the message once, in its constructor.

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

    @property
    def attributes(self) -> dict[str, Any]:
        """The condition's data, by name; empty for an error that has none."""
        return {name: value for name, value in vars(self).items() if name not in OWN and not name.startswith("_")}


class DefectError(EtlError):
    """A fault of Headrace itself, never of the job, its data or the machine."""

    def __init__(self, message: str, *, place: Place | None = None) -> None:
        super().__init__(
            message,
            place=place,
            remedy="this is a fault of Headrace, not of the job: run again with --debug and report what it prints",
        )


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
    """The machine lacks something: Java, a version, a jar, a credential, a right."""

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
    """The job's own code raised, or met a value it cannot take."""


class ConservationError(StepError):
    """Rows read are not all accounted for; nothing was published."""


class PublishError(StepError):
    """The target refused the commit; nothing was published."""


class ConflictError(EtlError):
    """Another writer changed the target between stage and publish."""

    exit_code = 75
    retryable = True


class TransientError(EtlError):
    """An executor, a service or a network failed; the same run, later, can succeed."""

    exit_code = 75
    retryable = True


class InterruptedRunError(EtlError):
    """The run was told to stop; finished steps stay published, the others are untouched."""

    exit_code = 130
