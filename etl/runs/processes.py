"""Processes of this machine: which one this is, and whether another is still at work.

A process is its number and when it started: numbers are given out again. One that a kill left for its parent to
collect is gone; one that is stopped (Ctrl-Z, SIGSTOP) is neither gone nor at work.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Literal

from attrs import frozen

Condition = Literal["running", "stopped", "gone"]
ENDED, HALTED = "ZXx", "Tt"  # the letters that Linux and ps have for a process's state


@frozen
class Process:
    """A process by its number, and by when it started as its own machine tells that."""

    pid: int
    started: str


Look = Callable[[Process], Condition]


@frozen
class Here:
    """This process, and where its number means something.

    Args:
        host: the machine's name, for people; two machines may share one.
        space: equal in two processes that see one another's numbers: the same boot of the same kernel, the same
            namespace of process numbers (two containers on one machine have two).
        process: this one.
    """

    host: str
    space: str
    process: Process


def here() -> Here:
    """Return what this process is."""
    return Here(socket.gethostname(), _space(), find(os.getpid()) or Process(os.getpid(), ""))


def find(pid: int) -> Process | None:
    """Return the process that has this number now; None where none has."""
    found = _told(pid)
    return Process(pid, found[1]) if found else None


def look(process: Process) -> Condition:
    """Say whether a process of this space is at work."""
    found = _told(process.pid)
    if found is None or found[0] in ENDED or found[1] != process.started:
        return "gone"
    return "stopped" if found[0] in HALTED else "running"


def _told(pid: int) -> tuple[str, str] | None:
    """Return a process's state, a letter, and when it started."""
    if not Path("/proc/self/stat").exists():
        return _told_by_ps(pid)
    try:
        # The second field is the command in brackets, which may hold blanks and brackets itself.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return fields[0], fields[19]


def _told_by_ps(pid: int) -> tuple[str, str] | None:
    asked = ["ps", "-o", "state=,lstart=", "-p", str(pid)]
    state, _, started = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip().partition(" ")
    return (state[0], started.strip()) if state else None


@lru_cache(maxsize=1)
def _space() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:  # not Linux: what ``uname`` has instead changes with the machine, not with each boot
        return " ".join(os.uname()[:3])
