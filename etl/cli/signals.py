"""SIGINT and SIGTERM: only the command line takes them; whatever runs below it is handed a ``Stop``."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from etl.engine.stop import Stop


class TerminationError(KeyboardInterrupt):
    """SIGTERM, where a run elsewhere is followed: whoever started the command wants its work to end."""


@contextmanager
def terminable() -> Iterator[None]:
    """Raise ``TerminationError`` on SIGTERM."""

    def wish(_: int, __: FrameType | None) -> None:
        raise TerminationError

    before = signal.signal(signal.SIGTERM, wish)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def interruptible(stop: Stop) -> Iterator[Callable[[], None]]:
    """Turn SIGINT and SIGTERM into a wish to stop; a second SIGINT kills the process at once.

    Yields a function that takes the signals again, for when somebody else took them.
    """

    def wish(number: int, _: FrameType | None) -> None:
        if number == signal.SIGINT and stop.requested:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
        stop.request(128 + number)
        # os.write: a print would raise when the signal arrives in the middle of another one.
        os.write(2, b"\nstopping: what is published stays; Ctrl-C again kills\n")

    before: dict[signal.Signals, Any] = {}

    def take_signals() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            previous = signal.signal(number, wish)
            before.setdefault(number, previous)

    take_signals()
    try:
        yield take_signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
