"""Which jobs are run together: those of one schedule that wait for one another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from attrs import field, frozen

from etl.model.recurrence import due_at, intervals
from etl.model.schedule import Schedule
from etl.schedule.jobs import Scheduled

A_YEAR = timedelta(days=400)  # in which every offset of a zone's clocks comes


@frozen(kw_only=True)
class Group:
    """Jobs of one schedule, what each waits for before it.

    Args:
        name: of its last job.
        schedule: of all of them.
        jobs: in order.
        after: by job, those of the group that it waits for.
        outside: by job, those of other groups: nothing here waits for them.
    """

    name: str
    schedule: Schedule
    jobs: tuple[Scheduled, ...]
    after: Mapping[str, tuple[str, ...]] = field(hash=False)
    outside: Mapping[str, tuple[str, ...]] = field(hash=False)

    @property
    def levels(self) -> tuple[tuple[Scheduled, ...], ...]:
        """The jobs in steps: each waits only for those of the steps before it."""
        depth: dict[str, int] = {}
        for each in self.jobs:
            depth[each.name] = 1 + max((depth[name] for name in self.after[each.name]), default=-1)
        return tuple(
            tuple(each for each in self.jobs if depth[each.name] == level) for level in range(max(depth.values()) + 1)
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What the files do not say, a sentence each."""
        waits = [
            f"{job} waits for {', '.join(others)}, of another schedule: only `etl schedule` does so; "
            "choose times at which they have ended"
            for job, others in self.outside.items()
            if others
        ]
        preconditions = [
            f"{each.name} has preconditions: only `etl schedule` asks for them"
            for each in self.jobs
            if each.job.wait_for
        ]
        lateness = [
            f"{each.name} has late_after or expire_after: only `etl schedule` knows of them"
            for each in self.jobs
            if each.job.late_after or each.job.expire_after
        ]
        return (*waits, *preconditions, *lateness)


def groups(jobs: Mapping[str, Scheduled]) -> tuple[Group, ...]:
    """Return the groups of a project's scheduled jobs, by name."""
    found: dict[str, set[str]] = {}
    for name, each in jobs.items():  # what a job waits for comes before it
        joined = {name}
        for other in {wait.job for wait in each.waits}:
            if other in found and jobs[other].schedule == each.schedule:
                joined |= found[other]
        for member in joined:
            found[member] = joined
    several = {tuple(name for name in jobs if name in members) for members in found.values()}
    return tuple(sorted((_group(names, jobs) for names in several), key=lambda group: group.name))


def fires(schedule: Schedule, since: datetime) -> tuple[datetime, ...]:
    """Return when the intervals of about a year are due, in UTC; none where the schedule has ended."""
    begin = since.astimezone(UTC)
    return tuple(due_at(schedule, each) for each in intervals(schedule, begin, begin + A_YEAR))


def _group(names: tuple[str, ...], jobs: Mapping[str, Scheduled]) -> Group:
    waits = {name: tuple(dict.fromkeys(wait.job for wait in jobs[name].waits)) for name in names}
    return Group(
        name=names[-1],
        schedule=jobs[names[-1]].schedule,
        jobs=tuple(jobs[name] for name in names),
        after={name: tuple(other for other in waits[name] if other in names) for name in names},
        outside={name: tuple(other for other in waits[name] if other not in names) for name in names},
    )
