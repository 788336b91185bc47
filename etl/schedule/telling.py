"""Alarms for what happened to an interval: each once for one cause, and none of them fails anything."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from etl.errors import EtlError
from etl.model.recurrence import due_at
from etl.schedule.jobs import Scheduled
from etl.schedule.notice import Notice, notice_of
from etl.schedule.record import Open
from etl.schedule.records import Records


@frozen(kw_only=True)
class Telling:
    """What tells people.

    Args:
        jobs: the scheduled jobs by name.
        records: remember which alarm was raised for which cause.
        raise_alarm: raises one alarm for one notice.
        tell: gets what happened as text.
    """

    jobs: Mapping[str, Scheduled] = field(hash=False)
    records: Records
    raise_alarm: Callable[[Any, Notice], None]
    tell: Callable[[str], None] = lambda _: None

    def told(self, each: Scheduled, opened: Open, kind: Any, now: datetime) -> bool:
        """Raise the alarms of one kind for an interval; False if one of them could not be raised."""
        alarms = {"failure": each.job.on_failure, "success": each.job.on_success, "late": each.job.on_late}[kind]
        due = due_at(each.schedule, opened.interval)
        environment = self.records.environment
        notice = notice_of(kind, self.jobs, each.name, opened, environment=environment, now=now, due=due)
        if kind != "success":
            self.tell(str(notice))
        raised = [self._raised(alarm, notice) for alarm in alarms]  # every one of them, also behind one that failed
        return all(raised)

    def _raised(self, alarm: Any, notice: Notice) -> bool:
        digest = hashlib.sha256(f"{notice.cause}\n{alarm!r}".encode()).hexdigest()[:32]
        try:
            if not self.records.told(digest):
                self.raise_alarm(alarm, notice)
                self.records.tell(digest)
        except (EtlError, OSError, RuntimeError, ValueError) as error:
            self.tell(f"alarm {alarm!r} could not be raised: {error}")
            return False
        return True
