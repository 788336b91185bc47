"""Why a step runs or not, for one interval: said by ``etl plan --why`` before a run, and by the run itself."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from attrs import frozen


class State(StrEnum):
    """Where a step's publish stands before it runs."""

    NEW = "new"  # never published
    STALE = "stale"  # published from something else, or its rows are gone
    UP_TO_DATE = "up to date"
    FORCED = "forced"  # up to date, and --force asked for it
    KEPT = "kept"  # others now, and not to be replaced: appended, or changed by another writer
    WAITS = "waits"  # what it reads is published first: known only then
    BLOCKED = "blocked"  # it would fail: a source is missing


@frozen
class Why:
    """Where a publish stands, and what makes it so.

    Args:
        state: in one word.
        reason: what changed, for people: ``raw.flights: 1 file new, 1 changed``.
        run_id: the run that published last; empty where nobody remembers.
    """

    state: State
    reason: str = ""
    run_id: str = ""

    @property
    def publishes(self) -> bool:
        """True if the step would run."""
        return self.state not in {State.UP_TO_DATE, State.KEPT}

    @property
    def words(self) -> str:
        """All of it: ``stale: clean_flights changed since run …``, ``up to date (run …)``."""
        run = f"run {self.run_id}" if self.run_id else ""
        if not self.reason:
            return f"{self.state} ({run})" if run else str(self.state)
        return f"{self.state}: {self.reason}" + (f" since {run}" if run else "")

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"state": str(self.state), "reason": self.reason, "since_run": self.run_id or None, "words": self.words}


@frozen(kw_only=True)
class Outlook:
    """Where one step of a plan stands for one interval, before anything runs."""

    step: str
    interval: str | None
    why: Why

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"step": self.step, "interval": self.interval} | self.why.to_json()
