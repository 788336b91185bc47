"""A project's scheduler, put together from its jobs, its configuration and its records."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import click
from attrs import field, frozen

from etl.cli.context import Context
from etl.cli.records import open_ledger
from etl.errors import UnknownNameError, UsageError
from etl.model.run import utc_now

WORDS = {
    "run": "ready",
    "slot": "waits for a slot",
    "upstream": "waits for a job",
    "precondition": "waits",
    "retry": "retries",
}

if TYPE_CHECKING:
    from etl.engine.stop import Stop
    from etl.model.precondition import Precondition
    from etl.project.project import Project
    from etl.runs.held import Held
    from etl.runs.ledger import Ledger
    from etl.schedule.decision import Check
    from etl.schedule.jobs import Scheduled
    from etl.schedule.record import Mark, Record
    from etl.schedule.records import Records
    from etl.schedule.serve import Server


@frozen
class Scheduling:
    """What the commands of ``etl schedule`` share."""

    project: Project = field(hash=False)
    jobs: Mapping[str, Scheduled] = field(hash=False)
    ledger: Ledger
    records: Records

    def chosen(self, names: Sequence[str]) -> dict[str, Scheduled]:
        """Return the scheduled jobs of these names; all where there is none.

        Raises:
            UsageError: no such job, or it has no schedule.
        """
        for name in names:
            if name not in self.jobs:
                if any(module.name == name for module in self.project.jobs):
                    raise UsageError(f"job {name} has no schedule: it runs on demand", remedy=f"etl run {name}")
                raise UnknownNameError(f"no scheduled job {name!r}", name, list(self.jobs))
        return {name: self.jobs[name] for name in names or self.jobs}

    def record(self, name: str) -> Record:
        """Return what is remembered of a job, or would be if the scheduler saw it now."""
        from etl.schedule.record import new_record

        found = self.records.read(name)
        return found[0] if found else new_record(name, self.jobs[name].schedule, utc_now())

    def change(self, name: str, change: Callable[[Record], Record]) -> Record:
        """Change a job's record by hand."""
        return self.records.change(name, self.record(name), change)


def open_scheduling(context: Context) -> Scheduling:
    """Open the project, its scheduled jobs and their records.

    Raises:
        UsageError: no job has a schedule.
    """
    from etl.schedule.jobs import scheduled_jobs
    from etl.schedule.records import Records

    project = context.open()
    jobs = scheduled_jobs(project)
    if not jobs:
        raise UsageError("no job has a schedule", remedy='JOB = Job(schedule=Daily(at="06:00"))')
    ledger = open_ledger(project.config)
    return Scheduling(project, jobs, ledger, Records(ledger.store, project.config.environment))


def mark_of(what: str, why: str, interval: str = "") -> Mark:
    """Return what somebody does by hand now, with who that is."""
    from etl.schedule.record import Mark

    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return Mark(what=what, interval=interval, who=f"{user}@{socket.gethostname()}", why=why, at=utc_now())


def told(line: str) -> None:
    """Say something on stderr, under the time."""
    first, *rest = line.splitlines() or [""]
    click.echo("\n".join([f"{utc_now():%Y-%m-%d %H:%M:%S} {first}", *(f"    {each}" for each in rest)]), err=True)


def held(scheduling: Scheduling, stop: Stop, *, wait: bool) -> AbstractContextManager[Held]:
    """Return the environment's schedule, held by this process while it is in use."""
    from etl.schedule.serve import holding

    config = scheduling.project.config
    term = float(config.run.lease_seconds)
    return holding(scheduling.ledger, config.environment, stop, term=term, wait=wait, tell=told)


def fenced(server: Server, held: Held) -> None:
    """Let the machine write only while this process holds the environment's schedule."""
    environment = server.machine.records.environment
    server.machine.fence = lambda: held.check(f"schedule://{environment}")


def rows_of(scheduling: Scheduling, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return how each interval stands that is due and not done, as a scheduler would find it now."""
    from etl.schedule.standing import standing

    known = {name: (each, scheduling.record(name)) for name, each in scheduling.jobs.items()}
    return [row for name in names for row in standing(name, known, utc_now(), _ask(scheduling))]


def server_of(
    context: Context, scheduling: Scheduling, stop: Stop, *, poll: float, yes: bool, to: str | None = None
) -> Server:
    """Return the scheduler that serves a project.

    Raises:
        ProtectedEnvironmentError: the environment is protected, and nobody said ``--yes``.
    """
    from etl.errors import ProtectedEnvironmentError
    from etl.schedule.asking import Asking
    from etl.schedule.local import Local
    from etl.schedule.machine import Machine
    from etl.schedule.serve import Server
    from etl.schedule.telling import Telling

    project, records = scheduling.project, scheduling.records
    config = project.config
    if config.run.protected and not yes:
        raise ProtectedEnvironmentError(config.environment)
    say = (lambda _: None) if context.quiet else told
    asking = Asking(_ask(scheduling))
    machine = Machine(
        jobs=scheduling.jobs,
        records=records,
        runner=Local(ledger=scheduling.ledger, verb=_verb(project, to), options=_options(context, project, yes=yes)),
        ask=asking,
        telling=Telling(jobs=scheduling.jobs, records=records, raise_alarm=_raise(scheduling), tell=told),
        tell=say,
    )
    return Server(machine=machine, asking=asking, stop=stop, poll=poll)


def _verb(project: Project, to: str | None) -> tuple[str, ...]:
    """Return what a run is begun by: on this machine, or on a platform with the bundle that is deployed.

    Raises:
        UsageError: no such target.
    """
    from etl.schedule.local import RUN
    from etl.ship.requests import destination

    return ("submit", "--to", destination(project.config, to), "--deployed", "--quiet") if to else RUN


def _options(context: Context, project: Project, *, yes: bool) -> tuple[str, ...]:
    place = ("-C", str(project.directory)) if project.directory else ()
    overrides = [word for key, value in context.overrides.items() for word in ("--set", f"{key}={value}")]
    return (*place, "-e", project.config.environment, *overrides, *(("--yes",) if yes else ()))


def _ask(scheduling: Scheduling) -> Any:
    """Return what asks a precondition of a job for one interval; its texts name that interval."""
    from etl.aws.secrets import resolve
    from etl.model.recurrence import due_at
    from etl.model.template import Moment, render
    from etl.schedule.decision import Asked
    from etl.schedule.places import Context as Places
    from etl.schedule.preconditions import met

    def ask(precondition: Precondition, each: Scheduled, check: Check) -> Asked:
        due, config = due_at(each.schedule, check.interval), scheduling.project.config
        moment = Moment(start=check.interval.start, end=check.interval.end, due=due, job=each.name)
        places = Places(
            render=lambda text: render(text, moment),
            folder=lambda name: _named("dataset", name, scheduling.project.datasets).uri,
            s3=config.s3,
            connection=lambda name: _named("connection", name, config.connections),
            secret=lambda reference: resolve(reference, config.s3),
        )
        found = met(precondition, places)
        return Asked(met=found.met, said=found.said, at=utc_now())

    return ask


def _named(what: str, name: str, known: Mapping[str, Any]) -> Any:
    if name in known:
        return known[name]
    raise UnknownNameError(f"no {what} {name!r}", name, list(known))


def _raise(scheduling: Scheduling) -> Any:
    from etl.aws.secrets import resolve
    from etl.schedule.alarms import Means, raise_alarm

    settings = scheduling.project.config.s3
    means = Means(secret=lambda reference: resolve(reference, settings), aws=settings)
    return lambda alarm, notice: raise_alarm(alarm, notice, means)
