"""A bundle's run on this machine, as commands start and follow it: what ``submit --to local`` and ``replay`` share."""

from __future__ import annotations

import json
import re
import shlex
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from etl.cli.context import Context
from etl.cli.table import print_json

if TYPE_CHECKING:
    from etl.config.settings import Config
    from etl.ship.built import Built
    from etl.ship.platform import Submission

_OF_SPARK = re.compile(r"\d\d/\d\d/\d\d \d\d:\d\d:\d\d INFO ")  # what Spark says of itself stays in the log


def submit_here(
    context: Context, config: Config, built: Built, run_id: str, arguments: dict[str, str], *, dry_run: bool
) -> NoReturn:
    """Run a bundle as a process of its own and exit as it ended; a dry run prints its command.

    The bundle has no directory: what the project's configuration says of roots goes with the arguments.
    """
    from etl.model.run import utc_now
    from etl.runs.artifacts import open_artifacts
    from etl.ship.archive import fitting
    from etl.ship.local import here
    from etl.ship.platform import Submission
    from etl.ship.record import keep, kept_bundle, record
    from etl.spark.settings import with_delta

    roots = {"state": config.state, "artifacts": config.artifacts}
    roots |= {f"zones.{zone}": root for zone, root in config.zones.items()}
    said = {"set": json.dumps({**roots, **json.loads(arguments.get("set", "{}"))})}
    said |= {"run-id": run_id, "env": config.environment, "platform": "local"}
    python, cpu = here()
    submission = Submission(
        bundle=str(kept_bundle(built.directory, built.digests)),
        run_id=run_id,
        arguments={**arguments, **said},
        settings={**config.spark, **with_delta(config.spark)},
        archives=fitting(built.archives, python, cpu),
    )
    if not dry_run:
        keep(open_artifacts(config.artifacts, run_id, config.s3), record(submission, built, utc_now()))
    start(context, submission, dry_run=dry_run)


def start(context: Context, submission: Submission, *, dry_run: bool = False) -> NoReturn:
    """Start a run on this machine, show its lines as they come, and exit with its code; Ctrl-C ends it."""
    from etl.ship import local

    if dry_run:
        words, _ = local.command(submission)
        if context.output == "json":
            print_json({"to": "local", "run_id": submission.run_id, "command": words})
        else:
            click.echo(shlex.join(words))
        raise SystemExit(0)
    attend_here(context, local.submit(submission))


def attend_here(context: Context, remote_id: str) -> NoReturn:
    """Show the lines of a run on this machine as they come, and exit with its code; Ctrl-C ends it."""
    from etl.ship import local

    try:
        for line in local.followed(remote_id):
            if not _OF_SPARK.match(line):
                click.echo(line, err=True)
    except KeyboardInterrupt:
        local.cancel(remote_id)
        for _ in local.followed(remote_id):
            pass
    code = local.exit_code(remote_id)
    ended = local.describe(remote_id)
    if context.output == "json":
        print_json({"run_id": remote_id, "state": ended.state, "exit_code": code})
    elif not context.quiet:
        click.echo(f"run {remote_id}: {ended.state}{f', {ended.reason}' if ended.reason else ''}", err=True)
    sys.stdout.flush()
    raise SystemExit(7 if code is None else code)
