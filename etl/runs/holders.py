"""What the objects below ``leases/`` say: which run is at work, and which run a target was given to."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from attrs import evolve, frozen
from cattrs.preconf.json import make_converter

from etl.errors import ConflictError, PlatformError
from etl.runs.objects import ObjectStore
from etl.runs.processes import Here, Look, Process

RUNS, TARGETS = "leases/runs/", "leases/targets/"
GRACE = 0.5  # of a term: how long after its end a lease is still left alone

Standing = Literal["living", "dying", "dead"]
Value = TypeVar("Value")
_JSON = make_converter()


@frozen(kw_only=True)
class Holder:
    """A run at work, as it says itself; ``leases/runs/<run id>.json``.

    Args:
        run_id: the run.
        host: the machine, for people.
        space: where the numbers of its processes mean something; see ``Here``.
        process: the Python of its driver.
        jvm: the JVM of its driver; it outlives a killed Python by a second or two, and may commit in that time.
        since: when the run began, by its own clock.
        expires: when the term ends, by its own clock: for people and for listings.
        term: seconds for which a renewal is good.
        nonce: one run's only, also where another had its id before.
        renewals: how often it has said so.
        lost_to: the run that found this one dead; empty while none has. A run that is lost stays lost.
    """

    run_id: str
    host: str
    space: str
    process: Process
    jvm: Process | None = None
    since: datetime
    expires: datetime
    term: float
    nonce: str
    renewals: int = 0
    lost_to: str = ""

    def renewed(self, now: datetime) -> Holder:
        """Return what it says next."""
        return evolve(self, renewals=self.renewals + 1, expires=now + timedelta(seconds=self.term))

    def has_expired(self, seconds: float) -> bool:
        """Say whether a term and its grace are over, so many seconds after the last renewal."""
        return seconds > self.term * (1 + GRACE)

    def has_expired_by(self, now: datetime) -> bool:
        """Say the same by comparing two clocks, its own and this machine's: good enough to tell people."""
        return self.has_expired((now - self.expires).total_seconds() + self.term)


@frozen(kw_only=True)
class Lease:
    """The run that a target was given to last; ``leases/targets/<digest>.json``, which is never removed.

    Args:
        dataset: the target's name in the project of that run.
        uri: where it is.
        run_id: the run; empty after somebody released the target by hand.
        nonce: that run's.
        token: grows with each run that gets the target.
        since: when that was.
    """

    dataset: str
    uri: str
    run_id: str
    nonce: str
    token: int
    since: datetime


Close = Callable[[Holder], None]  # records that a run was lost


@frozen
class Found:
    """A run's object as it was read, with the version that a later write names."""

    key: str
    holder: Holder
    version: str


def run_key(run_id: str) -> str:
    """Return the key of a run's object."""
    return f"{RUNS}{run_id}.json"


def target_key(uri: str) -> str:
    """Return the key of a target's lease: one for every spelling of where it is.

    ``s3a`` and ``s3n`` are ``s3``; a local path is that which its symbolic links lead to.
    """
    scheme, separator, rest = uri.rstrip("/").partition("://")
    scheme = "s3" if scheme in {"s3a", "s3n"} else scheme
    spelt = f"{scheme}://{rest}" if separator else os.path.realpath(uri)
    return f"{TARGETS}{hashlib.sha256(spelt.encode()).hexdigest()[:32]}.json"


def to_bytes(value: Holder | Lease) -> bytes:
    """Return the body of an object."""
    return _JSON.dumps(value, indent=1).encode()


def read(store: ObjectStore, key: str, kind: type[Value]) -> tuple[Value, str] | None:
    """Return what an object says, and its version; None when there is none.

    Raises:
        PlatformError: it says nothing that Headrace has written.
    """
    stored = store.get(key)
    if stored is None:
        return None
    try:
        return _JSON.loads(stored.body, kind), stored.version
    except Exception as error:
        raise PlatformError(
            f"object {key} is no {kind.__name__.lower()} of a target: {type(error).__name__}: {error}",
            remedy="nothing was begun; remove that object when no run is at work, or write with the newer Headrace",
        ) from error


def put(store: ObjectStore, key: str, value: Holder | Lease, version: str | None) -> str:
    """Write an object by compare-and-set; a second time, should there be no answer: a store knows the body it has.

    Raises:
        ConflictError: somebody else wrote first.
    """
    body = to_bytes(value)
    try:
        return store.put_if(key, body, version)
    except ConflictError:
        raise
    except Exception:
        return store.put_if(key, body, version)


def find_holder(store: ObjectStore, key: str) -> Found | None:
    """Return the run whose object has this key; None when it has ended."""
    found = read(store, key, Holder)
    return Found(key, *found) if found else None


def held(store: ObjectStore) -> Iterator[tuple[Lease, Holder]]:
    """Yield every target that a run holds, with that run, dead or alive."""
    runs: dict[str, Found | None] = {}
    for entry in store.list(TARGETS):
        lease, _ = read(store, entry.key, Lease) or (None, "")
        if lease and lease.run_id:
            key = run_key(lease.run_id)
            found = runs[key] if key in runs else runs.setdefault(key, find_holder(store, key))
            if found and found.holder.nonce == lease.nonce:
                yield lease, found.holder


def standing(holder: Holder, here: Here, look: Look, *, expired: bool) -> Standing:
    """Say whether a run may still be at work.

    A process that runs in this space is living, whatever its lease says. Whether any other is cannot be seen from
    here: it is dead when its lease has expired. A Python that is gone and whose JVM is not, is dying.
    """
    if holder.lost_to:
        return "dead"
    python = look(holder.process) if holder.space == here.space else "stopped"
    if python == "running":
        return "living"
    if python == "gone" and (holder.jvm is None or look(holder.jvm) == "gone"):
        return "dead"
    if expired:
        return "dead"
    return "dying" if python == "gone" else "living"
