"""Where something was said, and which name was probably meant: what every message needs."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from pathlib import PurePath

from attrs import frozen


@frozen
class Place:
    """Where something was said: a file, and the line or key in it where known."""

    file: str
    line: int | None = None
    key: str | None = None

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}" if self.line else self.file
        return f"{text}: {self.key}" if self.key else text

    def relative_to(self, root: str) -> Place:
        """Return the place with its file relative to ``root`` when it lies below, else as it is."""
        path = PurePath(self.file)
        if root and path.is_relative_to(root):
            return Place(path.relative_to(root).as_posix(), self.line, self.key)
        return self


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like ``name``, or None when nothing is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return near[0] if near else None


def did_you_mean(name: str, known: Collection[str], limit: int = 12) -> str:
    """Say which name was probably meant, or list what is known (at most ``limit``, sorted)."""
    near = closest(name, known)
    if near:
        return f"did you mean {near!r}?"
    if not known:
        return "nothing is known here"
    shown = sorted(known)[:limit]
    more = f" and {len(known) - limit} more" if len(known) > limit else ""
    return f"known: {', '.join(shown)}{more}"
