"""A world with a clock of its own, in which runs take time and fail as a seed says, and schedulers die."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import UTC, datetime, timedelta

from etl.schedule.decision import Asked
from etl.schedule.jobs import Scheduled, joined
from etl.schedule.machine import Machine
from etl.schedule.outcome import Outcome
from etl.schedule.records import Records
from etl.schedule.telling import Telling
from tests.schedule.memory import KilledError, Memory

START = datetime(2013, 1, 1, tzinfo=UTC)


def chance(*parts: object) -> float:
    """Return a number from 0 to 1 that is always the same for the same parts."""
    return int.from_bytes(hashlib.sha256(" ".join(map(str, parts)).encode()).digest()[:6]) / 2**48


class World:
    """Runs in place of processes: each id once; how long one takes, and how it ends, ``fate`` says."""

    def __init__(self, jobs, now=START, fate=lambda *_: (0, 5), deadly=0.0, seed=0):
        self.jobs: dict[str, Scheduled] = joined(jobs)
        self.now, self.fate, self.seed, self.deadly = now, fate, seed, deadly
        self.store = Memory(self._may_die)
        self.runs: dict[str, list] = {}
        self.numbers: Counter[tuple[str, str]] = Counter()
        self.succeeded: Counter[tuple[str, str]] = Counter()
        self.most_at_once: Counter[str] = Counter()
        self.alarms: list = []
        self.deaths = self.steps = 0
        self.met = lambda _: True
        self.machine = self._machine()

    def _may_die(self, _):
        self.steps += 1
        if self.deadly and chance(self.seed, "death", self.steps) < self.deadly:
            self.deaths += 1
            raise KilledError

    def _machine(self):
        records = Records(self.store, "test")
        telling = Telling(jobs=self.jobs, records=records, raise_alarm=lambda *raised: self.alarms.append(raised))
        return Machine(jobs=self.jobs, records=records, runner=self, ask=self._ask, telling=telling)

    def _ask(self, precondition, *_):
        return Asked(self.met(precondition), f"asked at {self.now:%H:%M}", self.now)

    def begin(self, order):
        if order.run_id not in self.runs:
            place = (order.job, order.interval.key)
            self.numbers[place] += 1
            code, minutes = self.fate(*place, self.numbers[place])
            self.runs[order.run_id] = [order, self.now + timedelta(minutes=minutes), code]
            at_work = sum(job == order.job for job, _ in self.machine.at_work)
            self.most_at_once[order.job] = max(self.most_at_once[order.job], at_work)
            if code == 0:
                self.succeeded[place] += 1

    def ended(self, order):
        _, end, code = self.runs[order.run_id]
        return Outcome(code, self.now, "as fated") if end <= self.now else None

    def end(self, order):
        run = self.runs[order.run_id]
        if run[1] > self.now:
            if run[2] == 0:
                self.succeeded[order.job, order.interval.key] -= 1
            run[1], run[2] = self.now, 143

    def alive(self, action):
        """Do something as the scheduler; one that dies is started again, from what the store remembers."""
        while True:
            try:
                if not self.machine.known:
                    self.machine.load(self.now)
                return action(self.machine)
            except KilledError:
                self.machine = self._machine()

    def until(self, end):
        """Let time go by; the scheduler looks whenever a run ends or something is to be decided."""
        self.alive(lambda machine: (machine.look(self.now), machine.turn(self.now)))
        while self.now < end:
            ends = [self.runs[order.run_id][1] for order in self.machine.at_work.values()]
            wake = self.machine.next_wake()
            self.now = min(end, *(each for each in (*ends, wake) if each))
            self.alive(lambda machine: (machine.look(self.now), machine.turn(self.now)))

    def change(self, job, change):
        """Change a record by hand, as a command does beside the scheduler."""
        from etl.schedule.record import new_record

        each = self.jobs[job]
        Records(self.store, "test").change(job, new_record(job, each.schedule, self.now), change)

    def record(self, job):
        return Records(self.store, "test").read(job)[0]

    def states(self, job):
        return {each.key: each.state for each in self.record(job).open.values()}

    def verdicts(self, job):
        return [(each.interval.key, each.what) for each in self.machine.verdicts[job]]
