"""A step: a typed function from DataFrames to one DataFrame, plus what it reads, publishes and what must hold."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar

from attrs import field, frozen

from etl.errors import DefinitionError, Place
from etl.model.dataset import Source, Target
from etl.model.definition import RUN, check_parameters, check_step
from etl.model.expectation import Expectation
from etl.model.write import Merge, Write

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

P = ParamSpec("P")
R = TypeVar("R")


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

    @property
    def suite(self) -> tuple[Expectation, ...]:
        """What is judged: the declared expectations, and that a ``Merge`` without ``sequence_by`` has unique keys."""
        write = self.target.write
        if not isinstance(write, Merge) or write.sequence_by:
            return self.expectations
        if write.keys in {each.columns for each in self.expectations if each.type.endswith("_to_be_unique")}:
            return self.expectations
        keys = Expectation(
            "expect_compound_columns_to_be_unique", {"column_list": write.keys}, description="merge keys"
        )
        return (*self.expectations, keys)

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
