"""Joda-Time's patterns in the words of ``strftime``."""

from __future__ import annotations

import re

from etl.errors import ConfigError

# Letters of one kind → how often they stand there at least → strftime. Source: Joda-Time, DateTimeFormat.
LETTERS: dict[str, dict[int, str]] = {
    "y": {1: "%Y", 2: "%y", 3: "%Y"},
    "Y": {1: "%Y", 2: "%y", 3: "%Y"},
    "x": {1: "%G", 3: "%G"},
    "M": {1: "%-m", 2: "%m", 3: "%b", 4: "%B"},
    "d": {1: "%-d", 2: "%d"},
    "D": {1: "%-j", 3: "%j"},
    "e": {1: "%u"},
    "w": {1: "%-V", 2: "%V"},
    "E": {1: "%a", 4: "%A"},
    "a": {1: "%p"},
    "H": {1: "%-H", 2: "%H"},
    "h": {1: "%-I", 2: "%I"},
    "m": {1: "%-M", 2: "%M"},
    "s": {1: "%-S", 2: "%S"},
    "S": {1: "0", 2: "00", 3: "000", 4: "0000", 5: "00000", 6: "000000"},
    "z": {1: "%Z"},
    "Z": {1: "%z"},
}
_PIECE = re.compile(r"''|'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")


def strftime(pattern: str) -> tuple[str, tuple[str, ...]]:
    """Return a pattern's words of ``strftime``, and what a reader should know of it.

    Raises:
        ConfigError: a letter that Joda-Time has and ``strftime`` has not.
    """
    out, notes = "", []
    for found in _PIECE.finditer(pattern):
        said = found.group()
        if said == "''":
            out += "'"
        elif found[1] is not None:
            out += found[1].replace("''", "'").replace("%", "%%")
        elif found[2] is None:
            out += said.replace("%", "%%")
        else:
            widths = LETTERS.get(found[2])
            if not widths:
                raise ConfigError(f"pattern {pattern!r}: {said!r} is no part of a date that can be written here")
            out += widths[max(width for width in widths if width <= len(said))]
            if found[2] == "h" and "a" not in pattern:
                notes.append(f"pattern {pattern!r}: hh is the hour of a 12-hour clock, as it was")
            if found[2] == "D":
                notes.append(f"pattern {pattern!r}: D is the day of the year, as it was")
            if found[2] == "S":
                notes.append(f"pattern {pattern!r}: fractions of a second are zeros, as intervals begin")
    return out, tuple(notes)
