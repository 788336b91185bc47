"""A program and all that it begins, as one group of processes: ended together, by a time-out, a wish to stop, or death.

Between the engine and the program stands a small process that waits on a pipe from the engine: when the engine dies,
however it does, the pipe ends, and the group with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from etl.engine.stop import Stop

GRACE = 10.0  # seconds between the wish that the group ends and its end
LOOK = 0.05
NOT_FOUND, NOT_STARTED = 127, 126  # as shells have it
_GUARD = f"""
import os, signal, subprocess, sys, threading
signal.signal(signal.SIGTERM, lambda *_: None)
def orphaned():
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)
try:
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
except OSError as error:
    print(error, file=sys.stderr, flush=True)
    os._exit({NOT_FOUND} if isinstance(error, FileNotFoundError) else {NOT_STARTED})
threading.Thread(target=orphaned, daemon=True).start()
code = child.wait()
os._exit(code if code >= 0 else 128 - code)
"""


@frozen
class Ended:
    """How a program ended: its exit code, 128 and the signal's number if one ended it, and whether it took too long."""

    exit_code: int
    timed_out: bool = False


def carry_out(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    *,
    stdout: Path,
    stderr: Path,
    timeout: float,
    stop: Stop,
) -> Ended:
    """Run a program to its end, then end whatever it left running.

    Args:
        command: its words.
        environment: all its variables.
        folder: where it runs.
        stdout: file for what it says.
        stderr: file for what it complains of.
        timeout: seconds it may take.
        stop: looked at while it runs; then the group is ended as by the time-out.
    """
    with stdout.open("wb") as out, stderr.open("wb") as err:
        group = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _GUARD, *command],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            until = time.monotonic() + timeout
            while group.poll() is None and time.monotonic() < until and not stop.requested:
                time.sleep(LOOK)
            timed_out = group.poll() is None and not stop.requested
            if group.poll() is None:
                _signal(group.pid, signal.SIGTERM)
                with suppress(subprocess.TimeoutExpired):
                    group.wait(GRACE)
            return Ended(0 if group.poll() == 0 and not timed_out else group.poll() or -signal.SIGKILL, timed_out)
        finally:
            _signal(group.pid, signal.SIGKILL)
            group.wait()
            if group.stdin:
                group.stdin.close()


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)
