"""What a step does with its rows: a function, a query, a program over directories, or statements for a database."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, Literal, NoReturn, ParamSpec, TypeVar

from attrs import field, frozen

from etl.errors import DefinitionError
from etl.model.template import check

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

P = ParamSpec("P")
R = TypeVar("R")

SHOWN = 100  # characters of a query that stand for a description


@frozen
class Function(Generic[P, R]):
    """A function from one frame per source to the target's rows."""

    call: Callable[P, R]

    @property
    def description(self) -> str:
        """The first line of the function's docstring."""
        return (inspect.getdoc(self.call) or "").split("\n", 1)[0]


@frozen
class Sql:
    """A query; the source names are its tables.

    Args:
        text: the query in Spark SQL.
        summary: a sentence for people; without one the query describes itself.
    """

    text: str
    summary: str = ""

    def call(self, **frames: DataFrame) -> DataFrame:
        """Run the query over one frame per source, by name."""
        session = next(iter(frames.values())).sparkSession
        for name, frame in frames.items():
            frame.createOrReplaceTempView(name)
        return session.sql(self.text)

    @property
    def description(self) -> str:
        """The summary's first line, or the beginning of the query."""
        return self.summary.split("\n", 1)[0] or " ".join(self.text.split())[:SHOWN]


Files = Literal["csv", "json", "parquet"]
Where = Literal["driver", "executors"]


@frozen(kw_only=True)
class Script:
    """A program; see ``etl.script_step``.

    Args:
        command: its words; templates of the interval are filled in.
        files: the format of what is staged for it, and of what it leaves.
        inputs: folders that are brought before it begins, behind the sources.
        outputs: folders that are delivered when it has succeeded, behind the target's.
        environment: variables, templates too.
        secrets: variable to where its value lies.
        inherit: variables of this process that it gets.
        timeout: after it the program and all that it began are ended.
        receipt: it publishes no rows of its own, but that it has run.
        on: where it runs: once on the driver, or on executors, once for each partition of its source.
        summary: a sentence for people.
    """

    command: tuple[str, ...]
    files: Files = "csv"
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(factory=dict, hash=False)
    secrets: Mapping[str, str] = field(factory=dict, hash=False)
    inherit: tuple[str, ...] = ()
    timeout: timedelta
    receipt: bool = False
    on: Where = "driver"
    summary: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """Everything in which the interval may be named."""
        return (*self.command, *self.inputs, *self.outputs, *self.environment.values())

    @property
    def names(self) -> frozenset[str]:
        """What its texts name: ``start``, ``param.x`` …"""
        return frozenset(name for text in self.texts for name in check(text))

    def call(self, **_: object) -> NoReturn:
        """Refuse: there is no function to call.

        Raises:
            DefinitionError: always.
        """
        raise DefinitionError("a script step is run, not called", remedy="run it in a lake: lake.run_step(step)")

    @property
    def description(self) -> str:
        """The summary's first line, or the beginning of the command."""
        return self.summary.split("\n", 1)[0] or " ".join(" ".join(self.command).split())[:SHOWN]


@frozen(kw_only=True)
class Statements:
    """Statements for a database, in its own SQL; see ``etl.sql_script_step``.

    Args:
        connection: the name of one in the configuration.
        text: the statements; templates of the interval are filled in.
        timeout: after it the statement that is at work is ended.
        transaction: all of them take effect, or none.
        summary: a sentence for people.
    """

    connection: str
    text: str
    timeout: timedelta
    transaction: bool = True
    summary: str = ""

    @property
    def names(self) -> frozenset[str]:
        """What its text names: ``start``, ``param.x`` …"""
        return frozenset(check(self.text))

    def call(self, **_: object) -> NoReturn:
        """Refuse: there is no function to call.

        Raises:
            DefinitionError: always.
        """
        raise DefinitionError("a SQL script step is run, not called", remedy="run it in a lake: lake.run_step(step)")

    @property
    def description(self) -> str:
        """The summary's first line, or the beginning of the statements."""
        return self.summary.split("\n", 1)[0] or " ".join(self.text.split())[:SHOWN]


Body = Function[P, R] | Sql | Script | Statements
