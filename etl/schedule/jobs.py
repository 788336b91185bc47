"""The scheduled jobs of a project, and for which intervals of one another they wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from attrs import field, frozen

from etl.model.interval import Interval
from etl.model.job import Job
from etl.model.naming import length
from etl.model.recurrence import cut, due_at, grid_of, last_due, next_interval
from etl.model.schedule import Schedule

if TYPE_CHECKING:
    from etl.project.project import Project


@frozen
class Waits:
    """A dataset of another job that a job reads.

    Args:
        job: which publishes it.
        dataset: what is read.
        by_column: only the interval's own rows are read, by a column.
        lookback: how far before the interval; see ``Source``.
    """

    job: str
    dataset: str
    by_column: bool = False
    lookback: timedelta | int | None = None


@frozen
class Scheduled:
    """A job with a schedule, what it waits for, and the jobs that wait for it."""

    name: str
    job: Job
    schedule: Schedule
    waits: tuple[Waits, ...] = ()
    readers: tuple[str, ...] = field(default=(), eq=False)


def scheduled_jobs(project: Project) -> dict[str, Scheduled]:
    """Return the scheduled jobs of a project by name."""
    found: dict[str, tuple[Job, Schedule, list[Waits]]] = {
        module.name: (module.job, module.job.schedule, []) for module in project.jobs if module.job.schedule
    }
    writers = {dataset: project.graph.nodes[step].job.name for dataset, step in project.graph.writers.items()}
    for node in project.graph.nodes.values():
        for source in node.step.sources.values() if node.job.name in found else ():
            writer = writers.get(source.dataset)
            if writer in found and writer != node.job.name:
                waits = Waits(str(writer), source.dataset, bool(source.interval_column), source.lookback)
                found[node.job.name][2].append(waits)
    return joined((name, job, schedule, tuple(dict.fromkeys(waits))) for name, (job, schedule, waits) in found.items())


Declared = tuple[str, Job, Schedule, tuple[Waits, ...]]


def joined(jobs: Iterable[Declared]) -> dict[str, Scheduled]:
    """Return jobs by name, each with those that wait for it; what a job waits for comes before it."""
    known = _sorted(list(jobs))
    readers: dict[str, list[str]] = {name: [] for name, *_ in known}
    for name, _, _, waits in known:
        for each in dict.fromkeys(wait.job for wait in waits):
            readers[each].append(name)
    return {name: Scheduled(name, job, schedule, waits, tuple(readers[name])) for name, job, schedule, waits in known}


def _sorted(jobs: Sequence[Declared]) -> list[Declared]:
    """Put writers before readers; among jobs that wait for one another in a circle, by name."""
    by_name, found = {job[0]: job for job in jobs}, dict[str, Declared]()

    def visit(name: str, above: frozenset[str]) -> None:
        for wait in by_name[name][3]:
            if wait.job not in above and wait.job not in found:
                visit(wait.job, above | {name})
        found[name] = by_name[name]

    for name in sorted(by_name):
        if name not in found:
            visit(name, frozenset({name}))
    return list(found.values())


def waited_for(waits: Waits, interval: Interval, writer: Schedule) -> tuple[datetime, datetime]:
    """Return the span whose intervals of the writer a reader's interval waits for.

    Rows read by a column may lie in every interval that overlaps what is read. What is read as a whole is read as it
    stands when the reader's interval ends: the writer's intervals that end inside it, or the last that ended before.
    """
    reads = interval.reaching_back(waits.lookback) if waits.lookback else interval
    first = cut(writer, reads.start)
    if waits.by_column:
        return first.start, grid_of(writer).after(reads.end - timedelta(microseconds=1))
    last = grid_of(writer).before(reads.end + timedelta(microseconds=1))
    return (first.start if first.end <= reads.end else grid_of(writer).before(last)), last


def ahead(each: Scheduled, after: datetime) -> Iterator[tuple[datetime, Interval]]:
    """Yield the intervals that become due after a time, with when, the first one first; see the schedule alone."""
    found = last_due(each.schedule, after)
    found = next_interval(each.schedule, found.end if found else schedule_start(each.schedule, after))
    while found:
        yield due_at(each.schedule, found), found
        found = next_interval(each.schedule, found.end)


def schedule_start(schedule: Schedule, otherwise: datetime) -> datetime:
    """Return where a schedule starts; ``otherwise`` where it does not say."""
    return schedule.instant("start") or otherwise


def described(each: Scheduled) -> str:
    """Return how often a job runs, in words."""
    return f"each {length(each.schedule)}"


def downstream(jobs: Mapping[str, Scheduled], name: str, interval: Interval) -> list[tuple[str, Interval]]:
    """Return the jobs and intervals that cannot go on without an interval of a job, the nearest first."""
    found: dict[str, Interval] = {}
    lined_up = [(name, interval)]
    while lined_up:
        each, lost = lined_up.pop(0)
        for reader in jobs[each].readers:
            waiting = next_interval(jobs[reader].schedule, cut(jobs[reader].schedule, lost.start).start)
            if reader not in found and waiting:
                found[reader] = waiting
                lined_up.append((reader, waiting))
    return list(found.items())
