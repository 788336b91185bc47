"""All problems of one reading, raised as one error: nobody should mend a file one mistake at a time."""

from __future__ import annotations

from collections.abc import Sequence

from etl.errors import ProjectError


def department(problem: ProjectError) -> type[ProjectError]:
    """Return the class that several problems of this one's kind are told as: a condition speaks for itself alone."""
    return next(kind for kind in type(problem).__mro__ if kind.__module__ == ProjectError.__module__)


def raise_all(problems: Sequence[ProjectError]) -> None:
    """Raise the problems: none, none; one, itself; several, one error of the first's department that lists all.

    Raises:
        ProjectError: the problem, or one of the first problem's department.
    """
    if len(problems) == 1:
        raise problems[0]
    if problems:
        listed = "\n".join("  " + str(problem).replace("\n", "\n  ") for problem in problems)
        raise department(problems[0])(f"{len(problems)} problems\n{listed}")
