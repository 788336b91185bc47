"""A job: the unit of schedule, run and submission."""

from __future__ import annotations

from attrs import field, frozen

from etl.errors import DefinitionError
from etl.model.schedule import Schedule
from etl.model.step import Step


def _retries(_: object, attribute: object, value: int) -> None:
    if not isinstance(value, int) or not 0 <= value <= 10:  # noqa: PLR2004
        raise DefinitionError(f"JOB retries={value!r} is outside 0 to 10")


@frozen(kw_only=True)
class Job:
    """What a job module declares as ``JOB``.

    Args:
        schedule: when the job is due and how long its intervals are; None runs on demand, without an interval.
        owner: who is asked at 3 a.m.
        retries: how often a step that failed for a transient reason is run again within one run.
        tags: words for ``tag:`` selection; every step of the job carries them.
    """

    schedule: Schedule | None = None
    owner: str = ""
    retries: int = field(default=0, validator=_retries)
    tags: tuple[str, ...] = field(default=(), converter=tuple)


@frozen
class JobModule:
    """A discovered job: its name, declaration, steps, docstring and file (relative to the project)."""

    name: str
    job: Job
    steps: tuple[Step, ...]
    description: str
    file: str
