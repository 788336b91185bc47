"""A job: the unit of schedule, run and submission."""

from __future__ import annotations

from typing import Any, get_args

from attrs import field, frozen

from etl.errors import DefinitionError
from etl.model.schedule import Schedule
from etl.model.step import Step
from etl.model.write import names

MOST_RETRIES = 10  # a step that fails that often is not failing for a transient reason


def _retries(_: object, __: object, value: int) -> None:
    if not isinstance(value, int) or not 0 <= value <= MOST_RETRIES:
        raise DefinitionError(f"JOB retries={value!r} is outside 0 to {MOST_RETRIES}")


def _schedule(_: object, __: object, value: Any) -> None:
    if value is not None and not isinstance(value, Schedule):
        kinds = ", ".join(f"{kind.__name__}(…)" for kind in get_args(Schedule))
        raise DefinitionError(f"JOB schedule={repr(value)[:60]} is no schedule; known: {kinds}")


@frozen(kw_only=True)
class Job:
    """What a job module declares as ``JOB``.

    Args:
        schedule: when the job is due and how long its intervals are; None runs on demand, without an interval.
        owner: who is asked at 3 a.m.
        retries: how often a step that failed for a transient reason is run again within one run.
        tags: words for ``tag:`` selection; every step of the job carries them.
    """

    schedule: Schedule | None = field(default=None, validator=_schedule)
    owner: str = ""
    retries: int = field(default=0, validator=_retries)
    tags: tuple[str, ...] = field(default=(), converter=names)


@frozen
class JobModule:
    """A discovered job: its name, declaration, steps, docstring and file (relative to the project)."""

    name: str
    job: Job
    steps: tuple[Step[Any, Any], ...]
    description: str
    file: str
