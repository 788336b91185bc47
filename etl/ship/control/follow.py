"""How a run stands, until it has ended: asked seldom, and the less often the longer nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from etl.errors import EtlError, OutcomeUnknownError
from etl.ship.control.asking import Asking
from etl.ship.platform import Platform, RemoteRun

SHORTEST, LONGEST, GROWTH = 2.0, 30.0, 1.5  # seconds between two questions
PATIENCE = timedelta(minutes=15)  # without any answer


def changes(
    platform: Platform, remote_id: str, asking: Asking, until: datetime | None = None, tick: Callable[[], bool] = bool
) -> Iterator[RemoteRun]:
    """Yield how a run stands whenever that changes, at the latest with its end.

    Args:
        platform: where it is.
        remote_id: its id there; EMR names a step only after a while, and what is yielded has the new id.
        asking: the clock.
        until: it is not waited for longer.
        tick: called after each answer; says whether something has moved, and then it is asked sooner again.

    Raises:
        OutcomeUnknownError: it goes on after ``until``, or nobody has answered for a quarter of an hour.
        EtlError: the platform refuses to say.
    """
    last: RemoteRun | None = None
    heard, wait = asking.now(), SHORTEST
    while True:
        try:
            run = platform.describe(remote_id)
        except EtlError as error:
            if not error.retryable or asking.now() - heard > PATIENCE:
                raise _unknown(remote_id, error.message) if error.retryable else error from error
        else:
            heard, remote_id = asking.now(), run.remote_id
            changed = last is None or (run.state, run.said, run.reason) != (last.state, last.said, last.reason)
            if changed:
                yield run
            if run.ended:
                return
            wait = SHORTEST if tick() or changed else min(wait * GROWTH, LONGEST)
            last = run
        if until and asking.now() >= until:
            raise _unknown(remote_id, "it is not waited for any longer")
        asking.pause(wait * (0.75 + asking.chance() / 2))


def _unknown(remote_id: str, why: str) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        f"run {remote_id} was last seen at work: {why}", remedy="it goes on without us: follow it again"
    )
