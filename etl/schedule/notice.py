"""What an alarm is told: what happened, why, what it affects downstream, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from attrs import asdict, frozen

from etl.schedule.jobs import Scheduled, downstream
from etl.schedule.record import Open

Kind = Literal["failure", "success", "late"]
SHOWN = 20


@frozen(kw_only=True)
class Notice:
    """One thing that happened to an interval of a job.

    Args:
        kind: ``failure`` after the last attempt, ``success``, or ``late``.
        job: whose interval.
        interval: its key.
        environment: of the project.
        owner: of the job.
        at: when it happened, in UTC.
        due: when the interval was due, in UTC.
        run_id: the last run; empty where none began.
        attempts: runs so far.
        why: the reason, in few words.
        affected: what waits for it downstream, as ``job interval``.
        next_command: what to do next.
        cause: the same for everything that one failure brought about.
    """

    kind: Kind
    job: str
    interval: str
    environment: str
    owner: str
    at: datetime
    due: datetime
    run_id: str = ""
    attempts: int = 0
    why: str = ""
    affected: tuple[str, ...] = ()
    next_command: str = ""
    cause: str = ""

    @property
    def title(self) -> str:
        """What happened, in one line."""
        happened = {"failure": "failed", "success": "succeeded", "late": "is late"}[self.kind]
        return f"{self.job} {self.interval} {happened} ({self.environment})"

    def to_json(self) -> dict[str, Any]:
        """Return the notice as JSON values."""
        times = {"at": self.at.isoformat(), "due": self.due.isoformat(), "affected": list(self.affected)}
        return asdict(self) | times

    def __str__(self) -> str:
        lines = [self.title]
        lines += [f"why: {self.why}"] if self.why else []
        lines += [f"affected: {', '.join(self.affected)}"] if self.affected else []
        lines += [f"owner: {self.owner}"] if self.owner else []
        lines += [f"next: {self.next_command}"] if self.next_command else []
        return "\n".join(lines)


def notice_of(
    kind: Kind,
    jobs: Mapping[str, Scheduled],
    name: str,
    opened: Open,
    *,
    environment: str,
    now: datetime,
    due: datetime,
) -> Notice:
    """Return what is told of an interval."""
    last = opened.attempts[-1].run_id if opened.attempts else ""
    option = f" -e {environment}"
    commands = {
        "failure": f"etl why {last}{option}" if last else f"etl schedule due {name}{option}",
        "late": f"etl schedule due {name}{option}",
        "success": "",
    }
    affected = downstream(jobs, name, opened.interval) if kind != "success" else []
    more = [f"and {len(affected) - SHOWN} more"] if len(affected) > SHOWN else []
    why = {"failure": opened.reason, "late": f"not done by {now:%Y-%m-%d %H:%M} UTC, due {due:%Y-%m-%d %H:%M} UTC"}
    return Notice(
        kind=kind,
        job=name,
        interval=opened.key,
        environment=environment,
        owner=jobs[name].job.owner,
        at=now,
        due=due,
        run_id=last,
        attempts=len(opened.attempts),
        why=why.get(kind, ""),
        affected=(*(f"{job} {interval.key}" for job, interval in affected[:SHOWN]), *more),
        next_command=commands[kind],
        cause=opened.cause if kind == "failure" else f"{kind} {name} {opened.key} {due.isoformat()}",
    )
