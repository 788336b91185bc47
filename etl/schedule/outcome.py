"""What follows from how a run ended: the interval is done, is tried again, or has failed."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from attrs import evolve, frozen

from etl.errors import ConfigError, InputError, QualityError, UsageError
from etl.schedule.jobs import Scheduled
from etl.schedule.record import Open, Record

DETERMINISTIC = frozenset(kind.exit_code for kind in (UsageError, QualityError, ConfigError, InputError))
INTERRUPTED = frozenset({130, 143})
LOST_AGAIN = 3  # runs of one interval that may die without a word before that counts as its failure
MOST_DELAY = timedelta(hours=1)
JITTER = 0.1


@frozen
class Outcome:
    """How a run ended: its exit code, None for one that died without a word, and the reason in few words."""

    exit_code: int | None
    at: datetime
    said: str = ""


def concluded(each: Scheduled, record: Record, opened: Open, outcome: Outcome) -> Record:
    """Return the record after the last attempt of an interval has ended.

    What was refused for a reason that stays (exit codes 2, 3, 4, 9) is not tried again. A run that died or was
    interrupted, but not by its time-out, is run again without counting as a retry, a few times.
    """
    last = evolve(opened.attempts[-1], ended=outcome.at, exit_code=outcome.exit_code)
    opened = evolve(opened, attempts=(*opened.attempts[:-1], last))
    if outcome.exit_code == 0:
        told = (*opened.tell, *(("success",) if each.job.on_success else ()))
        settled = record.with_done(each.schedule, opened.interval)
        return settled.with_open(evolve(opened, state="done", tell=told)) if told else settled
    reason = _reason(opened, outcome)
    if _is_tried_again(each, opened):
        again = outcome.at + delay(each, opened)
        return record.with_open(evolve(opened, state="retry", next_at=again, reason=reason))
    cause = f"{each.name} {opened.key} {last.run_id}"
    failed = evolve(opened, state="failed", reason=reason, cause=cause, tell=(*opened.tell, "failure"))
    return record.with_open(failed)


def _reason(opened: Open, outcome: Outcome) -> str:
    last = opened.attempts[-1]
    if last.timed_out:
        return f"run {last.run_id} was ended: it took longer than attempt_timeout"
    ended = "died without a word" if outcome.exit_code is None else f"ended with exit code {outcome.exit_code}"
    return f"run {last.run_id} {ended}" + (f": {outcome.said}" if outcome.said else "")


def _is_tried_again(each: Scheduled, opened: Open) -> bool:
    last, others = opened.attempts[-1], [one for one in opened.attempts if _was_cut_short(one.exit_code, one.timed_out)]
    if _was_cut_short(last.exit_code, last.timed_out):
        return len(others) <= max(LOST_AGAIN, each.job.retries)
    if last.exit_code in DETERMINISTIC and not last.timed_out:
        return False
    return len(opened.attempts) - len(others) <= each.job.retries


def _was_cut_short(exit_code: int | None, timed_out: bool) -> bool:
    return not timed_out and (exit_code is None or exit_code < 0 or exit_code in INTERRUPTED)


def delay(each: Scheduled, opened: Open) -> timedelta:
    """Return how long to wait before the next attempt.

    Twice as long as before the last one, up to an hour or ``retry_delay`` if that is more; and up to a tenth more,
    by a digest of the interval, so that jobs that failed together do not come back together.
    """
    first, number = each.job.retry_delay, len(opened.attempts)
    longest = max(first, MOST_DELAY)
    grown = min(longest, first * (1 << min(number - 1, 16)))
    digest = hashlib.sha256(f"{each.name} {opened.key} {number}".encode()).digest()
    return grown * (1 + JITTER * digest[0] / 255)
