"""What happens during a run, as it happens. The engine emits; others render."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

SCHEMA_VERSION = "1.0"


@frozen
class Event:
    """One thing that happened.

    ``kind`` is one of run_started, interval_started, step_started, phase_started, step_progress, step_finished,
    interval_finished, run_finished. ``data`` holds JSON values only.
    """

    kind: str
    at: datetime
    run_id: str
    step: str | None = None
    interval: str | None = None
    data: Mapping[str, Any] = field(factory=dict, hash=False)

    def to_json(self) -> dict[str, Any]:
        """Return the event as one JSON object, a line of ``events.jsonl``."""
        return {
            "schema_version": SCHEMA_VERSION, "kind": self.kind, "at": self.at.isoformat(), "run_id": self.run_id,
            "step": self.step, "interval": self.interval, "data": dict(self.data),
        }  # fmt: skip


Listener = Callable[[Event], None]
