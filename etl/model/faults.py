"""What keeps a declared step from being run, or from being run again: all of it, found without Spark.

A declaration itself refuses only what is no step at all. What is found here is told together: by whoever opens a
project, and by a run of the step before it reads anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from etl.errors import DefinitionError, Place
from etl.kinds import KINDS, unknown
from etl.kinds.kind import Level
from etl.kinds.types import bare
from etl.model.expectation import Expectation, OnFailure
from etl.model.merge_faults import lost, of_a_history, of_a_merge
from etl.model.names import UNPARTITIONED, target_names
from etl.model.schema import Schema
from etl.model.step import Step
from etl.model.write import Append, History, Merge, ReplaceInterval, ReplacePartitions

LONGEST = 255  # bytes of a folder's name, most file systems' limit


def faults(declared: Step[Any, Any], root: str = "") -> tuple[DefinitionError, ...]:
    """Return what is wrong with a step: names, write kind, partition columns, expectations; empty where all is well.

    Args:
        declared: the step.
        root: what places are relative to.
    """
    found = [(declared.place, said) for said in (*_of_the_target(declared), *_of_the_sources(declared))]
    seen: set[str] = set()
    for expectation in declared.expectations:
        place = place_of(declared, expectation)
        found += [(place, said) for said in _of_an_expectation(declared, expectation)]
        if expectation.name in seen:
            twice = (
                f"expectation {expectation.name} is declared twice: one of a type for the same columns and condition"
            )
            found.append((place, twice))
        seen.add(expectation.name)
    return tuple(
        DefinitionError(f"step {declared.name}: {said}", place=place.relative_to(root)) for place, said in found
    )


def check_faults(declared: Step[Any, Any]) -> None:
    """Refuse a step with faults, naming them all.

    Raises:
        DefinitionError: the fault, or all of them, each with its place.
    """
    found = faults(declared)
    if len(found) == 1:
        raise found[0]
    if found:
        listed = "\n".join(f"  {fault}" for fault in found)
        raise DefinitionError(f"step {declared.name}: {len(found)} problems\n{listed}", place=declared.place)


def place_of(declared: Step[Any, Any], expectation: Expectation) -> Place:
    """Return the expectation's own line, where it is in the step's file: a shared one is wrong for this step only."""
    place, file = expectation.place, declared.place.file
    return Place(file, place.line) if place and f"/{place.file}".endswith(f"/{file}") else declared.place


def _of_the_target(declared: Step[Any, Any]) -> Iterator[str]:
    target = declared.target
    yield from target_names(target.schema, target.write)
    yield from _of_fields(target.schema)
    yield from _of_the_write(declared)
    yield from _of_the_partitions(declared)


def _of_the_sources(declared: Step[Any, Any]) -> Iterator[str]:
    yield from _of_increments(declared)
    for name, source in declared.sources.items():
        back = source.lookback
        if back is None:
            continue
        span = back > timedelta(0) if isinstance(back, timedelta) else type(back) is int and back > 0
        if not span:
            yield f"source {name!r}: lookback={back!r} is neither a positive timedelta nor a number of intervals"
        elif source.watermark_column:
            if isinstance(declared.target.write, Append):
                yield f"source {name!r}: Append would add the rows that lookback={back!r} reads again; use Merge"
        elif source.interval_column is None:
            yield f"source {name!r}: lookback needs interval_column: without it the whole of {source.dataset} is read"
        if declared.conserve == name:
            yield (
                f"conserve={name!r} reads earlier intervals too (lookback): its rows are not those of this interval's "
                "result; conserve another source, or none"
            )


def _of_increments(declared: Step[Any, Any]) -> Iterator[str]:
    """What was consumed before is in the target and stays there: nothing may replace it."""
    write, consumed = declared.target.write, declared.incremental
    for name, source in declared.sources.items():
        if source.watermark_column and not source.incremental:
            yield f"source {name!r}: watermark_column says what is new: add incremental=True"
    if not consumed:
        return
    if not isinstance(write, Append | Merge | History) or (isinstance(write, History) and write.from_snapshots):
        kind = "History from_snapshots" if isinstance(write, History) else type(write).__name__
        yield (
            f"source {consumed[0]!r} is incremental, and {kind} would take away what was consumed before; "
            "use Append, Merge or History"
        )
    for name, source in declared.sources.items():
        if source.interval_column:
            yield (
                f"source {name!r} is read by interval ({source.interval_column}) beside {consumed[0]!r}, which is read "
                "by what was consumed: leave out interval_column, or incremental"
            )


def _of_fields(schema: Schema) -> Iterator[str]:
    """NOT NULL is an expectation, and an expectation speaks of a column: nobody would look at a field's."""
    for column in schema:
        if " NOT NULL" in column.type:
            yield (
                f"column {column.name!r} has NOT NULL inside {bare(column.type)}, where it is not checked; "
                "leave it out, or make the field a column of its own"
            )


def _of_the_write(declared: Step[Any, Any]) -> Iterator[str]:
    write, schema = declared.target.write, declared.target.schema
    if isinstance(write, ReplacePartitions | ReplaceInterval):
        kind = type(write).__name__
        missing = lost(declared.target.schema, write.column, kind)
        if missing:
            yield missing
        elif schema.column(write.column).type not in {"DATE", "TIMESTAMP"}:
            yield (
                f"{kind} column {write.column!r} is {schema.column(write.column).type}; "
                "the interval needs DATE or TIMESTAMP"
            )
        if not declared.by_interval:
            yield f"{kind} needs the interval: give a source interval_column, or take `run`"
    if isinstance(write, Append) and not (declared.by_interval or declared.incremental):
        yield (
            "Append without an interval would add the same rows at every run: "
            "give a source interval_column or incremental=True, take `run`, or use ReplaceTable or Merge"
        )
    if isinstance(write, Merge):
        yield from of_a_merge(declared.target.schema, write)
    if isinstance(write, History):
        yield from of_a_history(declared.target.schema, write, by_interval=declared.by_interval)


def _of_the_partitions(declared: Step[Any, Any]) -> Iterator[str]:
    target = declared.target
    for position, column in enumerate(target.partition_by):
        missing = lost(declared.target.schema, column, "partition_by")
        if missing:
            yield missing
        elif column in target.partition_by[:position]:
            yield f"partition_by names {column!r} twice"
        elif bare(target.schema.column(column).type) in UNPARTITIONED:
            yield (
                f"partition_by: column {column!r} is {target.schema.column(column).type}, which no folder's name can "
                "hold; partition by numbers, texts, days or times"
            )
        elif "\0" in column or len(column.encode()) >= LONGEST:
            yield f"partition_by: column {column[:40]!r} has a NUL in its name or is too long for that of a folder"
    by = set(target.partition_by)
    if isinstance(target.write, ReplacePartitions) and target.write.column in target.schema:
        by |= {target.write.column} if target.schema.column(target.write.column).type != "TIMESTAMP" else set()
    if by and by >= set(target.schema.names):
        yield (
            f"the target would be partitioned by all its columns ({', '.join(target.schema.names)}): "
            "no column would be left for the files; leave one out"
        )


def _of_an_expectation(declared: Step[Any, Any], expectation: Expectation) -> Iterator[str]:
    kind, schema = KINDS.get(expectation.type), declared.target.schema
    if kind is None:
        yield unknown(expectation.type)
        return
    missing = [said for column in expectation.columns if (said := lost(schema, column, expectation.name))]
    if missing:
        yield from missing
        return
    types = {name: schema.column(name).type for name in expectation.columns}
    problem = kind.problem(expectation.kwargs, types)
    if problem:
        unsaid = ", ".join(f"{name!r} is {kind}" for name, kind in types.items() if kind not in problem)
        yield f"{expectation.name}: {problem}" + (f" (column {unsaid})" if unsaid else "")
    if expectation.on_failure is OnFailure.QUARANTINE and kind.level is not Level.ROW:
        yield (
            f"{expectation.name} speaks of the whole table: no single row breaks it, so it cannot "
            'quarantine; use on_failure="fail" or "warn"'
        )
