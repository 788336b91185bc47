"""A job: the unit of schedule, run and submission."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args

from attrs import field, frozen

from etl.errors import DefinitionError, UsageError
from etl.model.alarm import Alarm
from etl.model.duration import duration
from etl.model.precondition import Precondition
from etl.model.schedule import Schedule
from etl.model.step import Step
from etl.model.write import names

MOST_ACTIVE = 100
DELAY = timedelta(minutes=1)
MOST_RETRIES = 10  # a step that fails that often is not failing for a transient reason


def _retries(_: object, __: object, value: int) -> None:
    if not isinstance(value, int) or not 0 <= value <= MOST_RETRIES:
        raise DefinitionError(f"JOB retries={value!r} is outside 0 to {MOST_RETRIES}")


def _schedule(_: object, __: object, value: Any) -> None:
    if value is not None and not isinstance(value, Schedule):
        kinds = ", ".join(f"{kind.__name__}(…)" for kind in get_args(Schedule))
        raise DefinitionError(f"JOB schedule={repr(value)[:60]} is no schedule; known: {kinds}")


def _span(name: str, value: Any) -> timedelta | None:
    try:
        return None if value is None else duration(value)
    except UsageError as error:
        raise DefinitionError(f"JOB {name}={value!r}: {error.message}", remedy=error.remedy) from None


def _retry_delay(value: Any) -> timedelta:
    return _span("retry_delay", value) or DELAY


def _attempt_timeout(value: Any) -> timedelta | None:
    return _span("attempt_timeout", value)


def _late_after(value: Any) -> timedelta | None:
    return _span("late_after", value)


def _expire_after(value: Any) -> timedelta | None:
    return _span("expire_after", value)


def _several(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _preconditions(_: object, attribute: Any, value: tuple[Any, ...]) -> None:
    for each in value:
        if not isinstance(each, Precondition):
            raise DefinitionError(
                f"JOB {attribute.name}: {each!r} is no precondition", remedy="etl.wait has the builders"
            )


def _alarms(_: object, attribute: Any, value: tuple[Any, ...]) -> None:
    for each in value:
        if not isinstance(each, get_args(Alarm)):
            raise DefinitionError(f"JOB {attribute.name}: {each!r} is no alarm", remedy="etl.alarm has the builders")


def _active(_: object, __: object, value: int) -> None:
    if type(value) is not int or not 1 <= value <= MOST_ACTIVE:
        raise DefinitionError(f"JOB max_active_runs={value!r} is outside 1 to {MOST_ACTIVE}")


def _flag(_: object, attribute: Any, value: bool) -> None:
    if not isinstance(value, bool):
        raise DefinitionError(f"JOB {attribute.name}={value!r} is neither True nor False")


@frozen(kw_only=True)
class Job:
    """What a job module declares as ``JOB``.

    Args:
        schedule: when the job is due and how long its intervals are; None runs on demand, without an interval.
        owner: who is asked at 3 a.m.
        retries: how often a step that failed for a transient reason is run again within one run, and how often the
            scheduler runs an interval again whose run failed.
        tags: words for ``tag:`` selection; every step of the job carries them.
        retry_delay: what the scheduler waits before the first retry; twice as long before each further one.
        attempt_timeout: after it the scheduler ends a run and all its processes; None lets it run.
        late_after: an interval is late that has not succeeded so long after it was due.
        expire_after: an interval that has not begun so long after it was due fails without a run.
        wait_for: preconditions, see ``etl.wait``: each must be met before an interval begins.
        on_failure: alarms, see ``etl.alarm``, when an interval failed for good.
        on_success: alarms when an interval succeeded.
        on_late: alarms when an interval is late.
        max_active_runs: intervals that the scheduler runs at once.
        catch_up: run every interval that was missed; False runs the last one and skips those before it.
        cascade: an interval fails with those of other jobs that it waits for; False waits until they are run again.
    """

    schedule: Schedule | None = field(default=None, validator=_schedule)
    owner: str = ""
    retries: int = field(default=0, validator=_retries)
    tags: tuple[str, ...] = field(default=(), converter=names)
    retry_delay: timedelta = field(default=DELAY, converter=_retry_delay)
    attempt_timeout: timedelta | None = field(default=None, converter=_attempt_timeout)
    late_after: timedelta | None = field(default=None, converter=_late_after)
    expire_after: timedelta | None = field(default=None, converter=_expire_after)
    wait_for: tuple[Precondition, ...] = field(default=(), converter=_several, validator=_preconditions)
    on_failure: tuple[Alarm, ...] = field(default=(), converter=_several, validator=_alarms)
    on_success: tuple[Alarm, ...] = field(default=(), converter=_several, validator=_alarms)
    on_late: tuple[Alarm, ...] = field(default=(), converter=_several, validator=_alarms)
    max_active_runs: int = field(default=1, validator=_active)
    catch_up: bool = field(default=True, validator=_flag)
    cascade: bool = field(default=True, validator=_flag)


@frozen
class JobModule:
    """A discovered job: its name, declaration, steps, docstring and file (relative to the project)."""

    name: str
    job: Job
    steps: tuple[Step[Any, Any], ...]
    description: str
    file: str
