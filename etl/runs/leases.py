"""One writer a target: a run holds what it publishes, from before its session to after its last record.

A run says that it is at work in one object, renews that while it goes on and removes it at its end. A target's lease
names the run that has it, under a token that only grows; it is free once that run is not at work. So a run of many
targets renews one object, and frees all targets at once.

A target is never taken from a run at work. Who finds a run dead marks that run's object lost before taking anything,
by compare-and-set: should it come back, it cannot renew, and learns so before it publishes. Whether a lease on another
machine has expired is told by the clock of the store, as it stands in one listing: no machine's own clock counts.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import timedelta

from attrs import evolve, field, frozen

from etl.engine.stop import Stop
from etl.errors import ConflictError, RunIdTakenError
from etl.model.run import Clock, utc_now
from etl.runs.held import Held
from etl.runs.holders import (
    RUNS,
    Close,
    Found,
    Holder,
    Lease,
    Standing,
    find_holder,
    put,
    read,
    run_key,
    standing,
    target_key,
)
from etl.runs.objects import ObjectStore
from etl.runs.processes import Here, Look, here, look

TERM = 60.0  # seconds


def seconds() -> float:
    """Return seconds that only grow, those in which the machine sleeps included where the system counts them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@frozen(kw_only=True)
class Leases:
    """The leases of one state root.

    Args:
        store: holds them.
        term: seconds for which a renewal is good; a fourth of it lies between two.
        here: this process.
        look: says whether a process of this space is at work.
        clock: seconds that only grow.
        now: the time, in UTC: for people.
        sleep: waits for so many seconds.
        background: renew in a thread; a test that counts calls does it itself.
    """

    store: ObjectStore
    term: float = TERM
    here: Here = field(factory=here)
    look: Look = look
    clock: Callable[[], float] = seconds
    now: Clock = utc_now
    sleep: Callable[[float], None] = time.sleep
    background: bool = True

    def begin(self, run_id: str, stop: Stop) -> Held:
        """Say that a run is at work, and go on saying it until ``Held.end``.

        Args:
            run_id: names the run.
            stop: asked to end the run, with exit code 8, when it is found that others hold its targets.

        Raises:
            RunIdTakenError: a run of this id is at work.
        """
        since, began = self.now(), self.clock()
        holder = Holder(
            run_id=run_id,
            host=self.here.host,
            space=self.here.space,
            process=self.here.process,
            since=since,
            expires=since + timedelta(seconds=self.term),
            term=self.term,
            nonce=secrets.token_hex(8),
        )
        try:
            version = put(self.store, run_key(run_id), holder, None)
        except ConflictError:
            raise RunIdTakenError(run_id) from None
        held = Held(
            store=self.store,
            sweep=self.sweep,
            holder=holder,
            version=version,
            until=began + self.term,
            stop=stop,
            clock=self.clock,
            now=self.now,
            sleep=self.sleep,
        )
        if self.background:
            held.go_on()
        return held

    def sweep(self, own: str, close: Close) -> dict[str, Standing]:
        """Mark the runs that are dead, record them, and remove what they said; return how the others stand.

        Args:
            own: the run that sweeps.
            close: records that a run was lost.
        """
        # The bodies are read before the times: a run that renews in between is younger than its body, and stays.
        keys = [entry.key for entry in self.store.list(RUNS) if entry.key != run_key(own)]
        found = [each for each in (find_holder(self.store, key) for key in keys) if each]
        written = {entry.key: entry.modified for entry in self.store.list(RUNS)} if found else {}
        there: dict[str, Standing] = {}
        for each in (each for each in found if each.key in written):
            now = written.get(run_key(own), written[each.key])
            expired = each.holder.has_expired((now - written[each.key]).total_seconds())
            how = standing(each.holder, self.here, self.look, expired=expired)
            if how != "dead":
                there[each.holder.run_id] = how
            elif not self._bury(each, own, close):
                there[each.holder.run_id] = "living"
        return there

    def _bury(self, found: Found, own: str, close: Close) -> bool:
        lost = found.holder
        try:
            if not lost.lost_to:
                lost = evolve(lost, lost_to=own)
                found = Found(found.key, lost, put(self.store, found.key, lost, found.version))
            close(lost)
            self.store.delete(found.key, found.version)
        except ConflictError:  # it renewed after all, or another run was faster with this
            now = find_holder(self.store, found.key)
            return now is None or bool(now.holder.lost_to)
        return True

    def release(self, lease: Lease) -> None:
        """Take a target from whoever has it: that run finds out before it publishes.

        Raises:
            ConflictError: another run got it meanwhile.
        """
        there, version = read(self.store, target_key(lease.uri), Lease) or (None, None)
        if there != lease:
            raise ConflictError(f"{lease.dataset} has another holder now", remedy="look again: etl locks list")
        free = evolve(lease, run_id="", nonce=secrets.token_hex(8), token=lease.token + 1)
        put(self.store, target_key(lease.uri), free, version)


def is_at_work(store: ObjectStore, run_id: str) -> bool:
    """Say whether a run that has not said how it ended is still at work.

    For people: of a run on another machine this compares two clocks. Nothing is taken from a run on such grounds.
    """
    found = find_holder(store, run_key(run_id))
    if found is None:
        return False
    return standing(found.holder, here(), look, expired=found.holder.has_expired_by(utc_now())) == "living"
