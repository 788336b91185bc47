"""Which runs there were: one object per event, written once, never changed.

``ledger/runs/<run id>/`` holds how a run began and how it ended, ``ledger/results/`` how each of its steps did (see
``past``), and the lists of ``index`` a name for each run, the last one first: looking at twenty reads twenty.

The ledger tells people what happened. It is never asked whether something was published: the target's own commit says.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from attrs import frozen

from etl.errors import ConflictError, EtlError, InterruptedRunError, RunIdTakenError, UnknownNameError, UsageError
from etl.model.result import RunResult, Status
from etl.runs import index
from etl.runs.leases import is_at_work
from etl.runs.objects import ObjectStore, is_key
from etl.runs.run_record import RunRecord

SCHEMA_VERSION = "1.0"
LOOKED_AT = 1000  # runs among which the beginning of an id is looked for
SHOWN = 5


@frozen
class Ledger:
    """The record of runs in one object store."""

    store: ObjectStore

    def started(
        self,
        run_id: str,
        *,
        at: datetime,
        environment: str,
        selection: tuple[str, ...],
        intervals: tuple[str, ...],
        artifacts: str,
        jobs: tuple[str, ...] = (),
        retry_of: str = "",
    ) -> None:
        """Record that a run starts in this process.

        Args:
            run_id: the run.
            at: when.
            environment: of its project.
            selection: what was asked for.
            intervals: their keys.
            artifacts: the root that its artifacts lie below.
            jobs: whose steps are planned.
            retry_of: the run whose rest this one does.

        Raises:
            UsageError: the run id was used before.
        """
        body = {
            "run_id": run_id,
            "at": at.isoformat(),
            "environment": environment,
            "selection": list(selection),
            "intervals": list(intervals),
            "artifacts": artifacts,
            "jobs": list(jobs),
            "retry_of": retry_of,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "nonce": secrets.token_hex(8),  # two runs that begin alike must not take one another's object for their own
        }
        try:
            self._put(_start(run_id), body)
        except ConflictError:
            raise RunIdTakenError(run_id) from None
        for folder in (index.OPEN, index.NEWEST, *map(index.by_job, jobs)):
            index.enter(self.store, folder, index.name_of(at, run_id))

    def finished(self, result: RunResult) -> None:
        """Record how a run ended; one that was found dead and came back stays lost, and its artifacts tell the rest."""
        body = {
            "at": result.finished_at.isoformat(),
            "exit_code": result.exit_code,
            "counts": {str(status): result.count(status) for status in Status},
            "published": sum(step.rows.published for step in result.steps),
            "quarantined": sum(step.rows.quarantined for step in result.steps),
            "never_begun": list(result.never_begun),
        }
        try:
            self._put(_end(result.run_id), body)
        except ConflictError:
            if (self._read(_end(result.run_id)) or {}).get("state") != "lost":
                raise
        self._listed(result.run_id)

    def lost(self, run_id: str, *, at: datetime, by: str) -> None:
        """Record that a run was found dead by another; of a run that said how it ended nothing changes."""
        if self._read(_start(run_id)) is None:  # it died before its first record: there is nothing to end
            return
        with suppress(ConflictError):
            self._put(_end(run_id), {"at": at.isoformat(), "state": "lost", "by": by})
        self._listed(run_id)

    def failed(self, run_id: str, *, at: datetime, error: BaseException) -> None:
        """Record that a run ended before it had a result: no Java, no session, an interrupt.

        Of a run that is recorded with its result nothing changes.
        """
        if isinstance(error, KeyboardInterrupt):
            error = InterruptedRunError("the run was interrupted before it had a result", remedy="run it again")
        code = error.exit_code if isinstance(error, EtlError) else 1
        said = str(error) if isinstance(error, EtlError) else f"{type(error).__name__}: {error}"
        with suppress(ConflictError):
            self._put(_end(run_id), {"at": at.isoformat(), "exit_code": code, "error": said})
        self._listed(run_id)

    def _listed(self, run_id: str) -> None:
        """Put a run that has ended among those that ended so; until then it stands among those that have not."""
        run = self.known(run_id)
        if run is not None and run.state != "running":
            name = index.name_of(run.started_at, run_id)
            index.enter(self.store, index.by_status(run.status), name)
            self.store.delete(f"{index.OPEN}{name}", None)

    def runs(self, limit: int | None = None, asked: index.Asked = index.EVERY) -> Iterator[RunRecord]:
        """Yield the runs that are asked for, the last started first; each is read when its turn comes."""
        found = (self.known(index.id_of(name)) for name in index.names(self.store, asked))
        meant = (run for run in found if run and (not asked.statuses or run.status in asked.statuses))
        return islice(meant, limit)

    def known(self, run_id: str) -> RunRecord | None:
        """Return the run with exactly this id, None where there is none."""
        start = self._read(_start(run_id)) if is_key(run_id) else None
        end = self._read(_end(run_id)) if start else None
        return _joined(start, end, at_work=bool(end) or is_at_work(self.store, run_id)) if start else None

    def run(self, run_id: str) -> RunRecord:
        """Return one run; ``last`` is the one started last. The beginning of an id will do, or of its random part.

        Raises:
            UsageError: no run has this id, or several begin so.
        """
        found = next(self.runs(limit=1), None) if run_id == "last" else self.known(run_id)
        return found or self._begins(run_id)

    def _begins(self, beginning: str) -> RunRecord:
        known = [index.id_of(name) for name in islice(index.names(self.store, index.EVERY), LOOKED_AT)]
        meant = [each for each in known if beginning and _is_short_for(beginning, each)]
        found = self.known(meant[0]) if len(meant) == 1 else None
        if found is not None:
            return found
        if len(meant) > 1:
            shown = ", ".join(meant[:SHOWN]) + (" …" if len(meant) > SHOWN else "")
            raise UsageError(f"{len(meant)} runs begin with {beginning!r}: {shown}", remedy="write more of the id")
        raise UnknownNameError(f"no run {beginning!r} in the ledger", beginning, known, limit=SHOWN)

    def _put(self, key: str, body: dict[str, Any]) -> None:
        self.store.put_if(key, json.dumps({"schema_version": SCHEMA_VERSION} | body, indent=1).encode(), None)

    def _read(self, key: str) -> dict[str, Any] | None:
        stored = self.store.get(key)
        return dict(json.loads(stored.body)) if stored else None


def _is_short_for(beginning: str, run_id: str) -> bool:
    return run_id.startswith(beginning) or run_id.rpartition("-")[2].startswith(beginning)


def _start(run_id: str) -> str:
    return f"ledger/runs/{run_id}/0-started.json"


def _end(run_id: str) -> str:
    return f"ledger/runs/{run_id}/1-finished.json"


def _joined(start: Mapping[str, Any], end: Mapping[str, Any] | None, *, at_work: bool) -> RunRecord:
    known = {name: start[name] for name in ("run_id", "environment", "host", "pid", "artifacts")}
    shared = known | {
        "started_at": datetime.fromisoformat(start["at"]),
        "selection": tuple(start["selection"]),
        "intervals": tuple(start["intervals"]),
        "jobs": tuple(start["jobs"]),
        "retry_of": start["retry_of"],
    }
    if end is None:
        return RunRecord(**shared, state="running" if at_work else "lost")
    if end.get("state") == "lost":
        return RunRecord(**shared, state="lost", error=f"found dead by run {end['by']} at {end['at'][:19]} UTC")
    counted = {name: end[name] for name in ("counts", "published", "quarantined", "error") if name in end}
    counted["never_begun"] = tuple(end.get("never_begun", ()))
    at = datetime.fromisoformat(end["at"]).astimezone(UTC)
    return RunRecord(**shared, **counted, state="finished", finished_at=at, exit_code=end["exit_code"])
