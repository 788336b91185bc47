"""How a job module declares steps: the decorator, and the call for a query."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from etl.errors import DefinitionError, Place
from etl.model.body import Function, Sql
from etl.model.dataset import Source, Target
from etl.model.definition import check_parameters, check_step
from etl.model.expectation import Expectation
from etl.model.run import RUN
from etl.model.step import Step
from etl.model.write import Write, names

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

P = ParamSpec("P")
R = TypeVar("R")


def step(
    *,
    sources: Mapping[str, Source],
    target: Target,
    name: str | None = None,
    expectations: Sequence[Expectation] = (),
    conserve: str | None = None,
    tags: str | Sequence[str] = (),
) -> Callable[[Callable[P, R]], Step[P, R]]:
    """Declare a function as a step.

    Args:
        sources: by parameter name; each parameter of the function is one, but for ``run``.
        target: what is published.
        name: what the step is called; the target's dataset unless said otherwise.
        expectations: what must hold of the rows, besides the target's NOT NULL columns.
        conserve: name of a source whose every row must be accounted for: published, quarantined, filtered or
            deduplicated by name. A join that multiplies or loses its rows fails before publish.
        tags: words for ``tag:`` selection.

    Raises:
        DefinitionError: at import, with file and line: see ``check_step``; what else is
            wrong is told when a project is opened and when the step is run: see ``etl.model.faults``.
    """

    def declare(function: Callable[P, R]) -> Step[P, R]:
        code = function.__code__
        parameters = [p for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_KEYWORD]
        taken = [parameter.name for parameter in parameters]
        declared = Step(
            body=Function(function),
            sources=sources,
            target=target,
            name=name,
            expectations=tuple(expectations),
            conserve=conserve,
            tags=names(tags),
            place=Place(code.co_filename, code.co_firstlineno),
            module=function.__module__,
            takes_run=RUN in taken,
        )
        check_parameters(declared, taken)
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
    partition_by: Sequence[str] = (),
    name: str | None = None,
    expectations: Sequence[Expectation] = (),
    conserve: str | None = None,
    tags: str | Sequence[str] = (),
    description: str = "",
) -> Step[..., DataFrame]:
    """Declare a SQL query as a step; the source names are its tables.

    The step is callable with one frame per source, by name, like any other. ``dataset``, ``schema``, ``write`` and
    ``partition_by`` are those of its ``Target``.

    Raises:
        DefinitionError: at import, with file and line: see ``check_step``; what else is
            wrong is told when a project is opened and when the step is run: see ``etl.model.faults``.
    """
    caller = sys._getframe(1)
    place = Place(caller.f_code.co_filename, caller.f_lineno)
    try:
        target = Target(dataset, schema, write, partition_by)
    except DefinitionError as error:
        raise DefinitionError(error.message, place=place) from None
    declared: Step[..., DataFrame] = Step(
        body=Sql(sql, description),
        sources=sources,
        target=target,
        name=name,
        expectations=tuple(expectations),
        conserve=conserve,
        tags=names(tags),
        place=place,
        module=caller.f_globals["__name__"],
    )
    check_step(declared)
    return declared
