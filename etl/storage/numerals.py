"""Numbers without bounds, which come as text: exactly as declared, or an error that shows the value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from etl.sql import quoted

if TYPE_CHECKING:
    from pyspark.sql import Column


def exact(name: str, kind: str) -> Column:
    """Return a column of decimal texts as a decimal; a value of more digits than it has ends the query.

    Args:
        name: of the column.
        kind: ``decimal(12,2)``.
    """
    column = quoted(name)
    found = re.fullmatch(r"decimal\((\d+),(\d+)\)", kind)
    scale = int(found[2]) if found else 0
    digits = f"length(rtrim('0', if(locate('.', {column}) > 0, substring_index({column}, '.', -1), '')))"
    said = f"concat('[NUMERIC] {name.replace(chr(39), '')} = ', {column}, ' is no {kind}')"
    value = f"try_cast({column} AS {kind})"
    return F.expr(
        f"CASE WHEN {column} IS NULL THEN NULL WHEN {digits} <= {scale} AND {value} IS NOT NULL THEN {value} "
        f"ELSE CAST(raise_error({said}) AS {kind}) END"
    )


def truth(name: str) -> Column:
    """Return a column of numbers as truth values; one that is neither 0 nor 1 ends the query."""
    column = quoted(name)
    said = f"concat('[BOOLEAN] {name.replace(chr(39), '')} = ', {column}, ' is neither 0 nor 1')"
    return F.expr(
        f"CASE WHEN {column} IN (0, 1) THEN {column} = 1 WHEN {column} IS NULL THEN NULL "
        f"ELSE CAST(raise_error({said}) AS BOOLEAN) END"
    )
