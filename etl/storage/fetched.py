"""Rows that executors fetch from a service: once, kept while a step works, and what they were refused with."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from etl.aws.access import LOGIN
from etl.errors import EtlError, PlatformError, PublishError, ThrottledError, UnreachableError
from etl.spark.causes import text_of
from etl.spark.kept import keep

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

RAISED = re.compile(r"^etl\.errors\.\w+\.(\w+): (.*)", re.MULTILINE)
T = TypeVar("T")


def fetched(
    session: SparkSession, asked: Sequence[T], fetch: Callable[[T], Iterable[tuple[Any, ...]]], ddl: str
) -> DataFrame:
    """Return the rows that ``fetch`` gives for each thing that is asked for, a task each; they end with the step."""
    return kept(session, session.sparkContext.parallelize(asked, len(asked)).flatMap(fetch), ddl)


def kept(session: SparkSession, rows: Any, ddl: str) -> DataFrame:
    """Return an RDD's rows as a frame that is made once; what is lost of it is made again. It ends with the step."""
    from pyspark import StorageLevel

    frame = session.createDataFrame(rows, ddl).persist(StorageLevel.MEMORY_AND_DISK)
    keep(session, frame.unpersist)
    return frame


def account(frame: DataFrame, columns: str = "*") -> tuple[int, str]:
    """Return how many rows there are, and a digest of them in any order; runs a Spark job.

    Raises:
        EtlError: what the service refused an executor with.
    """
    ((count, digest),) = taken(
        frame.selectExpr("count(1)", f"CAST(sum(CAST(xxhash64({columns}) AS DECIMAL(38))) AS STRING)")
    )
    return int(count), str(digest)


def taken(frame: DataFrame) -> list[Any]:
    """Return a frame's rows.

    Raises:
        EtlError: what the service refused an executor with.
    """
    try:
        return frame.collect()
    except Exception as error:
        raise (said(error) or error) from error


def said(error: BaseException) -> EtlError | None:
    """Return the condition that was raised on an executor: on the driver it is the text of a trace."""
    passing = {kind.__name__: kind for kind in (UnreachableError, ThrottledError)}
    for name, words in reversed(RAISED.findall(text_of(error))):  # the last one is what came of those before it
        if name in passing:
            what, _, how = words.partition(": ")
            return passing[name](what, how)
        if name == PlatformError.__name__:
            return PlatformError(words, remedy=LOGIN)
        if name == PublishError.__name__:
            return PublishError(words, remedy="mend the rows: what was written before them stays, and is written again")
    return None
