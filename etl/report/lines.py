"""A run as lines of text: one per change, no escape sequences."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from attrs import define, field

from etl.model.event import Event
from etl.model.plural import plural
from etl.model.result import Status
from etl.report import wording
from etl.report.course import Course
from etl.report.digest import worst

COMPACT_ABOVE = 3  # intervals; a year would be thousands of step lines, so one line per interval
HEARTBEAT_SECONDS = 30.0  # CI and YARN kill a silent process
_WIDTH = 58
_WELL = {Status.PASS, Status.NO_OP}
_BRIEF = _WELL | {Status.WARN, Status.SKIP}


@define
class Lines:
    """One line per change. Says nothing of what goes well when ``quiet``.

    Events come from one thread and beats from another: one at a time.
    """

    write: Callable[[str], object]
    quiet: bool = False
    compact: bool = False
    intervals: int = 0
    done: int = 0
    last: datetime | None = None
    began: dict[str | None, datetime] = field(factory=dict)
    running: dict[str, datetime] = field(factory=dict)
    steps: list[wording.Json] = field(factory=list)
    course: Course = field(factory=Course)
    lock: threading.Lock = field(factory=threading.Lock)

    def __call__(self, event: Event) -> None:
        """Write what the event says, if it says anything to people."""
        handler = {
            "session_starting": self._session_starting,
            "session_started": self._session_started,
            "run_started": self._run_started,
            "interval_started": self._interval_started,
            "step_started": self._step_started,
            "step_finished": self._step_finished,
            "interval_finished": self._interval_finished,
            "note": self._note,
        }.get(event.kind)
        if handler:
            with self.lock:
                self.course.take(event)
                handler(event)

    def _say(self, event: Event, text: str) -> None:
        self.last = event.at
        self.write(f"{event.at.astimezone():%H:%M:%S}  {text}")

    def _session_starting(self, event: Event) -> None:
        if not self.quiet:
            self._say(event, "starting Spark …")

    def _session_started(self, event: Event) -> None:
        if not self.quiet:
            self._say(event, f"Spark {event.data['spark']}")

    def _run_started(self, event: Event) -> None:
        names, keys = event.data["steps"], event.data["intervals"]
        self.intervals, self.compact = len(keys), len(keys) > COMPACT_ABOVE
        if not self.quiet:
            about = f" for {keys[0]}" if len(keys) == 1 and keys[0] else ""
            about = f" for {len(keys)} intervals, {keys[0]} to {keys[-1]}" if len(keys) > 1 else about
            at_once = event.data.get("parallel", 1)
            about += f", {at_once} at once" if at_once > 1 else ""
            what = f"{plural(len(names), 'step')}{about}"
            self._say(event, f"run {event.run_id}: {what}, environment {event.data['environment']}")

    def _interval_started(self, event: Event) -> None:
        self.began[event.interval] = event.at

    def _step_started(self, event: Event) -> None:
        self.running[_subject(event)] = event.at
        if not (self.quiet or self.compact):
            self._say(event, _line(event, "START", "run"))

    def _step_finished(self, event: Event) -> None:
        self.steps.append(event.data)
        self.running.pop(_subject(event), None)
        hidden = (_WELL if self.quiet else set()) | (_BRIEF if self.compact else set())
        if event.data["status"] not in hidden:
            self._say(event, _line(event, wording.label(event.data), wording.facts(event.data)))
            for detail in [*_again(event.data), *wording.details(event.data)]:
                self.write(f"            {detail}")

    def _note(self, event: Event) -> None:
        self._say(event, f"note: {event.data['message']}")

    def beat(self, now: datetime) -> None:
        """Name what is running, if nothing was said for a while."""
        with self.lock:
            self.last = self.last or now
            if self.running and not self.quiet and (now - self.last).total_seconds() >= HEARTBEAT_SECONDS:
                since = {step: wording.duration((now - at).total_seconds()) for step, at in self.running.items()}
                told = ", ".join(f"{step} for {took}" for step, took in sorted(since.items()))
                self.write(f"{now.astimezone():%H:%M:%S}  … {told}")
                self.last = now

    def _interval_finished(self, event: Event) -> None:
        steps = [step for step in self.steps if step["interval"] == event.interval]
        self.steps = [step for step in self.steps if step["interval"] != event.interval]
        began = self.began.pop(event.interval, event.at)
        self.done += 1
        if self.compact and steps and not self.quiet:
            head = f"{self.done} of {self.intervals} {wording.LABELS[worst(steps)]} {event.interval} "
            seconds = self.course.left(event.at)
            left = f", about {wording.duration(seconds)} left" if seconds else ""
            self._say(event, f"{head.ljust(_WIDTH, '.')} [{_total(steps, event.at - began)}{left}]")


def _line(event: Event, word: str, what: str) -> str:
    head = f"{event.data['index']} of {event.data['of']} {word} {_subject(event)} "
    return f"{head.ljust(_WIDTH, '.')} [{what}]"


def _again(step: wording.Json) -> list[str]:
    """Say why a step that was published before ran again, or was not and should have a look taken at it."""
    reason = step.get("reason", "")
    return [reason] if step["status"] in {Status.PASS, Status.WARN} and reason.startswith(("stale", "kept")) else []


def _total(steps: Sequence[wording.Json], took: timedelta) -> str:
    published, quarantined = (sum(step["rows"][key] for step in steps) for key in ("published", "quarantined"))
    broken = sum(len(wording.failed(step)) for step in steps)
    parts = [plural(len(steps), "step"), plural(published, "row")]
    parts += [f"{quarantined:,} quarantined"] if quarantined else []
    parts += [f"{plural(broken, 'expectation')} broken"] if broken else []
    return f"{', '.join(parts)} in {wording.duration(took.total_seconds())}"


def _subject(event: Event) -> str:
    return f"{event.step} {event.interval}" if event.interval else str(event.step)
