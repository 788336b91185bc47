"""Sending a run to a cluster, and what Ctrl-C means while it is there."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

import click
from attrs import evolve

from etl.cli.context import Context
from etl.cli.remote import Progress, Remote, asking, follow, remote
from etl.cli.signals import TerminationError, terminable
from etl.cli.table import print_json
from etl.errors import EtlError, ProtectedEnvironmentError

if TYPE_CHECKING:
    from etl.cli.submitting import Submitting
    from etl.config.settings import Config
    from etl.ship.built import Built
    from etl.ship.requests import Requests

DETACHED = 0


def refuse_unconfirmed(config: Config, *, yes: bool) -> None:
    """Refuse a protected environment that nobody has confirmed.

    Raises:
        ProtectedEnvironmentError: it is one.
    """
    if config.run.protected and not yes:
        raise ProtectedEnvironmentError(config.environment)


def warn(warnings: Iterable[str]) -> None:
    """Say what people should know before something is sent."""
    for warning in warnings:
        click.echo(f"Warning: {warning}", err=True)


def send(context: Context, config: Config, found: Requests, built: Built, submitting: Submitting) -> NoReturn:
    """Send a run once, follow it unless told otherwise, and exit as it ended.

    Raises:
        EtlError: the bundle cannot be put there, or the platform refuses; nothing was started then.
        OutcomeUnknownError: whether it was started is not known.
    """
    warn(found.warnings)
    remote_id = _sent(context, config, found, built, upload=not submitting.deployed)
    run_id = found.submission.run_id
    if submitting.detach:
        if context.output == "json":
            print_json({"run_id": run_id, "to": found.to, "remote_id": remote_id, "state": "pending"})
        elif not context.quiet:
            click.echo(f"it goes on without this command: etl follow {run_id} -e {config.environment}", err=True)
        raise SystemExit(DETACHED)
    attend(context, config, remote(config, run_id), submitting.timeout)


def attend(context: Context, config: Config, found: Remote, seconds: float = 0.0) -> NoReturn:
    """Follow a run and exit as it ended; Ctrl-C asks what is to become of it, and SIGTERM cancels it.

    Raises:
        RemoteError: the platform ended it, or it never began.
        OutcomeUnknownError: it goes on after ``seconds``, or left no record of its end.
    """
    from etl.model.run import utc_now

    until = utc_now() + timedelta(seconds=seconds) if seconds else None
    progress = Progress.of(found.artifacts, quiet=context.quiet)
    with terminable():
        while True:
            try:
                code = follow(config, found, progress, until=until, quiet=context.quiet)
                break
            except TerminationError:
                found.platform.cancel(found.remote_id)
                click.echo(f"told to end: so is run {found.run_id}; following it to its end", err=True)
            except KeyboardInterrupt:
                _interrupted(config, found)
    if context.output == "json":
        ended = found.platform.describe(found.remote_id)
        told = {"run_id": found.run_id, "remote_id": ended.remote_id, "state": ended.state, "used": dict(ended.used)}
        print_json({**told, "exit_code": code})
    sys.stdout.flush()
    raise SystemExit(code)


def _sent(context: Context, config: Config, found: Requests, built: Built, *, upload: bool) -> str:
    """Send a run that was not sent yet, and return the platform's id of it."""
    from etl.model.run import utc_now
    from etl.runs.artifacts import open_artifacts
    from etl.ship import deploy
    from etl.ship.platform import platform
    from etl.ship.record import claim, keep, record

    submission = found.submission
    artifacts = open_artifacts(config.artifacts, submission.run_id, config.s3)
    there = platform(submission.arguments["platform"], asking(config))
    now = utc_now()
    made = claim(artifacts, record(submission, built, now), now)
    if made.remote_id:
        click.echo(f"run {submission.run_id} was sent at {made.at}: {made.platform} {made.remote_id}", err=True)
        return made.remote_id
    try:
        if upload:
            for key, new in deploy.upload(deploy.bundles_store(config.bundles, config.s3), built):
                if new and not context.quiet:
                    click.echo(f"put {config.bundles}/{key}", err=True)
        remote_id = there.submit(submission)
    except EtlError as error:
        keep(artifacts, evolve(made, failed=error.message))
        raise
    keep(artifacts, evolve(made, remote_id=remote_id))
    if not context.quiet:
        click.echo(f"run {submission.run_id} is {made.platform} {remote_id}", err=True)
    return remote_id


def _interrupted(config: Config, found: Remote) -> None:
    """Ask what is to become of the run; where nobody can be asked, it goes on.

    Raises:
        SystemExit: it is left alone.
    """
    from etl.errors import InterruptedRunError

    answer = "detach"
    if sys.stdin.isatty():
        choice = click.Choice(["cancel", "detach", "follow"])
        answer = click.prompt("\nthe run goes on: cancel, detach or follow", type=choice, default="detach", err=True)
    if answer == "cancel":
        found.platform.cancel(found.remote_id)
        click.echo("asked to end; following it to its end", err=True)
    elif answer == "detach":
        more = f"etl follow {found.run_id} -e {config.environment}; etl cancel ends it"
        click.echo(f"not followed any more; run {found.run_id} goes on\n  → {more}", err=True)
        raise InterruptedRunError(f"not followed any more; run {found.run_id} goes on", remedy=more)
