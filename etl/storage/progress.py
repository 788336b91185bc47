"""How far an incremental step has come in a source: from where it reads, and what it leaves."""

from __future__ import annotations

from datetime import timedelta

from attrs import frozen


@frozen(kw_only=True)
class Increment:
    """From where to where an incremental step reads a source; positions are texts that only its format understands.

    Args:
        since: up to where the step's target has consumed it; None from the beginning.
        until: where the source ended when the run first looked: what comes later is the next run's. None looks now.
        column: the column that says what is new, of a source that needs one.
        lookback: how far below its last value rows may still come; None for not at all.
    """

    since: str | None = None
    until: str | None = None
    column: str | None = None
    lookback: timedelta | int | None = None


@frozen(kw_only=True)
class Progress:
    """What an incremental reading reads, and what it leaves.

    Args:
        upto: where the step will have consumed the source once these rows are published.
        end: where the source ends, for the ``until`` of this run's next batches.
        news: what is new, for people: ``3 files``; empty where nothing is.
        left: what further batches will read, likewise.
        again: what was consumed before and is there anew, under the same names.
    """

    upto: str
    end: str
    news: str = ""
    left: str = ""
    again: tuple[str, ...] = ()
