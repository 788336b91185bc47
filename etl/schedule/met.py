"""Whether an interval's preconditions are met, by what they answered last, and which to ask now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from attrs import evolve

from etl.model.duration import duration
from etl.schedule.decision import Answers, Check, Decision
from etl.schedule.jobs import Scheduled
from etl.schedule.record import Open


def met(each: Scheduled, opened: Open, decision: Decision, now: datetime, answers: Answers) -> bool:
    """Say whether all preconditions are met; what is not is asked again in time, or has failed the interval."""
    if not each.job.wait_for or opened.attempts:
        return True
    since = opened.since or now
    if opened.since is None:
        opened = decision.keep(evolve(opened, since=since))
    unmet = []
    for number, precondition in enumerate(each.job.wait_for):
        answer = answers.get((each.name, opened.key, number))
        if answer and answer.met:
            continue
        said, most = answer.said if answer else "not asked yet", span(precondition.timeout)
        if now >= since + most:
            reason = f"{precondition} was not met within {in_words(most)}: {said}"
            decision.fail(opened, "failed", reason, f"{each.name} {opened.key} {now.isoformat()}")
            return False
        unmet.append(f"{precondition}: {said}")
        again = answer.at + span(precondition.poll) if answer else now
        decision.wake_at(min(max(again, now), since + most))
        if again <= now:
            decision.check.append(Check(each.name, opened.interval, number))
    if unmet:
        decision.say(opened, "precondition", "; ".join(unmet))
    return not unmet


def span(value: Any) -> timedelta:
    """Return a precondition's time-out or poll interval."""
    return value if isinstance(value, timedelta) else duration(value)


def in_words(length: timedelta) -> str:
    """Return a span of time as people write it: ``2 h 30 min``."""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return " ".join(f"{count} {unit}" for count, unit in ((hours, "h"), (minutes, "min"), (seconds, "s")) if count)
