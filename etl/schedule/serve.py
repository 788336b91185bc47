"""The scheduler as a process: it holds the environment's schedule, decides again and again, and stops cleanly."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from attrs import define, field

from etl.engine.stop import Stop
from etl.errors import EtlError, LeaseLostError
from etl.model.run import Clock, new_run_id, utc_now
from etl.runs.held import Held
from etl.runs.holders import Holder
from etl.runs.leases import Leases
from etl.runs.ledger import Ledger
from etl.schedule.asking import Asking
from etl.schedule.machine import Machine

LOOK = 5.0  # seconds between two looks at what was changed by hand
AGAIN = 10.0  # seconds before a store that failed is asked again
SLICE = 0.2
STALE = 60.0  # seconds without a decision after which the scheduler is not well
FOREVER = 10**9


@define(eq=False, kw_only=True)
class Server:
    """One scheduler at work.

    Args:
        machine: decides.
        asking: asks preconditions.
        stop: the wish to stop.
        poll: seconds between two looks at what runs.
        now: the time, in UTC.
        sleep: waits for so many seconds.
        turned: when it decided last.
        trouble: why it could not.
    """

    machine: Machine
    asking: Asking
    stop: Stop
    poll: float = 1.0
    now: Clock = utc_now
    sleep: Callable[[float], None] = time.sleep
    turned: datetime | None = None
    trouble: str = ""
    _looked: float = field(default=float("-inf"))

    def serve(self) -> None:
        """Decide until told to stop; a store that fails is asked again.

        Raises:
            LeaseLostError: another scheduler took over.
        """
        while not self.stop.requested:
            self._wait(self._pause() if self._turned() else AGAIN)

    def once(self) -> None:
        """Run what is due, and what becomes so by that, and wait for its end; what waits for something else is left."""
        while not self.stop.requested:
            self._turn()
            if not self.machine.busy() and not self.asking.busy():
                return
            self._wait(self._pause())

    def _turned(self) -> bool:
        try:
            self._turn()
        except LeaseLostError:
            raise
        except (EtlError, OSError) as error:
            self.trouble = f"{type(error).__name__}: {error}"
            self.machine.tell(f"not decided, again in {AGAIN:.0f} s: {error}")
            self.machine.forget()
            return False
        self.trouble = ""
        return True

    def _turn(self) -> None:
        now = self.now()
        if not self.machine.known:
            self.machine.load(now)
        if time.monotonic() - self._looked >= LOOK:
            self.machine.look(now)
            self._looked = time.monotonic()
        for check, asked in self.asking.answered():
            self.machine.note(check, asked)
        self.machine.turn(now)
        self.turned = self.now()

    def _pause(self) -> float:
        if self.machine.at_work or self.asking.busy():
            return self.poll
        wake = self.machine.next_wake()
        until = (wake - self.now()).total_seconds() if wake else LOOK
        return max(0.01, min(until, LOOK))

    def _wait(self, seconds: float) -> None:
        while seconds > 0 and not self.stop.requested:
            self.sleep(min(SLICE, seconds))
            seconds -= SLICE

    def health(self) -> dict[str, Any]:
        """Return how the scheduler is, as JSON values."""
        recent = self.turned is not None and self.now() - self.turned < timedelta(seconds=STALE)
        return {
            "healthy": recent and not self.trouble,
            "state": "at work" if self.turned else "waiting for the schedule",
            "environment": self.machine.records.environment,
            "jobs": len(self.machine.jobs),
            "running": [f"{job} {key}" for job, key in list(self.machine.at_work)],
            "decided_at": self.turned.isoformat() if self.turned else None,
            "next_at": self.machine.next_wake(),
            "trouble": self.trouble,
        }


@contextmanager
def holding(
    ledger: Ledger, environment: str, stop: Stop, *, term: float, wait: bool, tell: Callable[[str], None]
) -> Iterator[Held]:
    """Hold an environment's schedule while the block runs: one scheduler at a time.

    Args:
        ledger: whose store has the leases.
        environment: whose schedule.
        stop: asked to end the scheduler when it is found that another took over.
        term: seconds for which a renewal is good.
        wait: stand by while another scheduler has it.
        tell: gets what is waited for.

    Raises:
        TargetLockedError: another has it.
        InterruptedRunError: told to stop while it stood by.
    """

    def close(lost: Holder) -> None:
        ledger.lost(lost.run_id, at=utc_now(), by=lost.lost_to)

    held = Leases(store=ledger.store, term=term).begin(f"schedule-{new_run_id(utc_now())}", stop)
    try:
        place = {f"schedule://{environment}": f"schedule of {environment}"}
        held.take(place, close, wait=FOREVER if wait else 0.0, tell=tell)
        yield held
    finally:
        held.end()
