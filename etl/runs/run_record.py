"""One run as the ledger knows it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from attrs import field, frozen

from etl.errors import QualityError
from etl.model.result import Status
from etl.runs.artifacts import place

State = Literal["running", "lost", "finished"]
INTERRUPTED = frozenset({130, 143})  # exit codes of SIGINT and SIGTERM


@frozen(kw_only=True)
class RunRecord:
    """One run as the ledger knows it.

    ``state`` is ``lost`` when the run never said that it finished and is not at work any more: its process on this
    machine is gone, its lease on another has expired, or another run has found it dead. ``never_begun`` are the
    intervals that it did not come to. ``error`` is why it had no result: message, place and remedy. ``artifacts`` is
    the root that the run's artifacts lie below. ``jobs`` are those whose steps were planned, ``retry_of`` is the run
    whose rest it did.
    """

    run_id: str
    environment: str
    started_at: datetime
    host: str
    pid: int
    selection: tuple[str, ...] = ()
    intervals: tuple[str, ...] = ()
    state: State = "running"
    finished_at: datetime | None = None
    exit_code: int | None = None
    counts: Mapping[str, int] = field(factory=dict, hash=False)
    published: int = 0
    quarantined: int = 0
    never_begun: tuple[str, ...] = ()
    error: str = ""
    artifacts: str = ""
    jobs: tuple[str, ...] = ()
    retry_of: str = ""

    @property
    def status(self) -> str:
        """How the run ended, in one word: a step's status word, or the state of a run that did not finish."""
        if self.state != "finished":
            return self.state
        if self.exit_code in INTERRUPTED:
            return str(Status.CANCELLED)
        if self.exit_code:
            return str(Status.FAIL if self.exit_code == QualityError.exit_code else Status.ERROR)
        good = (Status.WARN, Status.PASS, Status.NO_OP)
        return str(next((status for status in good if self.counts.get(status)), Status.PASS))

    @property
    def failed(self) -> bool:
        """True for a run that did not end well: an exit code, or no end at all."""
        return self.state == "lost" or bool(self.exit_code)

    @property
    def seconds(self) -> float | None:
        """How long the run took; None while it has not finished."""
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON values."""
        return {
            "run_id": self.run_id,
            "state": self.state,
            "status": self.status,
            "environment": self.environment,
            "started_at": self.started_at.isoformat(),
            "finished_at": self.finished_at.isoformat() if self.finished_at else None,
            "seconds": self.seconds,
            "exit_code": self.exit_code,
            "selection": list(self.selection),
            "jobs": list(self.jobs),
            "retry_of": self.retry_of or None,
            "intervals": list(self.intervals),
            "counts": dict(self.counts),
            "published": self.published,
            "quarantined": self.quarantined,
            "never_begun": list(self.never_begun),
            "error": self.error,
            "host": self.host,
            "pid": self.pid,
            "artifacts": place(self.artifacts, self.run_id) if self.artifacts else "",
        }
