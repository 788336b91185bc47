"""Pure transformations that jobs share. Those that drop rows say which rule dropped them.

Inside a run the dropped rows are counted in the pass that writes the step's rows, and enter the row accounting under
the rule's name; in a unit test of the job they only transform.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from etl.errors import DefinitionError, did_you_mean
from etl.model.accounting import Drop, Kind, collector
from etl.sql import quoted

RANK = "_headrace_rank"


def where(frame: DataFrame, rule: str, condition: Column | str) -> DataFrame:
    """Keep the rows for which ``condition`` is true; the others are dropped under the name ``rule``.

    A null condition drops the row, as in SQL.
    """
    return _reported("filtered", rule, frame, lambda rows: rows.where(condition))


def deduplicate(frame: DataFrame, keys: str | Sequence[str]) -> DataFrame:
    """Keep one row of each key: the least in the order of all other columns, so that re-runs keep the same one.

    A null key equals a null key. Columns that have no order (MAP) take no part in it. The drop is named after the keys.

    Raises:
        DefinitionError: a key is not a column, or no key was given.
    """
    names = _columns(frame, keys, "deduplicate")
    return _first(frame, names, [F.col(quoted(column)).asc_nulls_last() for column in _orderable(frame, names)])


def latest_by(frame: DataFrame, keys: str | Sequence[str], order_by: str | Sequence[str]) -> DataFrame:
    """Keep the row of each key that is greatest in ``order_by``; the drop is named after the keys.

    A null key equals a null key; a null in ``order_by`` is older than any value. Ties: the greatest in the order of the
    remaining columns wins, so that re-runs keep the same one.

    Raises:
        DefinitionError: a key or an ordering column is not a column, or none was given.
    """
    names, order = _columns(frame, keys, "latest_by"), _columns(frame, order_by, "latest_by")
    ordered = (*order, *_orderable(frame, (*names, *order)))
    return _first(frame, names, [F.col(quoted(column)).desc_nulls_last() for column in ordered])


def flatten(frame: DataFrame, separator: str = "_") -> DataFrame:
    """Replace every STRUCT column by its fields, at any depth, named ``column_field``.

    A null struct gives null fields. Structs inside arrays and maps stay as they are.

    Raises:
        DefinitionError: two columns would get one name (case does not count, as Spark resolves names).
    """
    leaves = [(path, separator.join(path)) for path in _leaves(frame.schema)]
    seen: dict[str, tuple[str, ...]] = {}
    for path, name in leaves:
        other = seen.setdefault(name.lower(), path)
        if other != path:
            message = f"flatten: {'.'.join(other)} and {'.'.join(path)} would both be named {name!r}"
            raise DefinitionError(message, remedy="give another separator, or rename one of them first")
    return frame.select([F.col(".".join(quoted(part) for part in path)).alias(name) for path, name in leaves])


def local_to_utc(day: Column, hhmm: Column, zone: str) -> Column:
    """Return the instant at which a clock in ``zone`` showed ``hhmm`` on ``day``, independent of the session's zone.

    An hour that the clocks skip moves forward by the gap (02:30 → 03:30); of an hour that comes twice it is the first.
    Null if either is null, or ``hhmm`` is not a time of day.

    Args:
        day: DATE on the local calendar.
        hhmm: whole number, hour times 100 plus minute: 0 (midnight) to 2400 (the midnight that ends the day).
        zone: IANA name, ``America/New_York``.
    """
    # By arithmetic, not by a cast: a cast would read the date in the session's time zone.
    hour, minute = F.floor(hhmm / 100), hhmm % 100
    clock = F.timestamp_seconds(F.unix_date(day) * 86_400 + hour * 3_600 + minute * 60)
    return F.when(hhmm.between(0, 2400) & minute.between(0, 59), F.to_utc_timestamp(clock, zone))


def _first(frame: DataFrame, keys: Sequence[str], order: Sequence[Column]) -> DataFrame:
    window = Window.partitionBy(*(quoted(key) for key in keys)).orderBy(*(order or [F.lit(0)]))

    def keep(rows: DataFrame) -> DataFrame:
        return rows.withColumn(RANK, F.row_number().over(window)).where(F.col(RANK) == 1).drop(RANK)

    return _reported("deduplicated", ", ".join(keys), frame, keep)


def _reported(kind: Kind, name: str, frame: DataFrame, keep: Callable[[DataFrame], DataFrame]) -> DataFrame:
    active = collector()
    if active is None:
        return keep(frame)
    # The drop is computed from the observed frame: both counts come from the one pass that writes the rows.
    observed, before = active.observe(frame)
    kept: DataFrame
    kept, after = active.observe(keep(observed))
    active.drops.append(Drop(kind, name, before, after))
    return kept


def _columns(frame: DataFrame, given: str | Sequence[str], who: str) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else tuple(given)
    if not names:
        raise DefinitionError(f"{who}: at least one column is needed, none was given")
    for name in names:
        if name not in frame.columns:
            raise DefinitionError(f"{who}: {name!r} is not a column; {did_you_mean(name, frame.columns)}")
    return names


def _orderable(frame: DataFrame, without: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        field.name
        for field in frame.schema
        if field.name not in without and "map<" not in field.dataType.simpleString()
    )


def _leaves(schema: StructType, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for field in schema:
        path = (*above, field.name)
        if isinstance(field.dataType, StructType):
            yield from _leaves(field.dataType, path)
        else:
            yield path
