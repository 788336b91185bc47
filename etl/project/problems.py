"""All problems of one reading, raised as one error: nobody should mend a file one mistake at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from etl.errors import Place, ProjectError


def raise_all(problems: Sequence[ProjectError]) -> None:
    """Raise the problems: none, none; one, itself; several, one error of the first's class that lists all.

    Raises:
        ProjectError: of the class of the first problem.
    """
    if len(problems) == 1:
        raise problems[0]
    if problems:
        listed = "\n".join("  " + str(problem).replace("\n", "\n  ") for problem in problems)
        raise type(problems[0])(f"{len(problems)} problems\n{listed}")


def relative(place: Place, root: str) -> Place:
    """Return the place with its file relative to ``root`` when it lies below, else as it is."""
    path = PurePath(place.file)
    if root and path.is_relative_to(root):
        return Place(path.relative_to(root).as_posix(), place.line, place.key)
    return place
