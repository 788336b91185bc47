"""Runs as processes of this machine: ``etl run`` for one interval, under a run id of its own; or ``etl submit``, which
sends it to a platform and follows it there.

A process is the leader of its own group, so it outlives a scheduler that is killed. A scheduler that finds a run in its
records begins it again: of two processes under one run id the ledger refuses one, and the other's end is in the ledger.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from attrs import define, field

from etl.model.run import Clock, utc_now
from etl.runs.holders import find_holder, run_key
from etl.runs.ledger import Ledger
from etl.runs.processes import here, look
from etl.runs.run_record import RunRecord
from etl.schedule.outcome import Outcome
from etl.schedule.runner import Order

PROGRAM = (sys.executable, "-c", "import sys; from etl.cli import main; sys.exit(main())")
RUN = ("run", "--progress", "lines", "--quiet", "--wait", "24h")  # another interval may publish to the same target
GRACE = 20.0  # seconds between the wish that a run ends and the end of its process group
LOOK = 5.0  # seconds between two looks into the ledger for one run of another scheduler's
TAIL = 20_000  # characters of what a process said last
_STEP = re.compile(r"\d+ of \d+ (?:ERROR|FAIL) (\S+) ")


@define(eq=False, kw_only=True)
class Local:
    """The processes of one scheduler.

    Args:
        ledger: tells of the runs that another scheduler began.
        verb: ``run`` and its options, for runs of this machine; ``submit`` and its, for those of a platform.
        options: the project's directory, its environment and what else follows the interval.
        now: the time, in UTC.
        clock: seconds that only grow.
    """

    ledger: Ledger
    verb: tuple[str, ...] = RUN
    options: tuple[str, ...] = ()
    now: Clock = utc_now
    clock: Callable[[], float] = time.monotonic
    _own: dict[str, subprocess.Popen[bytes]] = field(factory=dict)
    _others: dict[str, float] = field(factory=dict)
    _ending: dict[str, float] = field(factory=dict)
    _said: Path = field(factory=lambda: Path(tempfile.mkdtemp(prefix="etl-schedule-")))

    def begin(self, order: Order) -> None:
        """Start the run's process; of a run that the ledger knows wait for the end instead."""
        if self._is_known(order.run_id):
            self._others[order.run_id] = 0.0
            return
        command, *more = self.verb
        asked = [command, order.job, "--date", order.interval.key, "--run-id", order.run_id, *more, *self.options]
        with self._log(order).open("wb") as said:
            self._own[order.run_id] = subprocess.Popen(
                [*PROGRAM, *asked],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
            )

    def ended(self, order: Order) -> Outcome | None:
        """Return how a run ended; None while it goes on."""
        own = self._own.get(order.run_id)
        if own is None:
            return self._from_ledger(order)
        code = own.poll()
        if code is None:
            return None
        del self._own[order.run_id]
        if code and self._is_another(order.run_id, own.pid):
            self._others[order.run_id] = 0.0
            return None
        if order.run_id in self._ending:
            _end_group(own.pid, signal.SIGKILL)  # what its processes left behind
        return Outcome(code, self.now(), self._last_line(order) if code else "")

    def end(self, order: Order) -> None:
        """Ask a run's process to end; after a grace end its whole group."""
        asked = order.run_id in self._ending
        since = self._ending.setdefault(order.run_id, self.clock())
        own = self._own.get(order.run_id)
        pid = own.pid if own and own.poll() is None else self._pid_of_another(order.run_id)
        if pid is None:
            return
        if self.clock() - since >= GRACE:
            _end_group(pid, signal.SIGKILL)
        elif not asked:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def _from_ledger(self, order: Order) -> Outcome | None:
        if self.clock() - self._others.get(order.run_id, 0.0) < LOOK and self._others.get(order.run_id):
            return None
        self._others[order.run_id] = self.clock()
        held = find_holder(self.ledger.store, run_key(order.run_id))
        run = self.ledger.known(order.run_id)
        if run is None:
            if held is None:  # it was never begun, or its process died before its first word
                self.begin(order)
            return None
        return None if run.state == "running" else _outcome(run, self.now)

    def _is_known(self, run_id: str) -> bool:
        return bool(find_holder(self.ledger.store, run_key(run_id)) or self.ledger.known(run_id))

    def _is_another(self, run_id: str, pid: int) -> bool:
        """Say whether a run is another process's; the lease first, for the record is written under it."""
        held = find_holder(self.ledger.store, run_key(run_id))
        if held and held.holder.process.pid != pid:
            return True
        run = self.ledger.known(run_id)
        return run is not None and run.pid != pid

    def _pid_of_another(self, run_id: str) -> int | None:
        held = find_holder(self.ledger.store, run_key(run_id))
        if held is None or held.holder.space != here().space or look(held.holder.process) != "running":
            return None
        return held.holder.process.pid

    def _log(self, order: Order) -> Path:
        return self._said / f"{order.run_id}.log"

    def _last_line(self, order: Order) -> str:
        try:
            return reason(self._log(order).read_text(errors="replace")[-TAIL:])
        except OSError:
            return ""


def reason(said: str) -> str:
    """Return in one line why a run failed, from what it printed: the first step that did, or its last words."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for line, after in pairwise(lines):
        found = _STEP.search(line)
        if found:
            return f"{found[1]}: {after}"
    told = [line for line in lines if line.startswith("Error: ")]
    return (told or [line for line in lines if not line.startswith("Done.")] or [""])[-1].removeprefix("Error: ")


def _end_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _outcome(run: RunRecord, now: Clock) -> Outcome:
    return Outcome(run.exit_code if run.state == "finished" else None, run.finished_at or now(), run.error)
