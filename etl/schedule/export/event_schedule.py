"""The schedule of EventBridge Scheduler that starts a group's state machine."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from etl.errors import UsageError
from etl.model.cron import FIELDS
from etl.model.schedule import Every
from etl.schedule.export.clock import native
from etl.schedule.export.groups import Group

WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


def schedule(group: Group, since: datetime, words: Mapping[str, str]) -> dict[str, Any]:
    """Return the request that makes the schedule, ``aws scheduler create-schedule --cli-input-json``.

    Args:
        group: the jobs.
        since: a time from which on the schedule has to be right.
        words: ``machine``, the ARN of the state machine, and ``role``, that of a role which may start it.

    Raises:
        UsageError: no expression of EventBridge Scheduler has the times.
    """
    expression, zone = _expression(group, since)
    given = json.dumps({"due": "<aws.scheduler.scheduled-time>"})
    start, end = (group.schedule.instant(name) for name in ("start", "end"))
    return {
        "Name": group.name[:64],
        "ScheduleExpression": expression,
        "ScheduleExpressionTimezone": zone,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        **({"StartDate": start.isoformat()} if start else {}),
        **({"EndDate": end.isoformat()} if end else {}),
        "Target": {
            "Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution",
            "RoleArn": words["role"],
            "Input": json.dumps({"StateMachineArn": words["machine"], "Input": given}),
            "RetryPolicy": {"MaximumRetryAttempts": 10, "MaximumEventAgeInSeconds": 3600},
        },
    }


def _expression(group: Group, since: datetime) -> tuple[str, str]:
    """Return a schedule as EventBridge Scheduler writes it: six fields, or a rate."""
    found = group.schedule
    when = native(found, since)
    if when is None and isinstance(found, Every) and found.step.step in {"minutes", "hours", "days"}:
        unit = found.step.step if found.step.count > 1 else found.step.step.rstrip("s")
        return f"rate({found.step.count} {unit})", "UTC"
    if when is None or len(when[0].split()) != FIELDS:
        raise UsageError(f"{group.name}: EventBridge Scheduler has no expression for its schedule")
    minute, hour, day, month, weekday = when[0].split()
    if day != "*" and weekday != "*":
        raise UsageError(
            f"{group.name}: {when[0]!r} says days of the month and of the week; EventBridge Scheduler takes one kind",
            remedy="give the job one of them, or run it by `etl schedule`",
        )
    days = "?" if weekday != "*" else day
    week = "?" if weekday == "*" else re.sub(r"\d", lambda digit: WEEKDAYS[int(digit[0])], weekday)
    return f"cron({minute} {hour} {days} {month} {week} *)", when[1]
