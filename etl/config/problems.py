"""All problems of one reading, raised as one error: nobody should mend a file one mistake at a time."""

from __future__ import annotations

from collections.abc import Sequence

from etl.errors import ProjectError


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
