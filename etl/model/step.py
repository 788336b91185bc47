"""A step: a typed function from DataFrames to one DataFrame, plus what it reads, publishes and what must hold."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from attrs import field, frozen

from etl.errors import DefinitionError, Place, did_you_mean
from etl.model.dataset import Source, Target
from etl.model.expectation import Expectation, OnFailure
from etl.model.write import Append, History, Merge, ReplacePartitions, Write

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

P = ParamSpec("P")
R = TypeVar("R")
RUN = "run"  # the parameter that receives the Run instead of a source


def _read_only(sources: Mapping[str, Source]) -> Mapping[str, Source]:
    return MappingProxyType(dict(sources))


@frozen(eq=False, kw_only=True)
class Step(Generic[P, R]):
    """A declared step. Calling it calls its function: a unit test needs nothing else.

    ``name`` is the target's dataset: a dataset has one writer, so the two are one word.
    """

    function: Callable[P, R]
    sources: Mapping[str, Source] = field(converter=_read_only)
    target: Target
    expectations: tuple[Expectation, ...] = ()
    conserve: str | None = None
    tags: tuple[str, ...] = ()
    sql: str | None = None
    place: Place = field(factory=lambda: Place("?"))
    module: str = ""
    takes_run: bool = False

    @property
    def name(self) -> str:
        """The target's dataset."""
        return self.target.dataset

    @property
    def description(self) -> str:
        """The first line of the function's docstring."""
        return (inspect.getdoc(self.function) or "").split("\n", 1)[0]

    @property
    def by_interval(self) -> bool:
        """True if the result depends on the run's interval."""
        return self.takes_run or any(source.interval_column for source in self.sources.values())

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the transformation."""
        return self.function(*args, **kwargs)


def step(
    *,
    sources: Mapping[str, Source],
    target: Target,
    expectations: Sequence[Expectation] = (),
    conserve: str | None = None,
    tags: Sequence[str] = (),
) -> Callable[[Callable[P, R]], Step[P, R]]:
    """Declare a function as a step.

    Args:
        sources: by parameter name; each parameter of the function is one, but for ``run``.
        target: what is published.
        expectations: what must hold of the rows, besides the target's NOT NULL columns.
        conserve: name of a source whose every row must be accounted for: published, quarantined, filtered or
            deduplicated by name. A join that multiplies or loses its rows fails before publish.
        tags: words for ``tag:`` selection.

    Raises:
        DefinitionError: at import, with file and line: see ``check_step``.
    """

    def declare(function: Callable[P, R]) -> Step[P, R]:
        code = function.__code__
        place = Place(code.co_filename, code.co_firstlineno)
        parameters = [p for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_KEYWORD]
        names = [parameter.name for parameter in parameters]
        declared = Step(
            function=function, sources=sources, target=target, expectations=tuple(expectations), conserve=conserve,
            tags=tuple(tags), place=place, module=function.__module__, takes_run=RUN in names,
        )  # fmt: skip
        check_parameters(declared, names)
        check_step(declared)
        return declared

    return declare


def sql_step(
    dataset: str,
    *,
    sql: str,
    sources: Mapping[str, Source],
    schema: str,
    write: Write,
    expectations: Sequence[Expectation] = (),
    conserve: str | None = None,
    tags: Sequence[str] = (),
    description: str = "",
) -> Step[..., DataFrame]:
    """Declare a SQL query as a step; the source names are its tables.

    The step is callable with one frame per source, by name, like any other.

    Raises:
        DefinitionError: at import, with file and line: see ``check_step``.
    """
    caller = sys._getframe(1)
    place = Place(caller.f_code.co_filename, caller.f_lineno)

    def query(**frames: DataFrame) -> DataFrame:
        session = next(iter(frames.values())).sparkSession
        for name, frame in frames.items():
            frame.createOrReplaceTempView(name)
        return session.sql(sql)

    query.__doc__ = description or " ".join(sql.split())[:100]
    try:
        target = Target(dataset, schema, write)
    except DefinitionError as error:
        raise DefinitionError(error.message, place=place) from None
    declared = Step(
        function=query, sources=sources, target=target, expectations=tuple(expectations),
        conserve=conserve, tags=tuple(tags), sql=sql, place=place, module=caller.f_globals["__name__"],
    )  # fmt: skip
    if not sources:
        raise DefinitionError(f"step {dataset}: a SQL step needs at least one source", place=place)
    check_step(declared)
    return declared


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
        DefinitionError: a write kind's column that the schema lacks, a write that is not re-runnable, an expectation
            about a column that is not there, quarantine of a whole-table expectation, an unknown ``conserve``.
    """
    if declared.conserve is not None and declared.conserve not in declared.sources:
        _refuse(declared, f"conserve={declared.conserve!r} is not a source; "
                + did_you_mean(declared.conserve, set(declared.sources)))  # fmt: skip
    _check_write(declared)
    names: set[str] = set()
    for expectation in declared.expectations:
        _check_expectation(declared, expectation)
        if expectation.name in names:
            _refuse(declared, f"expectation {expectation.name} is declared twice")
        names.add(expectation.name)


def _check_write(declared: Step[Any, Any]) -> None:
    write, schema = declared.target.write, declared.target.schema
    if isinstance(write, History):
        _refuse(declared, "History is not available yet; Merge keeps the latest version of each key")
    if isinstance(write, ReplacePartitions):
        _need_column(declared, write.column, "ReplacePartitions")
        if schema.column(write.column).type not in {"DATE", "TIMESTAMP"}:
            _refuse(declared, f"ReplacePartitions column {write.column!r} is {schema.column(write.column).type}; "
                    "the interval needs DATE or TIMESTAMP")  # fmt: skip
        if not declared.by_interval:
            _refuse(declared, "ReplacePartitions needs the interval: give a source interval_column, or take `run`")
    if isinstance(write, Append) and not declared.by_interval:
        _refuse(declared, "Append without an interval would add the same rows at every run: "
                "give a source interval_column, take `run`, or use ReplaceTable or Merge")  # fmt: skip
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
    if expectation.on_failure is OnFailure.QUARANTINE and not is_row_level(expectation.type):
        _refuse(declared, f"{expectation.name} speaks of the whole table: no single row breaks it, so it cannot "
                'quarantine; use on_failure="fail" or "warn"')  # fmt: skip
    mostly = expectation.kwargs.get("mostly", 1.0)
    if not isinstance(mostly, int | float) or not 0 <= mostly <= 1:
        _refuse(declared, f"{expectation.name}: mostly={mostly!r} is outside 0 to 1")


def is_row_level(kind: str) -> bool:
    """Return True if a single row can break an expectation of this type (by looking at that row alone)."""
    if kind.endswith("_to_be_unique"):
        return False
    return kind.startswith(("expect_column_values_", "expect_column_value_", "expect_column_pair_values_"))


def _need_column(declared: Step[Any, Any], column: str, who: str) -> None:
    if column not in declared.target.schema:
        _refuse(declared, f"{who}: column {column!r} is not in the target's schema; "
                + did_you_mean(column, declared.target.schema.names))  # fmt: skip


def _refuse(declared: Step[Any, Any], message: str) -> None:
    raise DefinitionError(f"step {declared.name}: {message}", place=declared.place)
