"""What a step does with its rows: a function or a query.

A script, a command over staged directories, will be the third. It is the one that need not have a target.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar

from attrs import frozen

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


Body = Function[P, R] | Sql
