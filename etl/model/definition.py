"""What a step's declaration must satisfy, checked at import with the author's file and line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NoReturn

from etl.errors import DefinitionError, did_you_mean
from etl.kinds import KINDS, unknown
from etl.kinds.kind import Level
from etl.model.expectation import Expectation, OnFailure
from etl.model.run import RUN
from etl.model.step import Step
from etl.model.write import Append, History, Merge, ReplacePartitions

RESERVED = ("_broken", "_source", "_record", "_file", "_run_id", "_interval", "headrace_kept")  # a quarantine's own
_WORD = "[a-z][a-z0-9_]{0,62}"
STEP_NAME = re.compile(rf"{_WORD}(\.{_WORD})?")


def check_parameters(declared: Step[Any, Any], names: Sequence[str]) -> None:
    """Refuse a parameter without a source and a source without a parameter.

    Raises:
        DefinitionError: naming the one that has no counterpart.
    """
    sources = set(declared.sources)
    for name in names:
        if name not in sources and name != RUN:
            _refuse(declared, f"parameter {name!r} has no source; {did_you_mean(name, sources)}")
    for name in sources:
        if name not in names:
            _refuse(declared, f"source {name!r} has no parameter; {did_you_mean(name, set(names))}")


def check_step(declared: Step[Any, Any]) -> None:
    """Refuse what cannot be run, or not be run again.

    Raises:
        DefinitionError: no target, a name that cannot be selected, a query without source, a write kind's column that
            the schema lacks, a write that is not re-runnable, an expectation about a column that is not there or of a
            type it does not take, quarantine of a whole-table expectation, a column with a name of the quarantine's
            own, an unknown ``conserve``.
    """
    if not isinstance(declared.name, str) or not STEP_NAME.fullmatch(declared.name):
        _refuse(declared, "a step's name has one or two parts, joined by a dot, in lower-case letters, digits and _")
    if declared.sql is not None and not declared.sources:
        _refuse(declared, "a SQL step needs at least one source")
    if declared.conserve is not None and declared.conserve not in declared.sources:
        _refuse(
            declared,
            f"conserve={declared.conserve!r} is not a source; "
            + did_you_mean(declared.conserve, set(declared.sources)),
        )
    _check_names(declared)
    _check_write(declared)
    names: set[str] = set()
    for expectation in declared.expectations:
        _check_expectation(declared, expectation)
        if expectation.name in names:
            _refuse(declared, f"expectation {expectation.name} is declared twice")
        names.add(expectation.name)


def _check_names(declared: Step[Any, Any]) -> None:
    for column in declared.target.schema.names:
        if column.lower() in RESERVED:
            _refuse(
                declared,
                f"column {column!r} of the target is a name that its quarantine needs for itself: "
                + ", ".join(RESERVED),
            )


def _check_write(declared: Step[Any, Any]) -> None:
    write, schema = declared.target.write, declared.target.schema
    if isinstance(write, History):
        _refuse(declared, "History is not available yet; Merge keeps the latest version of each key")
    if isinstance(write, ReplacePartitions):
        _need_column(declared, write.column, "ReplacePartitions")
        if schema.column(write.column).type not in {"DATE", "TIMESTAMP"}:
            _refuse(
                declared,
                f"ReplacePartitions column {write.column!r} is {schema.column(write.column).type}; "
                "the interval needs DATE or TIMESTAMP",
            )
        if not declared.by_interval:
            _refuse(declared, "ReplacePartitions needs the interval: give a source interval_column, or take `run`")
    if isinstance(write, Append) and not declared.by_interval:
        _refuse(
            declared,
            "Append without an interval would add the same rows at every run: "
            "give a source interval_column, take `run`, or use ReplaceTable or Merge",
        )
    if isinstance(write, Merge):
        if not write.keys:
            _refuse(declared, "Merge needs at least one key")
        for column in (*write.keys, *([write.sequence_by] if write.sequence_by else [])):
            _need_column(declared, column, "Merge")
    for column in declared.target.partition_by:
        _need_column(declared, column, "partition_by")


def _check_expectation(declared: Step[Any, Any], expectation: Expectation) -> None:
    for column in expectation.columns:
        _need_column(declared, column, expectation.name)
    kind = KINDS.get(expectation.type)
    if kind is None:
        _refuse(declared, unknown(expectation.type))
    types = {name: declared.target.schema.column(name).type for name in expectation.columns}
    problem = kind.problem(expectation.kwargs, types)
    if problem:
        _refuse(declared, f"{expectation.name}: {problem}")
    if expectation.on_failure is OnFailure.QUARANTINE and kind.level is not Level.ROW:
        _refuse(
            declared,
            f"{expectation.name} speaks of the whole table: no single row breaks it, so it cannot "
            'quarantine; use on_failure="fail" or "warn"',
        )
    mostly = expectation.kwargs.get("mostly", 1.0)
    if not isinstance(mostly, int | float) or not 0 <= mostly <= 1:
        _refuse(declared, f"{expectation.name}: mostly={mostly!r} is outside 0 to 1")


def _need_column(declared: Step[Any, Any], column: str, who: str) -> None:
    if column not in declared.target.schema:
        _refuse(
            declared,
            f"{who}: column {column!r} is not in the target's schema; "
            + did_you_mean(column, declared.target.schema.names),
        )


def _refuse(declared: Step[Any, Any], message: str) -> NoReturn:
    raise DefinitionError(f"step {declared.name}: {message}", place=declared.place)
