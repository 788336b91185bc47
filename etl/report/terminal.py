"""A run as it happens: a live display on a terminal, one line per change everywhere else."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Literal, TextIO

from attrs import define, field

from etl.model.event import Event, Listener
from etl.model.plural import plural
from etl.model.result import Status
from etl.report import wording
from etl.report.digest import worst

Mode = Literal["auto", "live", "lines", "none"]
COMPACT_ABOVE = 3  # intervals; a year would be thousands of step lines, so one line per interval
HEARTBEAT_SECONDS = 30.0  # CI and YARN kill a silent process
_WIDTH = 58
_WELL = {Status.PASS, Status.NO_OP}
_BRIEF = _WELL | {Status.WARN, Status.SKIP}


@define
class Lines:
    """One line per change, no escape sequences. Say nothing of what goes well when ``quiet``."""

    write: Callable[[str], object]
    quiet: bool = False
    compact: bool = False
    intervals: int = 0
    done: int = 0
    last: datetime = field(factory=lambda: datetime.now(UTC))
    began: datetime = field(factory=lambda: datetime.now(UTC))
    running: dict[str, datetime] = field(factory=dict)
    steps: list[wording.Json] = field(factory=list)

    def __call__(self, event: Event) -> None:
        """Write what the event says, if it says anything to people."""
        handler = {
            "session_starting": self._session_starting, "session_started": self._session_started,
            "run_started": self._run_started, "interval_started": self._interval_started,
            "step_started": self._step_started,
            "step_finished": self._step_finished, "interval_finished": self._interval_finished,
        }.get(event.kind)  # fmt: skip
        if handler:
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
            what = f"{plural(len(names), 'step')}{about}"
            self._say(event, f"run {event.run_id}: {what}, environment {event.data['environment']}")

    def _interval_started(self, event: Event) -> None:
        self.began = event.at

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
            for detail in wording.details(event.data):
                self.write(f"            {detail}")

    def beat(self, now: datetime) -> None:
        """Name what is running, if nothing was said for a while."""
        if self.running and not self.quiet and (now - self.last).total_seconds() >= HEARTBEAT_SECONDS:
            since = [f"{step} for {wording.duration((now - at).total_seconds())}" for step, at in self.running.items()]
            self.write(f"{now.astimezone():%H:%M:%S}  … {', '.join(sorted(since))}")
            self.last = now

    def _interval_finished(self, event: Event) -> None:
        steps, self.steps = [s for s in self.steps if s["interval"] == event.interval], []
        self.done += 1
        if self.compact and steps and not self.quiet:
            head = f"{self.done} of {self.intervals} {wording.LABELS[worst(steps)]} {event.interval} "
            self._say(event, f"{head.ljust(_WIDTH, '.')} [{_total(steps, event.at - self.began)}]")


def _line(event: Event, word: str, what: str) -> str:
    head = f"{event.data['index']} of {event.data['of']} {word} {_subject(event)} "
    return f"{head.ljust(_WIDTH, '.')} [{what}]"


def _total(steps: Sequence[wording.Json], took: timedelta) -> str:
    published, quarantined = (sum(step["rows"][key] for step in steps) for key in ("published", "quarantined"))
    broken = sum(len(wording.failed(step)) for step in steps)
    parts = [plural(len(steps), "step"), plural(published, "row")]
    parts += [f"{quarantined:,} quarantined"] if quarantined else []
    parts += [f"{plural(broken, 'expectation')} broken"] if broken else []
    return f"{', '.join(parts)} in {wording.duration(took.total_seconds())}"


def _subject(event: Event) -> str:
    return f"{event.step} {event.interval}" if event.interval else str(event.step)


def chosen(mode: Mode, stream: TextIO, *, quiet: bool = False) -> Mode:
    """Resolve ``auto``: ``live`` on a terminal that can redraw, outside CI and unless ``quiet``; else ``lines``."""
    if mode != "auto":
        return mode
    plain = os.environ.get("NO_COLOR") or os.environ.get("CI") or os.environ.get("TERM") in {"dumb", ""}
    return "live" if stream.isatty() and not plain and not quiet and find_spec("rich") else "lines"


@contextmanager
def follow(mode: Mode, stream: TextIO, *, quiet: bool = False) -> Iterator[Listener]:
    """Show the events of a run on ``stream`` while the block runs.

    Args:
        mode: ``none`` shows nothing; for ``auto`` see ``chosen``.
        stream: usually stderr; ``lines`` never writes an escape sequence.
        quiet: only what did not go well.
    """
    mode = chosen(mode, stream, quiet=quiet)
    if mode == "none":
        yield lambda _: None
    elif mode == "live":
        from etl.report.live import display

        with display(stream) as listener:
            yield listener
    else:
        lines = Lines(lambda text: print(text, file=stream, flush=True), quiet=quiet)
        with _beating(lines):
            yield lines


@contextmanager
def _beating(lines: Lines) -> Iterator[None]:
    done = threading.Event()

    def beat() -> None:
        while not done.wait(HEARTBEAT_SECONDS / 6):
            lines.beat(datetime.now(UTC))

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
