"""Which of Spark's types holds every value of another, unchanged; names as Spark's ``simpleString`` writes them.

What a step's column may be where its target declares another, what a table's column may become, and what a file may
store: each adds to this one table what its own reader does without loss, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

WIDER: Mapping[str, frozenset[str]] = {
    "tinyint": frozenset({"smallint", "int", "bigint", "float", "double"}),
    "smallint": frozenset({"int", "bigint", "float", "double"}),
    "int": frozenset({"bigint", "double"}),
    "float": frozenset({"double"}),
}
"""The numbers, by the narrower type; decimals are compared by their digits."""

DIGITS: Mapping[str, int] = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 19}
"""Decimal digits that the greatest value of each integer type has."""

_DECIMAL = re.compile(r"decimal\((\d+),(-?\d+)\)")


def holds(wide: str, narrow: str) -> bool:
    """Return True if every number of the type ``narrow`` is a number of the type ``wide``, which may be the same."""
    if wide == narrow or wide in WIDER.get(narrow, ()):
        return True
    one, other = _DECIMAL.fullmatch(narrow), _DECIMAL.fullmatch(wide)
    if not other:
        return False
    whole = int(other[1]) - int(other[2])
    if one:
        return int(one[2]) <= int(other[2]) and int(one[1]) - int(one[2]) <= whole
    return narrow in DIGITS and DIGITS[narrow] <= whole


def fits(given: str, wanted: str) -> bool:
    """Return True if a step's column of the type ``given`` is one of ``wanted``; the author casts what is not."""
    return given == "void" or holds(wanted, given) or (given, wanted) == ("date", "timestamp")
