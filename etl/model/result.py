"""What a run did: the values behind ``run_results.json``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from etl.errors import QualityError
from etl.model.expectation import Expectation, OnFailure
from etl.model.failure import ErrorInfo, rank

SCHEMA_VERSION = "1.0"


class Status(StrEnum):
    """How a step or run ended; dbt's words in lower case."""

    PASS = "pass"  # noqa: S105 a status, not a password
    WARN = "warn"
    FAIL = "fail"  # the data-quality gate
    ERROR = "error"
    SKIP = "skip"
    NO_OP = "no-op"  # already published from the same code and inputs
    CANCELLED = "cancelled"


GOOD = frozenset({Status.PASS, Status.WARN, Status.NO_OP})  # the target is as it should be


class Outcome(StrEnum):
    """What readers of the target see after the step."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    UNKNOWN = "unknown"


@frozen
class ExpectationResult:
    """Great Expectations' result of one expectation, and what it meant for the publish."""

    expectation: Expectation
    success: bool
    result: Mapping[str, Any] = field(factory=dict, hash=False)

    @property
    def blocks(self) -> bool:
        """True if this failure keeps the rows from being published.

        A quarantining expectation sends its broken rows aside whatever their number, unless ``mostly`` sets a limit.
        """
        limited = self.expectation.on_failure is OnFailure.QUARANTINE and "mostly" in self.expectation.kwargs
        return not self.success and (self.expectation.on_failure is OnFailure.FAIL or limited)

    def to_json(self) -> dict[str, Any]:
        """Return Great Expectations' ``ExpectationValidationResult`` as JSON values."""
        return {
            "success": self.success,
            "expectation_config": self.expectation.to_json(),
            "result": dict(self.result),
            "meta": {},
            "exception_info": {"raised_exception": False, "exception_message": None, "exception_traceback": None},
        }


@frozen
class RowCounts:
    """The accounting of one step: what was read is published, quarantined, filtered, or deduplicated.

    ``read`` counts the rows of each source that was measured. ``filtered`` and ``deduplicated`` are per rule and key,
    as the transformation named them. ``output`` is what the transformation returned:
    ``output = staged + set aside``, checked in every run. ``staged`` rows were written for the target; they are
    ``published``, and those set aside ``quarantined``, only where readers can see them: else both are 0.
    """

    read: Mapping[str, int] = field(factory=dict, hash=False)
    corrupt: Mapping[str, int] = field(factory=dict, hash=False)
    filtered: Mapping[str, int] = field(factory=dict, hash=False)
    deduplicated: Mapping[str, int] = field(factory=dict, hash=False)
    output: int = 0
    staged: int = 0
    quarantined: int = 0
    published: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        return {
            "read": dict(self.read),
            "corrupt": dict(self.corrupt),
            "filtered": dict(self.filtered),
            "deduplicated": dict(self.deduplicated),
            "output": self.output,
            "staged": self.staged,
            "quarantined": self.quarantined,
            "published": self.published,
        }


@frozen(kw_only=True)
class StepResult:
    """How one step ended for one interval.

    ``target`` is the dataset that the step publishes, ``reason`` why it ran or not: see ``etl.model.why``.
    """

    step: str
    target: str = field()
    job: str
    interval: str | None
    status: Status
    outcome: Outcome = Outcome.UNCHANGED
    message: str = ""
    reason: str = ""
    rows: RowCounts = field(factory=RowCounts)
    expectations: tuple[ExpectationResult, ...] = ()
    error: ErrorInfo | None = None
    version_before: int | None = None
    version_after: int | None = None
    quarantine: str | None = None
    spark_jobs: int = 0
    spark_stages: int = 0
    started_at: datetime | None = None
    seconds: float = 0.0
    attempts: int = 1
    metrics: Mapping[str, Any] = field(factory=dict, hash=False)

    @target.default
    def _named_like_the_step(self) -> str:
        return self.step

    @property
    def exit_code(self) -> int:
        """0 when the target is as it should be; the error's code otherwise."""
        if self.error is not None:
            return self.error.exit_code
        return QualityError.exit_code if self.status is Status.FAIL else 0

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        return {
            "step": self.step,
            "target": self.target,
            "job": self.job,
            "interval": self.interval,
            "status": str(self.status),
            "outcome": str(self.outcome),
            "message": self.message,
            "reason": self.reason,
            "rows": self.rows.to_json(),
            "expectations": [result.to_json() for result in self.expectations],
            "error": self.error.to_json() if self.error else None,
            "version_before": self.version_before,
            "version_after": self.version_after,
            "quarantine": self.quarantine,
            "spark_jobs": self.spark_jobs,
            "spark_stages": self.spark_stages,
            "started_at": self.started_at.isoformat() if self.started_at else None,
            "seconds": round(self.seconds, 3),
            "attempts": self.attempts,
            "metrics": dict(self.metrics),
        }


@frozen(kw_only=True)
class RunResult:
    """How a run ended."""

    run_id: str
    environment: str
    started_at: datetime
    finished_at: datetime
    steps: tuple[StepResult, ...]
    arguments: Mapping[str, Any] = field(factory=dict, hash=False)
    versions: Mapping[str, str] = field(factory=dict, hash=False)
    interrupted: int | None = None  # the exit code of the signal, 130 or 143; 8 where the run lost its targets
    never_begun: tuple[str, ...] = ()  # intervals that the run did not come to; their steps are among ``steps``

    @property
    def exit_code(self) -> int:
        """0 done; the signal's code; else the steps' code that ranks first, whatever the order in which they ended."""
        if self.interrupted:
            return self.interrupted
        return min((step.exit_code for step in self.steps if step.exit_code), key=rank, default=0)

    def count(self, *statuses: Status) -> int:
        """Return how many step results ended in one of these statuses."""
        return sum(step.status in statuses for step in self.steps)

    def to_json(self) -> dict[str, Any]:
        """Return the run as JSON values, the content of ``run_results.json``."""
        return {
            "schema_version": SCHEMA_VERSION,
            "run_id": self.run_id,
            "environment": self.environment,
            "started_at": self.started_at.isoformat(),
            "finished_at": self.finished_at.isoformat(),
            "seconds": round((self.finished_at - self.started_at).total_seconds(), 3),
            "exit_code": self.exit_code,
            "arguments": dict(self.arguments),
            "versions": dict(self.versions),
            "never_begun": list(self.never_begun),
            "steps": [step.to_json() for step in self.steps],
        }
