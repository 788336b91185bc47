"""JSON as people left it: what can be mended without a guess is mended, and said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from etl.errors import ConfigError, Place

BEFORE_NOTHING = re.compile(r",(?:\s|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)*[}\]]")
CONTROLS = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def parsed(text: str, file: str) -> tuple[Any, tuple[str, ...]]:
    """Return what a JSON text says, and what had to be mended in it.

    Raises:
        ConfigError: it is no JSON even so, with the line.
    """
    notes = ["a byte order mark was left out"] if text.startswith("\ufeff") else []
    marked = len(notes)
    text = text.removeprefix("\ufeff")

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in items:
            if key in found:
                notes.append(f"{key!r} stands twice in one object: both values are kept, as a list")
                found[key] = [*_listed(found[key]), *_listed(value)]
            else:
                found[key] = value
        return found

    try:
        return json.loads(text, object_pairs_hook=pairs), tuple(notes)
    except json.JSONDecodeError:
        del notes[marked:]
    mended = "".join(_mended(text, notes))
    try:
        return json.loads(mended, object_pairs_hook=pairs), tuple(notes)
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"is no JSON: {error.msg} at column {error.colno}",
            place=Place(file, error.lineno),
            remedy="correct the file; line breaks in texts, trailing commas and comments are mended here",
        ) from None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _mended(text: str, notes: list[str]) -> Iterator[str]:
    """Yield the text with raw control characters in strings escaped, and without trailing commas and comments."""
    place, line, inside = 0, 1, False
    while place < len(text):
        sign = text[place]
        if inside:
            if sign == "\\":
                yield text[place : place + 2]
                place += 2
                continue
            if sign in CONTROLS:
                notes.append(f"line {line}: a raw {'line break' if sign == chr(10) else 'control character'} in a text")
            inside = sign != '"'
            yield CONTROLS.get(sign, sign)
        elif text.startswith(("//", "/*"), place):
            end = text.find("\n" if text[place + 1] == "/" else "*/", place)
            end = len(text) if end < 0 else end + (0 if text[place + 1] == "/" else 2)
            notes.append(f"line {line}: a comment")
            line += text.count("\n", place, end)
            place = end
            continue
        elif sign == "," and BEFORE_NOTHING.match(text, place):
            notes.append(f"line {line}: a comma before nothing")
        else:
            inside = sign == '"'
            yield sign
        line += sign == "\n"
        place += 1
