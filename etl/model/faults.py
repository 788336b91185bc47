"""What keeps a declared step from being run, or from being run again: all of it, found without Spark.

A declaration itself refuses only what is no step at all. What is found here is told together: by whoever opens a
project, and by a run of the step before it reads anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from etl.errors import DefinitionError, Place, did_you_mean
from etl.kinds import KINDS, unknown
from etl.kinds.kind import Level
from etl.kinds.types import bare
from etl.model.expectation import Expectation, OnFailure
from etl.model.names import UNPARTITIONED, target_names
from etl.model.schema import Schema
from etl.model.step import Step
from etl.model.write import Append, History, Merge, ReplacePartitions

LONGEST = 255  # bytes of a folder's name, most file systems' limit


def faults(declared: Step[Any, Any], root: str = "") -> tuple[DefinitionError, ...]:
    """Return what is wrong with a step: names, write kind, partition columns, expectations; empty where all is well.

    Args:
        declared: the step.
        root: what places are relative to.
    """
    found = [(declared.place, said) for said in _of_the_target(declared)]
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
    if isinstance(write, History):
        yield "History is not available yet; Merge keeps the latest version of each key"
    if isinstance(write, ReplacePartitions):
        lost = _lost(declared, write.column, "ReplacePartitions")
        if lost:
            yield lost
        elif schema.column(write.column).type not in {"DATE", "TIMESTAMP"}:
            yield (
                f"ReplacePartitions column {write.column!r} is {schema.column(write.column).type}; "
                "the interval needs DATE or TIMESTAMP"
            )
        if not declared.by_interval:
            yield "ReplacePartitions needs the interval: give a source interval_column, or take `run`"
    if isinstance(write, Append) and not declared.by_interval:
        yield (
            "Append without an interval would add the same rows at every run: "
            "give a source interval_column, take `run`, or use ReplaceTable or Merge"
        )
    if isinstance(write, Merge):
        yield from _of_a_merge(declared, write)


def _of_a_merge(declared: Step[Any, Any], write: Merge) -> Iterator[str]:
    if not write.keys:
        yield "Merge needs at least one key"
    named = {"key": write.keys, "sequence_by": (write.sequence_by,) if write.sequence_by is not None else ()}
    for role, columns in named.items():
        for position, column in enumerate(columns):
            lost = _lost(declared, column, "Merge")
            if lost:
                yield lost
            elif column in columns[:position]:
                yield f"Merge {role} {column!r} is named twice"
            elif "MAP<" in declared.target.schema.column(column).type:
                kind = declared.target.schema.column(column).type
                yield f"Merge {role} {column!r} is {kind}: Spark compares no maps; take a column of another type"
    deletes = write.apply_as_deletes
    if deletes is not None and not (isinstance(deletes, str) and deletes.strip()):
        yield f"Merge apply_as_deletes={deletes!r} is no SQL condition"


def _of_the_partitions(declared: Step[Any, Any]) -> Iterator[str]:
    target = declared.target
    for position, column in enumerate(target.partition_by):
        lost = _lost(declared, column, "partition_by")
        if lost:
            yield lost
        elif column in target.partition_by[:position]:
            yield f"partition_by names {column!r} twice"
        elif bare(target.schema.column(column).type) in UNPARTITIONED:
            yield (
                f"partition_by: column {column!r} is {target.schema.column(column).type}, which no folder's name can "
                "hold; partition by numbers, texts, days or times"
            )
        elif "\0" in column or len(column.encode()) >= LONGEST:
            yield f"partition_by: column {column[:40]!r} has a NUL in its name or is too long for that of a folder"
    by = {*target.partition_by, *([target.replaced_by] if target.replaced_by else [])}
    if target.replaced_by and target.replaced_by in target.schema:
        by -= {target.replaced_by} if target.schema.column(target.replaced_by).type == "TIMESTAMP" else set()
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
    lost = [said for column in expectation.columns if (said := _lost(declared, column, expectation.name))]
    if lost:
        yield from lost
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


def _lost(declared: Step[Any, Any], column: Any, who: str) -> str | None:
    """Say that the target has no such column; None if it has."""
    names = declared.target.schema.names
    if not isinstance(column, str):
        return f"{who}: {column!r} is not the name of a column"
    if column in names:
        return None
    same = next((name for name in names if name.lower() == column.lower()), None)
    meant = f"it has {same!r}, and case counts here" if same else did_you_mean(column, names)
    return f"{who}: column {column!r} is not in the target's schema; {meant}"
