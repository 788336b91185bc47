"""What a program said last, without secrets: what an error shows of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path

from etl.engine.program import Ended
from etl.model.body import Script

LAST = 20  # lines of what it complained of that an error shows


def how(script: Script, ended: Ended) -> str:
    """Return how a program that failed has ended, in words."""
    if ended.timed_out:
        return f"{script.command[0]} had not ended after {script.timeout}"
    return f"{script.command[0]} ended with exit code {ended.exit_code}"


def hide(file: Path, secrets: Iterable[str]) -> None:
    """Replace secrets in what a program has said."""
    said = file.read_bytes()
    hidden = said
    for secret in filter(None, secrets):
        hidden = hidden.replace(secret.encode(), b"***")
    if hidden != said:
        file.write_bytes(hidden)


def tail(file: Path, count: int) -> list[str]:
    """Return a file's last lines."""
    with file.open(errors="replace") as lines:
        return [line.rstrip() for line in deque(lines, count)]


def words(out: Path, err: Path) -> str:
    """Return the last lines of what a program complained of; of what it said, where it complained of nothing."""
    return "".join(f"\n    {line}" for line in tail(err if err.stat().st_size else out, LAST))
