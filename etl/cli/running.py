"""The options that say how steps are run, and the running itself: what ``run``, ``retry`` and ``backfill`` share."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import click
from attrs import frozen

from etl.cli.context import Context
from etl.cli.duration import seconds
from etl.cli.table import print_json
from etl.errors import ProtectedEnvironmentError, UsageError, did_you_mean
from etl.model.platforms import PLATFORMS

if TYPE_CHECKING:
    from etl.model.plan import Plan
    from etl.project.project import Project
    from etl.report.terminal import Mode

_RUN_ID = re.compile(r"[A-Za-z0-9](?:[\w.-]{0,98}[A-Za-z0-9])?", re.ASCII)  # the name of a folder and of an object
_NAMES = ", ".join(PLATFORMS)


def _known(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is not None and value not in PLATFORMS:
        raise click.BadParameter(f"{value!r} is no platform; {did_you_mean(value, PLATFORMS)}")
    return value


@frozen(kw_only=True)
class Running:
    """How steps are run."""

    threads: int | None
    fail_fast: bool
    wait: float
    run_id: str | None
    platform: str | None
    master: str | None
    progress: Mode
    yes: bool

    def open(self, context: Context) -> Project:
        """Open the project, to run steps of it."""
        return context.open(static=False, overrides=self.overrides(context))

    def overrides(self, context: Context) -> dict[str, str]:
        """Return the configuration values of the command line."""
        return {**context.overrides, **({"run.platform": self.platform} if self.platform else {})}

    def refuse_unconfirmed(self, project: Project) -> None:
        """Refuse a protected environment without ``--yes``.

        Raises:
            ProtectedEnvironmentError: it is one.
        """
        if project.config.run.protected and not self.yes:
            raise ProtectedEnvironmentError(project.config.environment)

    def carry_out(self, context: Context, project: Project, plan: Plan, **options: Any) -> NoReturn:
        """Run a plan and exit as it ended; ``options`` are further ones of ``etl.cli.execution.execute``."""
        self.refuse_unconfirmed(project)
        from etl.cli.execution import execute

        result = execute(
            project,
            plan,
            run_id(self.run_id),
            sys.stderr,
            self.progress,
            quiet=context.quiet,
            master=self.master,
            overrides=self.overrides(context),
            threads=self.threads or project.config.run.threads,
            fail_fast=self.fail_fast,
            wait=self.wait,
            metrics=context.output != "json",
            **options,
        )
        if context.output == "json":
            print_json(result.to_json())
        for step in result.steps if context.debug else ():
            if step.error and step.error.traceback:
                click.echo(step.error.traceback, err=True)
        raise SystemExit(result.exit_code)


def run_id(given: str | None) -> str:
    """Return the name of a new run: the given one, or one made from the time.

    Raises:
        UsageError: it is no name.
    """
    from etl.model.run import new_run_id, utc_now

    if given is None:
        return new_run_id(utc_now())
    if not _RUN_ID.fullmatch(given):
        raise UsageError(f"run id {given!r} is not 1 to 100 letters, digits, and . _ - inside")
    return given


def running_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Take the options below, and hand the function their ``Running``."""

    @functools.wraps(command)
    def called(
        *args: Any,
        threads: int | None,
        fail_fast: bool,
        wait: float,
        run_id: str | None,
        platform: str | None,
        master: str | None,
        progress: Mode,
        yes: bool,
        **kwargs: Any,
    ) -> Any:
        running = Running(
            threads=threads,
            fail_fast=fail_fast,
            wait=wait,
            run_id=run_id,
            platform=platform,
            master=master,
            progress=progress,
            yes=yes,
        )
        return command(*args, running=running, **kwargs)

    for decorate in reversed(_OPTIONS):
        called = decorate(called)
    return called


_OPTIONS = (
    click.option("--threads", type=click.IntRange(1, 64), help="Steps that may run at once. [default: run.threads]"),
    click.option("--fail-fast", is_flag=True, help="Begin no further interval after a failure."),
    click.option("--wait", metavar="DURATION", callback=seconds, help="Wait so long for other runs: 30s, 10m, 1h."),
    click.option("--run-id", metavar="ID", help="Name of the run. [default: made from the time]"),
    click.option(
        "--platform", metavar="NAME", callback=_known, help=f"Where this runs: {_NAMES}. [default: run.platform]"
    ),
    click.option("--master", metavar="URL", help="Spark master on platform local. [default: local[*]]"),
    click.option(
        "--progress",
        type=click.Choice(["auto", "live", "lines", "none"]),
        default="auto",
        show_default=True,
        help="How the run is shown on stderr.",
    ),
    click.option("--yes", is_flag=True, help="Run in a protected environment."),
)
