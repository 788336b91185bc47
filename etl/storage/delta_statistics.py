"""What Delta's log says of the files a write added: rows, nulls and bounds, as the audit takes them.

Delta's JSON keeps times to the millisecond, cut off, and leaves out partition columns, whose one value stands beside.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from etl.kinds.proof import Statistics, together
from etl.kinds.types import INTEGERS, TIMES, bare
from etl.model.schema import Schema

INDEXED = 32  # columns of which Delta collects statistics unless the table says otherwise
COUNTED = INTEGERS | TIMES | {"DATE", "DECIMAL", "FLOAT", "DOUBLE", "STRING"}
CUT = timedelta(milliseconds=1)
READ: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(INTEGERS, int),
    **dict.fromkeys(TIMES, datetime.fromisoformat),
    "DECIMAL": Decimal,
    "DATE": date.fromisoformat,
}
"""How a bound is read, by column type; of other types (FLOAT: NaN is left out; STRING: cut) no bound is given."""


def counted(schema: Schema, partition_by: Sequence[str] = ()) -> frozenset[str]:
    """Return the columns whose nulls and bounds a write of this schema will tell, unless the table says otherwise.

    Columns behind a nested one are not promised: Delta counts its fields too.
    """
    names = []
    for column in [each for each in schema if each.name not in partition_by][:INDEXED]:
        if "<" in column.type:
            break
        names += [column.name] if bare(column.type) in COUNTED else []
    return frozenset({*names, *partition_by})


def statistics(added: Iterable[Mapping[str, Any]], schema: Schema) -> Statistics | None:
    """Return what added files (the log's ``add``) say together; None if one of them has no statistics.

    Args:
        added: the ``add`` object of each action, as JSON values.
        schema: the written columns.
    """
    files = []
    for add in added:
        if not add.get("stats"):
            return None
        files.append(_file(json.loads(add["stats"], parse_float=Decimal), add.get("partitionValues") or {}, schema))
    return together(files)


def _file(stats: Mapping[str, Any], partition: Mapping[str, str | None], schema: Schema) -> Statistics:
    rows = int(stats["numRecords"])
    # Of a nested column the counts are those of its fields.
    nulls = {name: count for name, count in stats.get("nullCount", {}).items() if isinstance(count, int)}
    least, greatest = dict(stats.get("minValues", {})), dict(stats.get("maxValues", {}))
    for name, value in partition.items():
        nulls[name] = rows if value is None else 0
        least[name] = greatest[name] = value
    ends = [_bounds(values, schema) for values in (least, greatest)]
    for column in schema:
        if bare(column.type) in TIMES and column.name in ends[1]:
            try:
                ends[1][column.name] += CUT
            except OverflowError:  # the last millisecond that Python has: nothing lies behind it
                del ends[1][column.name]
    return Statistics(rows, nulls, *ends)


def _bounds(values: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    found = {}
    for column in schema:
        read, value = READ.get(bare(column.type)), values.get(column.name)
        if read and value is not None:
            try:
                found[column.name] = read(value)
            except ValueError:  # a year that Python does not have: the file says nothing we could use
                continue
    return found
