"""Which runs there were: one object per event, written once, never changed.

The ledger tells people what happened. It is never asked whether something was published: the target's own commit says.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from attrs import field, frozen

from etl.errors import ConflictError, EtlError, RunIdTakenError, UnknownNameError
from etl.model.result import RunResult, Status
from etl.state.objects import ObjectStore

SCHEMA_VERSION = "1.0"
State = Literal["running", "lost", "finished"]


@frozen(kw_only=True)
class RunRecord:
    """One run as the ledger knows it.

    ``state`` is ``lost`` when the run never said that it finished and its process on this machine is gone. A run on
    another machine that has not finished is ``running``: nobody here can tell.
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
    error: str = ""
    artifacts: str = ""

    @property
    def seconds(self) -> float | None:
        """How long the run took; None while it has not finished."""
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON values."""
        return {
            "run_id": self.run_id, "state": self.state, "environment": self.environment,
            "started_at": self.started_at.isoformat(),
            "finished_at": self.finished_at.isoformat() if self.finished_at else None,
            "seconds": self.seconds, "exit_code": self.exit_code, "selection": list(self.selection),
            "intervals": list(self.intervals), "counts": dict(self.counts), "published": self.published,
            "quarantined": self.quarantined, "error": self.error, "host": self.host, "pid": self.pid,
            "artifacts": self.artifacts,
        }  # fmt: skip


@frozen
class Ledger:
    """The record of runs in one object store."""

    store: ObjectStore

    def started(
        self, run_id: str, *, at: datetime, environment: str, selection: tuple[str, ...], intervals: tuple[str, ...],
        artifacts: str,
    ) -> None:  # fmt: skip
        """Record that a run starts in this process.

        Raises:
            UsageError: the run id was used before.
        """
        body = {
            "run_id": run_id, "at": at.isoformat(), "environment": environment, "selection": list(selection),
            "intervals": list(intervals), "artifacts": artifacts, "host": socket.gethostname(), "pid": os.getpid(),
        }  # fmt: skip
        try:
            self._append(run_id, "0-started", body)
        except ConflictError:
            raise RunIdTakenError(run_id) from None

    def finished(self, result: RunResult) -> None:
        """Record how a run ended."""
        self._append(result.run_id, "1-finished", {
            "at": result.finished_at.isoformat(), "exit_code": result.exit_code,
            "counts": {str(status): result.count(status) for status in Status},
            "published": sum(step.rows.published for step in result.steps),
            "quarantined": sum(step.rows.quarantined for step in result.steps),
        })  # fmt: skip

    def failed(self, run_id: str, *, at: datetime, error: BaseException) -> None:
        """Record that a run ended before it had a result: no Java, no session, an interrupt."""
        code = error.exit_code if isinstance(error, EtlError) else 1
        first = str(error).split("\n", 1)[0]
        self._append(run_id, "1-finished", {"at": at.isoformat(), "exit_code": code, "error": first})

    def runs(self) -> tuple[RunRecord, ...]:
        """Return every run, the last started first."""
        return tuple(sorted(self._records(), key=lambda run: (run.started_at, run.run_id), reverse=True))

    def run(self, run_id: str) -> RunRecord:
        """Return one run; ``last`` is the one started last.

        Raises:
            UsageError: no run has this id.
        """
        runs = self.runs()
        if run_id == "last" and runs:
            return runs[0]
        for run in runs:
            if run.run_id == run_id:
                return run
        known = [run.run_id for run in runs]
        raise UnknownNameError(f"no run {run_id!r} in the ledger", run_id, known, limit=5)

    def _append(self, run_id: str, event: str, body: dict[str, Any]) -> None:
        text = json.dumps({"schema_version": SCHEMA_VERSION} | body, indent=1)
        self.store.put_if(f"ledger/{run_id}/{event}.json", text.encode(), None)

    def _records(self) -> Iterator[RunRecord]:
        keys = self.store.list("ledger/")
        for key in keys:
            if key.endswith("/0-started.json"):
                ended = key.replace("/0-started.json", "/1-finished.json")
                yield _record(self._read(key), self._read(ended) if ended in keys else None)

    def _read(self, key: str) -> dict[str, Any]:
        stored = self.store.get(key)
        return dict(json.loads(stored.body)) if stored else {}


def _record(start: Mapping[str, Any], end: Mapping[str, Any] | None) -> RunRecord:
    known = {name: start[name] for name in ("run_id", "environment", "host", "pid", "artifacts")}
    shared = known | {
        "started_at": datetime.fromisoformat(start["at"]), "selection": tuple(start["selection"]),
        "intervals": tuple(start["intervals"]),
    }  # fmt: skip
    if end is None:
        return RunRecord(**shared, state="running" if _alive(start["host"], start["pid"]) else "lost")
    counted = {name: end[name] for name in ("counts", "published", "quarantined", "error") if name in end}
    at = datetime.fromisoformat(end["at"]).astimezone(UTC)
    return RunRecord(**shared, **counted, state="finished", finished_at=at, exit_code=end["exit_code"])


def _alive(host: str, pid: int) -> bool:
    if host != socket.gethostname():
        return True
    try:
        os.kill(pid, 0)  # signal 0 asks without sending
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
