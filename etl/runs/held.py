"""A run at work and the targets it holds. See ``leases``."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Event, Lock, Thread

from attrs import define, evolve, field

from etl.engine.stop import Stop
from etl.errors import ConflictError, EtlError, LeaseLostError
from etl.model.run import Clock
from etl.runs.claim import TRIES, claim, locked, who
from etl.runs.holders import Close, Holder, Lease, Standing, find_holder, put, read, run_key, target_key
from etl.runs.objects import ObjectStore
from etl.runs.processes import Process

DYING = 10.0  # seconds that the JVM of a killed run is waited for, unasked
POLL = 2.0  # seconds between two looks at a target that another run holds, more or less


@define(eq=False, kw_only=True)
class Held:
    """A run at work and the targets it holds; from any thread.

    Args:
        store: holds the leases.
        sweep: says how the other runs stand, after taking the dead away.
        holder: what this run said last.
        version: of what it said.
        until: up to when, by ``clock``, nobody takes anything from this run.
        stop: asked to end the run when others hold its targets.
        clock: seconds that only grow.
        now: the time, in UTC.
        sleep: waits for so many seconds.
        tokens: under which each lease was taken, by its key.
        lost: why this run holds nothing any more.
    """

    store: ObjectStore
    sweep: Callable[[str, Close], Mapping[str, Standing]]
    holder: Holder
    version: str
    until: float
    stop: Stop
    clock: Callable[[], float]
    now: Clock
    sleep: Callable[[float], None]
    tokens: dict[str, int] = field(factory=dict)
    lost: LeaseLostError | None = None
    _thread: Thread | None = None
    _ended: Event = field(factory=Event)
    _lock: Lock = field(factory=Lock)

    def go_on(self) -> None:
        """Renew from now on, in a thread, until the end."""
        self._thread = Thread(target=self._keep_renewing, name=f"lease {self.holder.run_id}", daemon=True)
        self._thread.start()

    def take(
        self,
        targets: Mapping[str, str],
        close: Close,
        *,
        wait: float = 0.0,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take targets, one after the other in an order that is the same for every run, so that none waits for ever.

        Args:
            targets: the dataset at each URI.
            close: records that a run was lost.
            wait: seconds to wait for other runs.
            tell: gets what is waited for.

        Raises:
            TargetLockedError: another run holds one, and held it all the time.
            InterruptedRunError: the run was told to stop while it waited.
        """
        self.sweep(self.holder.run_id, close)
        patience = self.clock() + wait
        for uri in sorted(targets, key=target_key):
            told, gives_up = "", patience
            while not isinstance(got := claim(self.store, uri, targets[uri], self.holder, self.now), int):
                lease, holder = got
                how = self.sweep(self.holder.run_id, close).get(holder.run_id)
                if how is None:
                    continue
                if how == "dying" and told != holder.run_id:
                    gives_up = max(patience, self.clock() + DYING)
                if self.clock() >= gives_up:
                    raise locked(lease, holder, waited=wait)
                if told != holder.run_id:
                    told = holder.run_id
                    tell(f"waiting for {targets[uri]}: {who(lease, holder)}")
                self._pause(gives_up - self.clock(), how)
                self.stop.check()
            self.tokens[target_key(uri)] = got

    def _pause(self, left: float, how: Standing) -> None:
        # By chance, so that runs that wait for one target do not all come at once.
        pause = min(left, POLL * (0.05 if how == "dying" else random.uniform(0.5, 1.5)))  # noqa: S311 no secret
        while pause > 0 and not self.stop.requested:
            self.sleep(min(0.2, pause))
            pause -= 0.2

    def renew(self, jvm: Process | None = None) -> None:
        """Say once more that the run is at work, and from now on in which JVM.

        Raises:
            LeaseLostError: another run has found this one dead.
        """
        with self._lock:
            if self.lost:
                raise self.lost
            for _ in range(TRIES):
                began, said = self.clock(), self.holder.renewed(self.now())
                said = evolve(said, jvm=jvm or said.jvm)
                try:
                    self.version = put(self.store, run_key(said.run_id), said, self.version)
                except ConflictError:
                    self._adopt()
                else:
                    self.holder, self.until = said, began + said.term
                    return
            raise ConflictError(f"the lease of run {self.holder.run_id} cannot be renewed", remedy="run it again")

    def _adopt(self) -> None:
        """Take what is there for this run's own if it is: an earlier renewal landed, and its answer was lost."""
        found = find_holder(self.store, run_key(self.holder.run_id))
        if found is None or found.holder.nonce != self.holder.nonce or found.holder.lost_to:
            by = f" by run {found.holder.lost_to}" if found and found.holder.lost_to else ""
            raise self._lose(f"its lease was not renewed in time, and it was found dead{by}")
        self.version = found.version

    def check(self, uri: str) -> None:
        """Make sure that the target at this URI is this run's, for at least half a term from now.

        Raises:
            LeaseLostError: it is not.
        """
        if self.lost or self.clock() > self.until - self.holder.term / 2:
            self.renew()
        key = target_key(uri)
        there, _ = read(self.store, key, Lease) or (None, "")
        if there is None or (there.nonce, there.token) != (self.holder.nonce, self.tokens[key]):
            whose = f"run {there.run_id} has it" if there and there.run_id else "somebody released it"
            raise self._lose(whose, target=there.dataset if there else uri)

    def _lose(self, why: str, target: str = "") -> LeaseLostError:
        self.lost = LeaseLostError(self.holder.run_id, why, target=target)
        self.stop.request(self.lost.exit_code)
        return self.lost

    def _keep_renewing(self) -> None:
        pause = self.holder.term / 4
        while not self._ended.wait(pause):
            try:
                self.renew()
            except LeaseLostError:
                return  # the run was told
            except Exception:  # no store for now: what counts is whether there is one before a publish
                pause = self.holder.term / 12
            else:
                pause = self.holder.term / 4

    def end(self) -> None:
        """Free all targets; nothing is left of a run that others have found dead.

        Raises:
            EtlError: the store does not let it; other runs find it dead in time.
        """
        self._ended.set()
        if self._thread:
            self._thread.join(timeout=self.holder.term)
        for _ in range(TRIES):
            found = find_holder(self.store, run_key(self.holder.run_id))
            if found is None or found.holder.nonce != self.holder.nonce or found.holder.lost_to:
                return
            with suppress(ConflictError):  # an earlier renewal landed late
                self.store.delete(found.key, found.version)
                return
        raise EtlError(f"the lease of run {self.holder.run_id} cannot be removed")
