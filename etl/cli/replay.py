"""``etl replay``: what was submitted, once more, here."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from etl.cli.context import Context, pass_context
from etl.cli.records import artifacts_of, open_ledger
from etl.cli.submission import start
from etl.errors import UsageError
from etl.model.s3 import is_s3

if TYPE_CHECKING:
    from etl.config.settings import Config
    from etl.ship.record import Record

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("run", metavar="RUN_ID|last")
@click.option("--lake", type=_FOLDER, help="Where the sources are, DIR/<zone>/…  [default: where the run read them]")
@click.option(
    "--bundle", type=_FOLDER, help="Folder with the bundle's files. [default: where it was submitted from, S3 too]"
)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="The replay's own. [default: a new one in /tmp]"
)
@click.option("--dry-run", is_flag=True, help="Print the command.")
@pass_context
def command(
    context: Context, run: str, lake: Path | None, bundle: Path | None, out: Path | None, dry_run: bool
) -> None:
    """Run once more here what was submitted, on copies.

    The bundle, arguments and interval are the same; spark-submit starts them.
    Every file of the bundle is compared with the sha256 that was submitted. Sources are copied, targets begin empty,
    and state, artifacts and targets of the run are not touched. The exit code is the replay's.

    \b
    etl replay last
    etl replay 20130208T060000Z-7f3a91c2 -e prod --lake /data/sample --bundle /tmp/bundle
    """
    from etl.model.run import new_run_id, utc_now
    from etl.ship import replay
    from etl.ship.record import read

    config = context.open().config
    found = open_ledger(config).run(run)
    artifacts = artifacts_of(config, found)
    record = read(artifacts)
    manifest = artifacts.read_manifest()
    if manifest is None:
        raise UsageError(
            f"run {found.run_id} left no manifest: it ended before it had a plan",
            remedy=f"say `etl why {found.run_id}`",
        )
    folder = _bundle(config, record, bundle)
    work = out.absolute() if out else Path(tempfile.mkdtemp(prefix="headrace-replay-"))
    if work.is_dir() and any(work.iterdir()):
        raise UsageError(f"{work} is not empty", remedy="name a new directory: a replay begins with empty targets")
    zones = {key.removeprefix("zones."): "" for key in replay.settings(manifest) if key.startswith("zones.")}
    submission = replay.submission(record, folder, zones, work, new_run_id(utc_now()))
    if not dry_run:
        laid = replay.lay_sources(manifest, lake, work)
        click.echo(f"replay of {found.run_id} in {work}; copied: {', '.join(laid) or 'nothing'}", err=True)
    start(context, submission, dry_run=dry_run)


def _bundle(config: Config, record: Record, given: Path | None) -> Path:
    """Return a folder of this machine with just the files that were submitted, fetched from S3 where they lie there."""
    from etl.ship import deploy
    from etl.ship.record import kept_bundle

    if given or not is_s3(record.bundle):
        return kept_bundle(given or Path(record.bundle), record.digests)
    with tempfile.TemporaryDirectory(prefix="headrace-bundle-") as scratch:
        deploy.fetch(record.bundle, record.digests, config.s3, Path(scratch))
        return kept_bundle(Path(scratch), record.digests)
