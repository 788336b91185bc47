"""Which intervals a plan is about: the unit comes from the jobs' schedules, the time from the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from etl.config.problems import raise_all
from etl.errors import DefinitionError, GoneError, UsageError, did_you_mean
from etl.model.dataset import Dataset
from etl.model.interval import EXAMPLES, Interval, Unit, between, containing, parse_instant
from etl.model.schema import Schema
from etl.model.write import ReplaceInterval, ReplacePartitions
from etl.project.graph import Graph, Node

TIMES = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP_NTZ"})


def choose_intervals(
    nodes: Sequence[Node], date: str | None, start: str | None, end: str | None
) -> tuple[Interval | None, ...]:
    """Return the intervals in order; one None for jobs on demand that were given no time.

    Args:
        nodes: the selected steps.
        date: any point inside one interval.
        start: first boundary, with ``end``.
        end: first boundary that is not included.

    Raises:
        UsageError: jobs of different units, a scheduled job or a step that depends on the interval without a time, a
            date together with a range, half a range, a boundary that is none.
    """
    unit = _unit(nodes)
    if date and (start or end):
        raise UsageError("--date and --from/--to exclude each other", remedy="--date names one interval")
    if bool(start) != bool(end):
        raise UsageError("--from and --to belong together", remedy="--to is the first date that is not included")
    if date:
        return (containing(parse_instant(date), unit or Unit.DAY),)
    if start and end:
        return between(parse_instant(start), parse_instant(end), unit or Unit.DAY)
    waiting = next((node for node in nodes if _needs_interval(node) or _is_scheduled_whole(node, nodes)), None)
    if waiting:
        example = EXAMPLES[unit or Unit.DAY]
        asking = f"job {waiting.job.name} runs for one {unit}" if unit else f"step {waiting.name} reads by interval"
        raise UsageError(f"{asking}: which one?", remedy=f"add --date {example}, or --from {example} --to …")
    return (None,)


def check_lengths(nodes: Sequence[Node], intervals: Sequence[Interval | None]) -> None:
    """Refuse intervals of an earlier plan that are not as long as those of the jobs are now.

    Raises:
        GoneError: one is not.
    """
    unit = _unit(nodes) or Unit.DAY
    for interval in intervals:
        if interval is not None and containing(interval.start, unit) != interval:
            raise GoneError([f"interval {interval}: the intervals of its jobs are now of one {unit}, and it"])


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
    hourly = bool(node.job.job.schedule and node.job.job.schedule.unit is Unit.HOUR)
    for dataset, column, schema in columns:
        if column is None or schema is None:
            continue
        if column not in schema:
            yield f"interval_column {column!r} is not a column of {dataset}; {did_you_mean(column, schema.names)}"
        elif schema.column(column).type not in TIMES:
            kind = schema.column(column).type
            yield f"interval_column {column!r} of {dataset} is {kind}; it must be DATE or TIMESTAMP"
        elif hourly and schema.column(column).type == "DATE":
            yield f"column {column!r} of {dataset} is a DATE and cannot hold the hour of an hourly job; use TIMESTAMP"
    for source in node.step.sources.values():
        back, column, schema = source.lookback, source.interval_column, datasets[source.dataset].schema
        if not isinstance(back, timedelta) or not back % timedelta(days=1) or column is None or schema is None:
            continue
        if column in schema and schema.column(column).type == "DATE":
            yield f"lookback={back} into {source.dataset}: its {column!r} is a DATE; look back whole days"


def _unit(nodes: Sequence[Node]) -> Unit | None:
    jobs = {node.job.name: node.job.job.schedule.unit for node in nodes if node.job.job.schedule}
    if len(set(jobs.values())) > 1:
        said = ", ".join(f"{job}: {unit}" for job, unit in sorted(jobs.items()))
        raise UsageError(
            f"the selected jobs have intervals of different lengths ({said})",
            remedy="plan those of one length at a time",
        )
    return next(iter(jobs.values()), None)


def _is_scheduled_whole(node: Node, nodes: Sequence[Node]) -> bool:
    """Say whether a scheduled job is selected with all its steps; one that no interval changes runs alone without."""
    selected = {each.name for each in nodes}
    return node.job.job.schedule is not None and all(step.name in selected for step in node.job.steps)


def _needs_interval(node: Node) -> bool:
    by_column = any(source.interval_column for source in node.step.sources.values())
    asks = node.step.takes_run and node.job.job.schedule is not None
    return by_column or asks or isinstance(node.step.target.write, ReplacePartitions | ReplaceInterval)
