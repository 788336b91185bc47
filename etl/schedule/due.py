"""Which intervals of a job are due, which wait and for what: a pure function of schedule, records and now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime

from attrs import evolve

from etl.model.recurrence import due_at, last_due, next_interval
from etl.schedule.decision import Answers, Decision, Known
from etl.schedule.dependencies import standing_of
from etl.schedule.jobs import Scheduled
from etl.schedule.met import in_words, met
from etl.schedule.record import AT_WORK, Attempt, Open, Record
from etl.schedule.spans import with_span

AHEAD = 64  # intervals of a job that are looked at besides those it runs at once


def decide(each: Scheduled, record: Record, known: Known, now: datetime, answers: Answers) -> Decision:
    """Return what follows for one job.

    Args:
        each: the job.
        record: what is remembered of it.
        known: every scheduled job with its record, by name; for what this one waits for.
        now: the time, in UTC.
        answers: what preconditions answered last, by job, interval and number.
    """
    if not each.job.catch_up:
        record = _skipped(each, record, now)
    decision = Decision(record)
    for opened in list(_candidates(each, decision, now)):
        if opened.state == "running":
            _running(each, opened, decision, now)
        elif opened.state in ("waiting", "retry", "cascaded"):
            _waiting(each, opened, decision, known, now, answers)
    return decision


def _skipped(each: Scheduled, record: Record, now: datetime) -> Record:
    """Leave out what was missed but for the last interval that is due; what is open keeps its place."""
    last = last_due(each.schedule, now)
    found = next_interval(each.schedule, record.begins(each.schedule)) if last else None
    while found and last and found < last:
        settled = record.settled(found.start)
        if settled is None and found.key not in record.open:
            kept = [one.interval.start for one in record.open.values()] + [start for start, _ in record.done]
            settled = min([last.start, *(start for start in kept if start > found.start)])
            record = evolve(record, skipped=with_span(record.skipped, (found.start, settled)))
        found = next_interval(each.schedule, settled or found.end)
    return record


def _candidates(each: Scheduled, decision: Decision, now: datetime) -> Iterator[Open]:
    """Yield what is open and what is due, in order."""
    record, schedule = decision.record, each.schedule
    left = AHEAD + each.job.max_active_runs
    opened = sorted(record.open.values(), key=lambda one: one.interval)
    found = next_interval(schedule, record.begins(schedule))
    while found and left:
        settled = record.settled(found.start)
        if settled is None and found.key not in record.open:
            due = due_at(schedule, found)
            if due > now:
                decision.wake_at(due)
                break
            while opened and opened[0].interval < found:
                yield opened.pop(0)
            yield Open(interval=found)
            left -= 1
        found = next_interval(schedule, settled or found.end)
    yield from opened


def _running(each: Scheduled, opened: Open, decision: Decision, now: datetime) -> None:
    attempt, most = opened.attempts[-1], each.job.attempt_timeout
    opened = _late(each, opened, decision, now)
    if most and not attempt.timed_out:
        if now >= attempt.at + most:
            opened = decision.keep(evolve(opened, attempts=(*opened.attempts[:-1], evolve(attempt, timed_out=True))))
        else:
            decision.wake_at(attempt.at + most)
    if opened.attempts[-1].timed_out:
        decision.end.append(opened)
    decision.say(opened, "running", f"run {attempt.run_id} since {attempt.at:%Y-%m-%d %H:%M} UTC")


def _waiting(each: Scheduled, opened: Open, decision: Decision, known: Known, now: datetime, answers: Answers) -> None:
    upstream = standing_of(each, opened.interval, known)
    if upstream.failed and each.job.cascade:
        if opened.state != "cascaded":
            decision.fail(opened, "cascaded", upstream.said, upstream.cause)
        decision.say(opened, "cascaded", upstream.said)
        return
    if opened.state == "cascaded":
        opened = decision.keep(evolve(opened, state="waiting", reason="", cause=""))
    opened = _late(each, opened, decision, now)
    if _expired(each, opened, decision, now):
        return
    paused = decision.record.paused
    if paused:
        decision.say(opened, "paused", f"paused by {paused.who}: {paused.why}")
    elif upstream.said:
        decision.say(opened, "upstream", upstream.said)
    elif opened.state == "retry" and opened.next_at and now < opened.next_at:
        decision.wake_at(opened.next_at)
        decision.say(opened, "retry", f"attempt {len(opened.attempts)}: {opened.reason}", opened.next_at)
    elif _slot(each, opened, decision) and met(each, opened, decision, now, answers):
        _begin(each, opened, decision, now)


def _late(each: Scheduled, opened: Open, decision: Decision, now: datetime) -> Open:
    due = due_at(each.schedule, opened.interval)
    if each.job.late_after is None or opened.late or due < decision.record.since:
        return opened
    if now < due + each.job.late_after:
        decision.wake_at(due + each.job.late_after)
        return opened
    return decision.keep(evolve(opened, late=True, tell=(*opened.tell, "late")))


def _expired(each: Scheduled, opened: Open, decision: Decision, now: datetime) -> bool:
    due, most = due_at(each.schedule, opened.interval), each.job.expire_after
    if most is None or opened.attempts or opened.again or due < decision.record.since:
        return False
    if now < due + most:
        decision.wake_at(due + most)
        return False
    reason = f"it had not begun {in_words(most)} after it was due"
    decision.fail(opened, "expired", reason, f"{each.name} {opened.key} {now.isoformat()}")
    return True


def _slot(each: Scheduled, opened: Open, decision: Decision) -> bool:
    """Say whether the job may run one more interval; one that waits for its retry keeps its place."""
    others = [one for one in decision.record.open.values() if one.state in AT_WORK and not one.again]
    active = sum(one.key != opened.key for one in others)
    if opened.again or active < each.job.max_active_runs:
        return True
    decision.say(opened, "slot", f"{active} of at most {each.job.max_active_runs} are at work")
    return False


def _begin(each: Scheduled, opened: Open, decision: Decision, now: datetime) -> None:
    number = len(opened.attempts) + 1
    attempt = Attempt(run_id=run_id(each.name, opened.key, number, now), at=now)
    begun = evolve(opened, state="running", attempts=(*opened.attempts, attempt), next_at=None, reason="")
    decision.keep(begun)
    decision.begin.append(begun)
    if each.job.attempt_timeout:
        decision.wake_at(now + each.job.attempt_timeout)
    decision.say(begun, "run", f"run {attempt.run_id}")


def run_id(job: str, key: str, number: int, now: datetime) -> str:
    """Return the id of an attempt's run: always the same one, so that a run begun twice is begun once."""
    digest = hashlib.sha256(f"{job} {key} {number} {now.isoformat()}".encode()).hexdigest()[:8]
    return f"{now:%Y%m%dT%H%M%SZ}-{digest}"
