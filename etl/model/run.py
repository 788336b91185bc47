"""One execution of a selection for one or more intervals, and what a transformation may know of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from attrs import field, frozen

from etl.model.interval import Interval

Clock = Callable[[], datetime]
RUN = "run"  # the parameter of a transformation that receives the Run instead of a source


@frozen
class Run:
    """What a transformation parameter named ``run`` receives.

    Args:
        run_id: names the run; sorts by time.
        interval: what the run is about; None for a job on demand.
        params: the ``--param`` values, as text.
    """

    run_id: str
    interval: Interval | None = None
    params: Mapping[str, str] = field(factory=dict, hash=False)


def utc_now() -> datetime:
    """Return the time in UTC: the clock of a run that was given no other."""
    return datetime.now(UTC)


def new_run_id(now: datetime) -> str:
    """Return an id that sorts by start time: ``20130208T060000Z-7f3a91c2``."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{os.urandom(4).hex()}"
