"""How far a run of many intervals is, and how long what is left of it will take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from statistics import median

from attrs import define, field

from etl.model.event import Event
from etl.model.result import Status
from etl.report.grid import FAILED, PLANNED, RUNNING, Grid, Key, state_of
from etl.report.wording import duration

WORKED = frozenset({Status.PASS, Status.WARN, Status.FAIL})  # what took as long as the step takes


def expected(pairs: Iterable[tuple[str, Key]], seconds: Mapping[str, float], at_once: int = 1) -> float | None:
    """Return how many seconds these steps and intervals take; None where of no step it is known.

    Args:
        pairs: steps with the keys of intervals.
        seconds: what each step took before, the median; one that is not there is taken for an average one.
        at_once: intervals at work at the same time.
    """
    if not seconds:
        return None
    average = sum(seconds.values()) / len(seconds)
    return sum(seconds.get(step, average) for step, _ in pairs) / max(1, at_once)


@define
class Course:
    """What a run's events say of its way through steps and intervals.

    Args:
        past: seconds that each step took in earlier runs, the median.
    """

    past: Mapping[str, float] = field(factory=dict)
    steps: tuple[str, ...] = ()
    intervals: tuple[Key, ...] = ()
    states: dict[tuple[str, Key], str] = field(factory=dict)
    took: dict[str, list[float]] = field(factory=dict)
    began: datetime | None = None
    at_once: int = 1

    def take(self, event: Event) -> None:
        """Note what the event says."""
        if event.kind == "run_started":
            self.steps, self.intervals = tuple(event.data["steps"]), tuple(event.data["intervals"])
            self.began, self.at_once = event.at, event.data.get("parallel", 1)
            planned = event.data.get("pairs")
            pairs = [(s, i) for i in self.intervals for s in self.steps] if planned is None else map(tuple, planned)
            self.states = dict.fromkeys(pairs, PLANNED)
        elif event.kind == "step_started" and event.step:
            self.states[event.step, event.interval] = RUNNING
        elif event.kind == "step_finished" and event.step:
            self.states[event.step, event.interval] = state_of(event.data)
            if event.data["status"] in WORKED:
                self.took.setdefault(event.step, []).append(event.data["seconds"])

    @property
    def grid(self) -> Grid:
        """Every cell as it is now."""
        return Grid(self.steps, self.intervals, dict(self.states))

    def left(self, now: datetime) -> float | None:
        """Return how many seconds are left: the steps' medians, at the pace at which the run has gone so far."""
        ahead = [pair for pair, state in self.states.items() if state in {PLANNED, RUNNING}]
        medians = {**self.past, **{step: median(each) for step, each in self.took.items()}}
        worked, passed = sum(map(sum, self.took.values())), (now - (self.began or now)).total_seconds()
        whole = expected(ahead, medians)
        if whole is None or not ahead:
            return None
        pace = worked / passed if worked and passed else self.at_once
        return whole / min(max(pace, 1.0), max(self.at_once, len(self.steps)))

    def words(self, now: datetime) -> str:
        """Say it: ``118 of 295 steps, 2 failed, about 6m05s left``."""
        done = sum(state not in {PLANNED, RUNNING} for state in self.states.values())
        failed = sum(state == FAILED for state in self.states.values())
        seconds = self.left(now)
        said = [f"{done:,} of {len(self.states):,} steps"] + ([f"{failed:,} failed"] if failed else [])
        return ", ".join([*said, *([f"about {duration(seconds)} left"] if seconds else [])])
