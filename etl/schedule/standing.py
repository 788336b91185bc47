"""How the intervals of a job stand that are due and not done, for people who look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from etl.model.interval import Interval
from etl.schedule.decision import Asked, Check, Known
from etl.schedule.due import decide
from etl.schedule.jobs import Scheduled

WORDS = {"run": "ready", "slot": "waits for a slot", "upstream": "waits for a job", "precondition": "waits"}


def standing(
    name: str, known: Known, now: datetime, ask: Callable[[Any, Scheduled, Check], Asked]
) -> list[dict[str, str]]:
    """Return a row for each such interval, the oldest first: ``job``, ``interval``, ``state``, and ``said``.

    Preconditions are asked now; nothing is begun and nothing written down.
    """
    each, record = known[name]
    decision = decide(each, record, known, now, {})
    answers = {
        (name, check.interval.key, check.number): ask(each.job.wait_for[check.number], each, check)
        for check in decision.check
    }
    if answers:
        decision = decide(each, record, known, now, answers)
    said: dict[str, tuple[Interval, str, str]] = {
        verdict.interval.key: (verdict.interval, verdict.what, "" if verdict.what == "run" else verdict.said)
        for verdict in decision.verdicts
    }
    failed = [opened for opened in decision.record.open.values() if opened.failed]
    said |= {opened.key: (opened.interval, opened.state, opened.reason) for opened in failed}
    return [
        {"job": name, "interval": interval.key, "state": WORDS.get(state, state), "said": words}
        for interval, state, words in sorted(said.values(), key=lambda one: one[0])
    ]
