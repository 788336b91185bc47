"""Decides, writes down, and only then acts: killed at any point, it goes on where it was.

Each job's record is in the store before a run begins, and names the run. A scheduler that finds a run in a record
begins it again: a run of one id takes place once. Only jobs for which something can be new are decided again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from attrs import define, evolve, field

from etl.errors import ConflictError
from etl.schedule.decision import Asked, Check, Decision, Verdict
from etl.schedule.due import decide
from etl.schedule.jobs import Scheduled
from etl.schedule.outcome import concluded
from etl.schedule.record import Open, Record, new_record
from etl.schedule.records import Records
from etl.schedule.runner import Order, Runner
from etl.schedule.telling import Telling

AGAIN = timedelta(seconds=30)  # before an alarm that could not be raised is tried again


@define(eq=False, kw_only=True)
class Machine:
    """The scheduler of one environment.

    Args:
        jobs: the scheduled jobs by name.
        records: where they are remembered.
        runner: where runs take place.
        ask: asks a precondition.
        telling: raises alarms.
        tell: gets a line for people.
        fence: raises where this process is the scheduler no more; called before anything is written.
        failed: the intervals that failed for good under this scheduler.
    """

    jobs: Mapping[str, Scheduled]
    records: Records
    runner: Runner
    ask: Callable[[Any, Scheduled, Check], Asked]
    telling: Telling
    tell: Callable[[str], None] = lambda _: None
    fence: Callable[[], None] = lambda: None
    known: dict[str, tuple[Scheduled, Record]] = field(factory=dict)
    versions: dict[str, str] = field(factory=dict)
    wake: dict[str, datetime | None] = field(factory=dict)
    answers: dict[tuple[str, str, int], Asked] = field(factory=dict)
    verdicts: dict[str, list[Verdict]] = field(factory=dict)
    at_work: dict[tuple[str, str], Order] = field(factory=dict)
    failed: set[str] = field(factory=set)
    _dirty: set[str] = field(factory=set)
    _rank: dict[str, int] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._rank = {name: number for number, name in enumerate(self.jobs)}

    def load(self, now: datetime) -> None:
        """Read what is remembered; write the record of a job that is seen for the first time; take over its runs."""
        for name in self.jobs:
            self._load(name, now)

    def _load(self, name: str, now: datetime) -> None:
        each = self.jobs[name]
        found = self.records.read(name)
        if found is None:
            self.fence()
            record = new_record(name, each.schedule, now)
            found = record, self.records.write(record, None)
        self.known[name] = (each, found[0])
        self.versions[name] = found[1]
        self._touch(name)
        for opened in found[0].open.values():
            if opened.state == "running" and (name, opened.key) not in self.at_work:
                self._begin(name, opened)

    def _touch(self, name: str) -> None:
        self._dirty.add(name)
        self._dirty.update(self.jobs[name].readers)

    def look(self, now: datetime) -> None:
        """Read again what somebody changed by hand."""
        for name in self.records.changed():
            if name in self.jobs:
                self._load(name, now)

    def turn(self, now: datetime) -> int:
        """Take note of what ended, decide what can be decided, act; return how many runs began or ended."""
        moved = self._collect(now)
        while ready := self._ready(now):
            for name in ready:
                moved += self._decide(name, now)
        return moved

    def note(self, check: Check, asked: Asked) -> None:
        """Take note of what a precondition answered."""
        self.answers[check.job, check.interval.key, check.number] = asked
        self._dirty.add(check.job)

    def busy(self) -> bool:
        """Say whether a run is at work, or is going to be tried again."""
        return bool(self.at_work) or any(each.what == "retry" for said in self.verdicts.values() for each in said)

    def forget(self) -> None:
        """Read everything again before the next decision: a write may have landed whose answer was lost."""
        self.known.clear()

    def next_wake(self) -> datetime | None:
        """Return when there is something to decide, if nothing happens before."""
        return min((at for at in self.wake.values() if at), default=None)

    def _ready(self, now: datetime) -> list[str]:
        """Return the jobs to decide, writers first: a failure is told by the job that failed, not by its readers."""
        woken = self._dirty | {name for name, at in self.wake.items() if at and at <= now}
        ready = sorted(woken, key=self._rank.__getitem__)
        self._dirty.clear()
        for name in ready:
            self.wake[name] = None
        return ready

    def _collect(self, now: datetime) -> int:
        count = 0
        for (name, key), order in list(self.at_work.items()):
            outcome = self.runner.ended(order)
            if outcome is None:
                continue
            each, record = self.known[name]
            opened = record.open.get(key)
            if opened is None or not opened.attempts or opened.attempts[-1].run_id != order.run_id:
                del self.at_work[name, key]  # somebody settled it by hand
                continue
            after = concluded(each, record, opened, outcome)
            if self._write(after, now):
                del self.at_work[name, key]
                if key in after.open and after.open[key].failed:
                    self.failed.add(f"{name} {key}")
                said = "succeeded" if outcome.exit_code == 0 else f"ended with {outcome.exit_code}: {outcome.said}"
                self.tell(f"{name} {key}: run {order.run_id} {said}")
                count += 1
        return count

    def _decide(self, name: str, now: datetime) -> int:
        each, record = self.known[name]
        decision = decide(each, record, self.known, now, self.answers)
        self.verdicts[name], self.wake[name] = decision.verdicts, decision.wake
        if decision.record is not record and not self._write(decision.record, now):
            return 0
        for opened in decision.begin:
            self._begin(name, opened)
            self.tell(f"{name} {opened.key}: run {opened.attempts[-1].run_id} begins")
        self._end(name, decision, now)
        for check in decision.check:
            self.note(check, self._asked(each, check, now))
        if any(opened.tell for opened in decision.record.open.values()):
            self._raise_alarms(name, now)
        return len(decision.begin)

    def _begin(self, name: str, opened: Open) -> None:
        order = Order(name, opened.interval, opened.attempts[-1].run_id, opened.attempts[-1].at)
        self.at_work[name, opened.key] = order
        self.answers = {place: each for place, each in self.answers.items() if place[:2] != (name, opened.key)}
        self.runner.begin(order)

    def _end(self, name: str, decision: Decision, now: datetime) -> None:
        for opened in decision.end:
            order = self.at_work.get((name, opened.key))
            if order:
                self.runner.end(order)
                self._later(name, now + timedelta(seconds=1))

    def _later(self, name: str, at: datetime) -> None:
        self.wake[name] = min(self.wake.get(name) or at, at)

    def _asked(self, each: Scheduled, check: Check, now: datetime) -> Asked:
        try:
            return self.ask(each.job.wait_for[check.number], each, check)
        except Exception as error:  # what cannot be asked now is asked again; its own time-out ends that
            return Asked(met=False, said=f"{type(error).__name__}: {error}", at=now)

    def _write(self, record: Record, now: datetime) -> bool:
        """Write a record down; False where somebody else wrote first, whose word then counts."""
        name = record.job
        try:
            self.fence()
            self.versions[name] = self.records.write(record, self.versions[name])
        except ConflictError:
            self._load(name, now)
            return False
        before = self.known[name][1]
        self.known[name] = (self.jobs[name], record)
        if (before.done, before.skipped, before.paused) != (record.done, record.skipped, record.paused) or any(
            opened.state != getattr(before.open.get(key), "state", None) for key, opened in record.open.items()
        ):
            self._touch(name)
        return True

    def _raise_alarms(self, name: str, now: datetime) -> None:
        """Raise what is to be told; what cannot be raised is tried again, and fails nothing."""
        each, record = self.known[name]
        for opened in [one for one in record.open.values() if one.tell]:
            left = tuple(kind for kind in opened.tell if not self.telling.told(each, opened, kind, now))
            after = evolve(opened, tell=left)
            record = self.known[name][1]
            settled = record.without(opened.key) if not left and opened.state == "done" else record.with_open(after)
            if not self._write(settled, now):
                return
            if left:
                self._later(name, now + AGAIN)
