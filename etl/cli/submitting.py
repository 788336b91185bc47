"""The options that say how a run is sent: with which bundle, whether it is followed, one for each interval."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from attrs import frozen

from etl.cli.duration import seconds


@frozen(kw_only=True)
class Submitting:
    """How a run is sent; see the options."""

    bundle: Path
    deployed: bool
    detach: bool
    timeout: float
    each: int | None
    yes: bool
    dry_run: bool

    @property
    def bundled(self) -> tuple[str, ...]:
        """The options that name the bundle, for another process."""
        return ("--deployed",) if self.deployed else ("--bundle", str(self.bundle))


def submitting_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Take the options below, and hand the function their ``Submitting``."""

    @functools.wraps(command)
    def called(
        *args: Any,
        bundle: Path,
        deployed: bool,
        detach: bool,
        timeout: float,
        each: int | None,
        yes: bool,
        dry_run: bool,
        **kwargs: Any,
    ) -> Any:
        submitting = Submitting(
            bundle=bundle, deployed=deployed, detach=detach, timeout=timeout, each=each, yes=yes, dry_run=dry_run
        )
        return command(*args, submitting=submitting, **kwargs)

    for decorate in reversed(_OPTIONS):
        called = decorate(called)
    return called


_OPTIONS = (
    click.option(
        "--bundle",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("dist"),
        show_default=True,
        help="Where `etl package` has put it.",
    ),
    click.option("--deployed", is_flag=True, help="The bundle that `etl deploy` has put there for the environment."),
    click.option(
        "--detach", is_flag=True, help="End when it is sent; `etl follow RUN` shows its course from anywhere."
    ),
    click.option("--timeout", metavar="TIME", callback=seconds, help="Follow it no longer than 30m, 4h; then exit 7."),
    click.option("--each", type=click.IntRange(1, 50), metavar="N", help="A run for each interval, N of them at once."),
    click.option("--yes", is_flag=True, help="Run in a protected environment."),
    click.option("--dry-run", is_flag=True, help="Print the requests, and the same as lines of the aws command."),
)
