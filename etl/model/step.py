"""A step: a typed function from DataFrames to one DataFrame, plus what it reads, publishes and what must hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Generic, ParamSpec, TypeVar, cast

from attrs import field, frozen

from etl.errors import DefinitionError, Place
from etl.model.body import Body, Script, Sql, Statements
from etl.model.dataset import Source, Target
from etl.model.expectation import Expectation
from etl.model.write import History, Merge

UNIQUE = "expect_compound_columns_to_be_unique"

P = ParamSpec("P")
R = TypeVar("R")


def _read_only(sources: Mapping[str, Source]) -> Mapping[str, Source]:
    return MappingProxyType(dict(sources))


@frozen(eq=False, kw_only=True)
class Step(Generic[P, R]):
    """A declared step. Calling it calls its body: a unit test needs nothing else.

    Args:
        body: what it does: a function or a query.
        sources: by parameter name.
        target: what it publishes; None only for a body that returns no rows, and there is none yet.
        name: unique in the project; by default the target's dataset.
        expectations: what must hold of the rows.
        conserve: the source whose every row must be accounted for.
        tags: words for ``tag:`` selection.
        place: where it is declared.
        module: the module that declares it.
        takes_run: it has a parameter that receives the ``Run``.
    """

    body: Body[P, R]
    sources: Mapping[str, Source] = field(converter=_read_only)
    _target: Target | None = field(default=None, alias="target")
    _name: str | None = field(default=None, alias="name")
    expectations: tuple[Expectation, ...] = ()
    conserve: str | None = None
    tags: tuple[str, ...] = ()
    place: Place = field(factory=lambda: Place("?"))
    module: str = ""
    takes_run: bool = False

    @property
    def name(self) -> str:
        """What people, plans and events call it."""
        return self.target.dataset if self._name is None else self._name

    @property
    def publishes(self) -> bool:
        """True if the step has a target."""
        return self._target is not None

    @property
    def target(self) -> Target:
        """What the step publishes; where a step may have none, ask ``publishes`` first.

        Raises:
            DefinitionError: it has no target.
        """
        if self._target is None:
            raise DefinitionError("a step that returns rows needs target=Target(…)", place=self.place)
        return self._target

    @property
    def sql(self) -> str | None:
        """The query of a SQL step; None for another body."""
        return self.body.text if isinstance(self.body, Sql) else None

    @property
    def script(self) -> Script | None:
        """The program of a script step; None for another body."""
        return self.body if isinstance(self.body, Script) else None

    @property
    def statements(self) -> Statements | None:
        """The statements of a SQL script step; None for another body."""
        return self.body if isinstance(self.body, Statements) else None

    @property
    def has_receipt(self) -> bool:
        """True if it runs for its effect: its only row says that it has run."""
        return isinstance(self.body, Statements) or (isinstance(self.body, Script) and self.body.receipt)

    @property
    def description(self) -> str:
        """One line for people."""
        return self.body.description

    @property
    def by_interval(self) -> bool:
        """True if the result depends on the run's interval: never where it depends on what was consumed before."""
        if self.incremental:
            return False
        return self.takes_run or any(source.interval_column for source in self.sources.values())

    @property
    def incremental(self) -> tuple[str, ...]:
        """The sources of which the step reads only what its target has not consumed yet."""
        return tuple(name for name, source in self.sources.items() if source.incremental)

    @property
    def suite(self) -> tuple[Expectation, ...]:
        """What is judged: the declared expectations, and that rows merged without ``sequence_by`` have unique keys."""
        write = self.target.write
        if not isinstance(write, Merge | History) or write.sequence_by:
            return self.expectations
        # Null equals null in a merge, also where all the keys are.
        kwargs = {"column_list": write.keys, "ignore_row_if": "never"}
        return (*self.expectations, Expectation(UNIQUE, kwargs, description="merge keys"))

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the transformation."""
        transformation = cast("Callable[P, R]", self.body.call)
        return transformation(*args, **kwargs)
