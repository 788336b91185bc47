"""One target given to one run, by compare-and-set; and who has it, in words."""

from __future__ import annotations

from etl.errors import ConflictError, TargetLockedError
from etl.model.run import Clock
from etl.runs.holders import Holder, Lease, find_holder, put, read, run_key, target_key
from etl.runs.objects import ObjectStore

TRIES = 20  # times that a write is made again after others were faster


def claim(store: ObjectStore, uri: str, dataset: str, holder: Holder, now: Clock) -> int | tuple[Lease, Holder]:
    """Give a target to a run and return the token it has it under; or return the lease and the run that has it.

    Raises:
        ConflictError: others were faster, again and again.
    """
    key = target_key(uri)
    for _ in range(TRIES):
        there, version = read(store, key, Lease) or (None, None)
        found = find_holder(store, run_key(there.run_id)) if there and there.run_id else None
        if there and found and found.holder.nonce == there.nonce and not found.holder.lost_to:
            return there.token if found.holder.nonce == holder.nonce else (there, found.holder)
        mine = Lease(
            dataset=dataset,
            uri=uri,
            run_id=holder.run_id,
            nonce=holder.nonce,
            token=there.token + 1 if there else 1,
            since=now(),
        )
        try:
            put(store, key, mine, version)
        except ConflictError:
            continue
        return mine.token
    raise ConflictError(f"the lease of {dataset} is written by others all the time", remedy="run it again")


def who(lease: Lease, holder: Holder) -> str:
    """Say for people who has a target."""
    return f"run {holder.run_id} on {holder.host} (pid {holder.process.pid}) has held it since {_time(lease)}"


def locked(lease: Lease, holder: Holder, *, waited: float) -> TargetLockedError:
    """Return the error for a target that another run holds, and held for so many seconds."""
    return TargetLockedError(
        lease.dataset,
        lease.uri,
        holder=holder.run_id,
        host=holder.host,
        pid=holder.process.pid,
        since=_time(lease),
        said=f", and this run has waited {waited:.0f} s" if waited else "",
    )


def _time(lease: Lease) -> str:
    return f"{lease.since:%Y-%m-%d %H:%M:%S} UTC"
