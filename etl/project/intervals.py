"""Which intervals a plan is about: how long they are comes from the jobs' schedules, the time from the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from etl.config.problems import raise_all
from etl.errors import DefinitionError, GoneError, UsageError, did_you_mean
from etl.model.dataset import Dataset
from etl.model.interval import Interval, Unit, between, parse_instant
from etl.model.naming import UNITS, example, keeps_days, length, named, pieces
from etl.model.recurrence import cut, grid_of, is_on_a_date, last_due
from etl.model.schedule import Daily, Hourly, Schedule
from etl.model.schema import Schema
from etl.model.write import ReplaceInterval, ReplacePartitions
from etl.project.graph import Graph, Node

DUE = "due:"
TIMES = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP_NTZ"})


def choose_intervals(
    nodes: Sequence[Node], date: str | None, start: str | None, end: str | None
) -> tuple[Interval | None, ...]:
    """Return the intervals in order; one None for jobs on demand that were given no time.

    Args:
        nodes: the selected steps.
        date: any point inside one interval; or ``due:`` and a time, for the last interval that is due then.
        start: first boundary, with ``end``.
        end: first boundary that is not included.

    Raises:
        UsageError: jobs of different units, a scheduled job or a step that depends on the interval without a time, a
            date together with a range, half a range, a boundary that is none.
    """
    schedule = _schedule(nodes)
    if date and (start or end):
        raise UsageError("--date and --from/--to exclude each other", remedy="--date names one interval")
    if bool(start) != bool(end):
        raise UsageError("--from and --to belong together", remedy="--to is the first date that is not included")
    if date and date.startswith(DUE):
        return (_due(schedule, date),)
    if date:
        return (named(schedule, date),)
    if start and end:
        return _between(schedule, start, end)
    waiting = next((node for node in nodes if _needs_interval(node) or _is_scheduled_whole(node, nodes)), None)
    if waiting:
        key = example(schedule)
        by = (
            f"job {waiting.job.name} runs for one {length(schedule)}"
            if schedule
            else f"step {waiting.name} reads by interval"
        )
        raise UsageError(f"{by}: which one?", remedy=f"add --date {key}, or --from {key.partition('/')[0]} --to …")
    return (None,)


def _due(schedule: Schedule | None, date: str) -> Interval:
    """Return the last interval that is due at a time: what whoever calls at that time, a cron or a DAG, means."""
    instant = parse_instant(date.removeprefix(DUE))
    if schedule is None:
        raise UsageError(f"--date {date}: the selected jobs have no schedule", remedy="name the interval: 2013-02-08")
    found = last_due(schedule, instant)
    if found is None:
        raise UsageError(f"--date {date}: no interval is due then, the first one begins at {schedule.start}")
    return found


def check_lengths(nodes: Sequence[Node], intervals: Sequence[Interval | None]) -> None:
    """Refuse intervals of an earlier plan that are not as long as those of the jobs are now.

    Raises:
        GoneError: one is not.
    """
    schedule = _schedule(nodes) or Daily()
    for interval in intervals:
        if interval is not None and cut(schedule, interval.start) != interval:
            raise GoneError(
                [f"interval {interval}: the intervals of its jobs are now of one {length(schedule)}, and it"]
            )


def check_interval_columns(graph: Graph, datasets: Mapping[str, Dataset], root: str = "") -> None:
    """Refuse interval columns that cannot tell the job's intervals apart; datasets without a schema are not looked at.

    Raises:
        DefinitionError: every one that is not in the dataset's schema, is neither DATE nor TIMESTAMP, or is a DATE
            where the intervals are hours.
    """
    raise_all(
        [
            DefinitionError(f"step {node.name}: {problem}", place=node.step.place.relative_to(root))
            for node in graph.nodes.values()
            for problem in _column_problems(node, datasets)
        ]
    )


def _column_problems(node: Node, datasets: Mapping[str, Dataset]) -> Iterator[str]:
    columns: list[tuple[str, str | None, Schema | None]] = [
        (source.dataset, source.interval_column, datasets[source.dataset].schema)
        for source in node.step.sources.values()
    ]
    if isinstance(node.step.target.write, ReplacePartitions | ReplaceInterval):
        columns.append((node.step.target.dataset, node.step.target.write.column, node.step.target.schema))
    schedule = node.job.job.schedule
    within_days = schedule is not None and not keeps_days(schedule)
    tell = "hold the hour of an hourly job" if isinstance(schedule, Hourly) else "tell the intervals of the job apart"
    for dataset, column, schema in columns:
        if column is None or schema is None:
            continue
        if column not in schema:
            yield f"interval_column {column!r} is not a column of {dataset}; {did_you_mean(column, schema.names)}"
        elif schema.column(column).type not in TIMES:
            kind = schema.column(column).type
            yield f"interval_column {column!r} of {dataset} is {kind}; it must be DATE or TIMESTAMP"
        elif within_days and schema.column(column).type == "DATE":
            yield f"column {column!r} of {dataset} is a DATE and cannot {tell}; use TIMESTAMP"
    for source in node.step.sources.values():
        back, column, schema = source.lookback, source.interval_column, datasets[source.dataset].schema
        if not isinstance(back, timedelta) or not back % timedelta(days=1) or column is None or schema is None:
            continue
        if column in schema and schema.column(column).type == "DATE":
            yield f"lookback={back} into {source.dataset}: its {column!r} is a DATE; look back whole days"


def _schedule(nodes: Sequence[Node]) -> Schedule | None:
    """Return a schedule that cuts time as those of all these jobs do; None where none has one."""
    jobs = {node.job.name: node.job.job.schedule for node in nodes if node.job.job.schedule}
    if len({grid_of(schedule) for schedule in jobs.values()}) > 1:
        said = ", ".join(f"{job}: {length(schedule)}" for job, schedule in sorted(jobs.items()))
        raise UsageError(
            f"the selected jobs have intervals of different lengths ({said})",
            remedy="plan those of one length at a time",
        )
    return next(iter(jobs.values()), None)


def _between(schedule: Schedule | None, start: str, end: str) -> tuple[Interval, ...]:
    """Cut a range into whole intervals; those that a business calendar leaves out are not among them."""
    if schedule is None or grid_of(schedule) in UNITS:
        whole = between(parse_instant(start), parse_instant(end), UNITS[grid_of(schedule)] if schedule else Unit.DAY)
    else:
        whole = pieces(schedule, start, end)
    return tuple(each for each in whole if is_on_a_date(schedule, each.start)) if schedule else whole


def _is_scheduled_whole(node: Node, nodes: Sequence[Node]) -> bool:
    """Say whether a scheduled job is selected with all its steps; one that no interval changes runs alone without."""
    selected = {each.name for each in nodes}
    return node.job.job.schedule is not None and all(step.name in selected for step in node.job.steps)


def _needs_interval(node: Node) -> bool:
    by_column = any(source.interval_column for source in node.step.sources.values())
    asks = node.step.takes_run and node.job.job.schedule is not None
    return by_column or asks or isinstance(node.step.target.write, ReplacePartitions | ReplaceInterval)
