"""``etl why``: the root cause of a failed run."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from etl.cli.context import Context, pass_context
from etl.cli.table import print_facts, print_json
from etl.errors import UsageError

if TYPE_CHECKING:
    from etl.config.settings import Config
    from etl.report.diagnosis import LogText
    from etl.report.explanation import Explanation

GZIP = b"\x1f\x8b"
_LOG = click.Path(path_type=Path)


@click.command()
@click.argument("run_id", required=False, metavar="[RUN_ID|last]")
@click.option("--log", "files", multiple=True, type=_LOG, metavar="FILE", help="A log of it, plain or gz; repeatable.")
@pass_context
def command(context: Context, run_id: str | None, files: tuple[Path, ...]) -> None:
    """Find the root cause of a failed run.

    Looks through the run's results and events, and through logs: of --log, or what the platform of a submitted run
    has of its driver.
    Names step, interval, line, what was at fault, what state was left and what to do. Without a run and with logs, it
    tells what the logs say; with neither, it takes the last run. Ends with 0 whether it recognises the cause or not.

    \b
    etl why
    etl why last -o json
    etl why 20130208T060000Z-7f3a91c2 --log stderr.gz --log executor-4.log
    etl why --log stderr.gz
    """
    told = _of_logs(context, files) if files and run_id is None else _of_run(context, run_id or "last", files)
    if context.output == "json":
        print_json(told.to_json())
    else:
        print_facts(told.facts())


def _of_logs(context: Context, files: tuple[Path, ...]) -> Explanation:
    """Explain logs of a run that need not be this project's."""
    from etl.report.diagnosis import LogText
    from etl.report.evidence import explain_logs

    return explain_logs(
        [LogText(str(file), _lines(file)) for file in files], (context.directory or Path.cwd()).resolve()
    )


def _of_run(context: Context, run_id: str, files: tuple[Path, ...]) -> Explanation:
    from etl.cli.records import artifacts_of, open_ledger
    from etl.cli.remote import is_run
    from etl.report.diagnosis import LogText
    from etl.report.evidence import explain, explain_logs

    project = context.open()
    root = project.directory or Path.cwd()
    logs = [LogText(str(file), _lines(file)) for file in files]
    ledger = open_ledger(project.config)
    if is_run(project.config, run_id) and ledger.known(run_id) is None:  # sent, and it never began
        return explain_logs([*logs, *_of_platform(context, project.config, run_id)], root)
    run = ledger.run(run_id)
    left = artifacts_of(project.config, run)
    more = () if logs or not run.failed else _of_platform(context, project.config, run.run_id)
    return explain(run, left.read_results(), left.read_events(), lambda _: [*logs, *more], root)


def _of_platform(context: Context, config: Config, run_id: str) -> list[LogText]:
    """Return what a submitted run's platform has of it: the driver's log, and its own word for how it ended.

    What cannot be had is said, and the rest is explained all the same.
    """
    from etl.cli.remote import is_run, remote
    from etl.errors import EtlError
    from etl.report.diagnosis import LogText

    if not is_run(config, run_id):
        return []
    try:
        found = remote(config, run_id)
        run = found.platform.describe(found.remote_id)
        lines = list(found.platform.logs(run.remote_id))
    except EtlError as error:
        if not context.quiet:
            click.echo(f"Warning: the platform's logs cannot be had: {error.message}", err=True)
        return []
    if not lines and not context.quiet:
        click.echo("Warning: the platform has no log of the driver yet; it brings them minutes late", err=True)
    told = LogText(f"{found.record.platform} {run.remote_id}", [f"{run.said}: {run.reason}"])
    return [LogText("the driver's log", lines), *([told] if run.reason else [])]


def _lines(file: Path) -> Iterator[str]:
    """Yield a log's lines; what is no UTF-8 in it is shown as that.

    Raises:
        UsageError: no such file, or none that can be read; a gz that is cut or broken.
    """
    try:
        with file.open("rb") as head:
            opened = gzip.open if head.read(2) == GZIP else open
        with opened(file, "rt", encoding="utf-8", errors="replace") as log:
            yield from log
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UsageError(f"--log {file}: {error}", remedy="fetch it again: it is cut or broken") from error
    except OSError as error:
        raise UsageError(f"--log {file}: {error.strerror}", remedy="name a file that can be read") from error
