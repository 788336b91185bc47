"""Frames of literal rows: made, and compared with what is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark import SparkContext
    from pyspark.sql import DataFrame, SparkSession

SHOWN = 10  # differing rows shown of each kind


def literal_table(spark: SparkSession, ddl: str, rows: Iterable[Sequence[Any]]) -> DataFrame:
    """Return a frame of these rows, a third of the CPU of ``createDataFrame``, which it equals."""
    with _no_python_workers(spark.sparkContext):
        return spark.createDataFrame(list(rows), ddl)


@contextmanager
def _no_python_workers(context: SparkContext) -> Iterator[None]:
    """Let the JVM read what is parallelized as it is.

    PySpark pickles a list in batches and then has Python workers pickle it again, in batches of a size that adapts. The
    JVM reads either; an RDD that says it is written in the second way is not written twice.
    """
    from pyspark.serializers import AutoBatchedSerializer, CPickleSerializer

    parallelize = context.parallelize

    def written(*arguments: Any, **options: Any) -> Any:
        rdd = parallelize(*arguments, **options)
        rdd._jrdd_deserializer = AutoBatchedSerializer(CPickleSerializer())  # type: ignore[no-untyped-call]
        return rdd

    context.parallelize = written  # type: ignore[method-assign]
    try:
        yield
    finally:
        del context.parallelize


def assert_table(frame: DataFrame, rows: Iterable[Sequence[Any]] | DataFrame, *, ordered: bool = False) -> None:
    """Assert that the frame has exactly these rows, in any order unless ``ordered``.

    Rows are tuples in the frame's column order, or another frame; a row that stands twice must be expected twice.

    Raises:
        AssertionError: with the missing and the unexpected rows under the column names.
    """
    actual = [tuple(row) for row in frame.collect()]
    expected = [tuple(row) for row in (rows if isinstance(rows, Iterable) else rows.collect())]
    if ordered and actual != expected and Counter(map(repr, actual)) == Counter(map(repr, expected)):
        raise AssertionError(f"the rows are right, their order is not:\n{_block('rows', frame.columns, actual)}")
    have, want = Counter(map(repr, actual)), Counter(map(repr, expected))
    missing = _left(expected, have)
    surplus = _left(actual, want)
    if missing or surplus:
        parts = [f"{len(actual)} rows, expected {len(expected)}"]
        parts += [_block("- missing", frame.columns, missing)] if missing else []
        parts += [_block("+ unexpected", frame.columns, surplus)] if surplus else []
        raise AssertionError("\n".join(parts))


def _left(rows: list[tuple[Any, ...]], other: Counter[str]) -> list[tuple[Any, ...]]:
    """Return the rows for which ``other`` has no counterpart left. By repr: rows may hold lists and dicts."""
    remaining, left = Counter(other), []
    for row in rows:
        if remaining[repr(row)] > 0:
            remaining[repr(row)] -= 1
        else:
            left.append(row)
    return left


def _block(title: str, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> str:
    cells = [[str(value) if value is not None else "NULL" for value in row] for row in rows[:SHOWN]]
    widths = [max(len(name), *(len(row[n]) for row in cells)) if cells else len(name) for n, name in enumerate(columns)]
    lines = [
        "  ".join(value.ljust(width) for value, width in zip(line, widths, strict=False)).rstrip()
        for line in [list(columns), *cells]
    ]
    more = [f"… and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else []
    return "\n".join([f"{title} ({len(rows)})", *("    " + line for line in [*lines, *more])])
