"""What an expression comes to, and how that is written in a text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from etl.interop.datapipeline import times
from etl.interop.datapipeline.times import Later, Time


@frozen
class Filled:
    """A text whose braces are templates' already."""

    text: str


Said = int | float | str | Time | Filled | tuple["Said", ...]


def joined(said: Sequence[Said]) -> Said:
    """Return values as one text."""
    if any(isinstance(each, Filled | Later | tuple) for each in said):
        return Filled("".join(as_text(each) for each in said))
    return "".join(shown(each) for each in said)


def as_text(said: Said) -> str:
    """Return a value as a template: braces of its own doubled."""
    if isinstance(said, Filled):
        return said.text
    if isinstance(said, tuple):
        return ",".join(map(as_text, said))
    if isinstance(said, Later):
        return times.written(said)
    return escaped(shown(said))


def shown(said: Said) -> str:
    """Return a value that is known as it is written."""
    return times.written(said) if isinstance(said, datetime) else str(said)


def escaped(text: str) -> str:
    """Return a text whose braces are doubled, but for ``${NAME}``, which is the shell's."""
    return re.sub(r"\$\{[^{}]*\}|[{}]", lambda found: found[0] if len(found[0]) > 1 else found[0] * 2, text)
