"""A run as it happens: a live display on a terminal, one line per change everywhere else."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Literal, TextIO

from etl.model.event import Listener
from etl.model.run import Clock, utc_now
from etl.report.course import Course
from etl.report.lines import HEARTBEAT_SECONDS, Lines

Mode = Literal["auto", "live", "lines", "none"]


def chosen(mode: Mode, stream: TextIO, *, quiet: bool = False) -> Mode:
    """Resolve ``auto``: ``live`` on a terminal that can redraw, outside CI and unless ``quiet``; else ``lines``."""
    if mode != "auto":
        return mode
    plain = os.environ.get("NO_COLOR") or os.environ.get("CI") or os.environ.get("TERM") in {"dumb", ""}
    return "live" if stream.isatty() and not plain and not quiet and find_spec("rich") else "lines"


@contextmanager
def follow(
    mode: Mode, stream: TextIO, *, quiet: bool = False, now: Clock = utc_now, past: Mapping[str, float] | None = None
) -> Iterator[Listener]:
    """Show the events of a run on ``stream`` while the block runs.

    Args:
        mode: ``none`` shows nothing; for ``auto`` see ``chosen``.
        stream: usually stderr; ``lines`` never writes an escape sequence.
        quiet: only what did not go well.
        now: the time, for the heartbeat.
        past: seconds that steps took in earlier runs, to say how long the rest will take.
    """
    mode = chosen(mode, stream, quiet=quiet)
    if mode == "none":
        yield lambda _: None
    elif mode == "live":
        from etl.report.live import display

        with display(stream, past or {}) as listener:
            yield listener
    else:
        lines = Lines(lambda text: print(text, file=stream, flush=True), quiet=quiet, course=Course(past or {}))
        with _beating(lines, now):
            yield lines


@contextmanager
def _beating(lines: Lines, now: Clock) -> Iterator[None]:
    done = threading.Event()

    def beat() -> None:
        while not done.wait(HEARTBEAT_SECONDS / 6):
            lines.beat(now())

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=5)  # a terminal that is paused would hold it for ever
