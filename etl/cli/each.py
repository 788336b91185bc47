"""A run of its own for each interval of a range, on a platform, a few at a time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NoReturn

import click
from attrs import frozen

from etl.cli.context import Context
from etl.cli.table import print_rows
from etl.errors import UsageError
from etl.model.failure import rank

if TYPE_CHECKING:
    from etl.model.plan import Plan
    from etl.project.project import Project

PROGRAM = (sys.executable, "-c", "import sys; from etl.cli import main; sys.exit(main())")


@frozen(kw_only=True)
class Ended:
    """How the run of an interval ended."""

    interval: str
    run_id: str
    exit_code: int
    said: str


def again(context: Context, project: Project, params: Sequence[str], more: Sequence[str]) -> list[str]:
    """Return the options by which another process submits from this project what this one would.

    Who asked for several has confirmed them all.
    """
    place = ("-C", str(project.directory)) if project.directory else ()
    overrides = [word for key, value in context.overrides.items() for word in ("--set", f"{key}={value}")]
    given = [word for each in params for word in ("--param", each)]
    return [*place, "-e", project.config.environment, *overrides, *given, *more, "--yes"]


def submit_each(
    context: Context, plan: Plan, names: Sequence[str], run_id: str, options: Sequence[str], most: int
) -> NoReturn:
    """Submit a run for each interval of a plan, ``most`` at once, and exit with the code that ranks first.

    Each is a process of its own, ``etl submit … --date``, under a run id made of this one's and the interval: submitted
    again under the same id, those that were sent are followed, not sent again. Ctrl-C ends the processes, and what they
    follow.

    Raises:
        UsageError: the plan has no intervals.
    """
    from etl.model.plan import key_of

    keys = [key for key in map(key_of, plan.intervals) if key]
    if not keys:
        raise UsageError("--each needs a range", remedy="add --from and --to")
    running: list[subprocess.Popen[str]] = []

    def one(key: str) -> Ended:
        own = f"{run_id}-{key.replace(':', '').replace('/', '_')}"
        words = [*PROGRAM, "submit", *names, "--date", key, "--run-id", own, *options, "--quiet"]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        running.append(process)
        _, said = process.communicate()
        last = next((line.strip() for line in said.splitlines() if line.startswith("Error")), "")
        if not context.quiet:
            how = f"exit code {process.returncode} {last}".rstrip() if process.returncode else "done"
            click.echo(f"{key}: {how}", err=True)
        return Ended(interval=key, run_id=own, exit_code=process.returncode, said=last)

    with ThreadPoolExecutor(most) as pool:
        try:
            ended = list(pool.map(one, keys))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in running:
                process.terminate()
            raise
    rows = [{"interval": e.interval, "run_id": e.run_id, "exit_code": e.exit_code, "said": e.said} for e in ended]
    print_rows(rows, ("interval", "run_id", "exit_code", "said"), context.output)
    raise SystemExit(min((each.exit_code for each in ended if each.exit_code), key=rank, default=0))
