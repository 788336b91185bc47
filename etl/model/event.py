"""What happens during a run, as it happens. The engine emits; others render."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, get_args

from attrs import field, frozen

SCHEMA_VERSION = "1.0"
Kind = Literal[
    "session_starting",
    "session_started",
    "run_started",
    "interval_started",
    "step_started",
    "phase_started",
    "step_progress",
    "step_finished",
    "interval_finished",
    "run_finished",
    "note",
]
KINDS: tuple[Kind, ...] = get_args(Kind)


@frozen
class Event:
    """One thing that happened.

    ==================  ====================================================================================
    kind                ``data``, JSON values only
    ==================  ====================================================================================
    session_starting    none
    session_started     ``spark``: its version
    run_started         ``environment``, ``steps``, ``intervals``, ``parallel``: of them at once; ``pairs``, where
                        not every step is for each
    interval_started    none
    step_started        ``index``, ``of``: the step's place among those of its interval
    phase_started       ``phase``: extract, transform, stage, audit, quarantine, publish
    step_progress       ``tasks_total``, ``tasks_done``, ``tasks_running``; four times a second, never kept
    step_finished       the step's result, ``index``, ``of``
    interval_finished   none
    run_finished        ``exit_code``, ``seconds``
    note                ``message`` about what only tells of a run, a listener or a report; ``traceback``
    ==================  ====================================================================================
    """

    kind: Kind
    at: datetime
    run_id: str
    step: str | None = None
    interval: str | None = None
    data: Mapping[str, Any] = field(factory=dict, hash=False)

    def to_json(self) -> dict[str, Any]:
        """Return the event as one JSON object, a line of ``events.jsonl``."""
        return {
            "schema_version": SCHEMA_VERSION,
            "kind": self.kind,
            "at": self.at.isoformat(),
            "run_id": self.run_id,
            "step": self.step,
            "interval": self.interval,
            "data": dict(self.data),
        }


Listener = Callable[[Event], None]


def note(run_id: str, at: datetime, message: str, error: BaseException | None = None) -> Event:
    """Return what to tell of something that is not the run's fault; the message ends with the error's first line."""
    first = f": {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}" if error else ""
    trace = "".join(traceback.format_exception(error)) if error else ""
    return Event("note", at, run_id, data={"message": message + first.rstrip(" :"), "traceback": trace})
