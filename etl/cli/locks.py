"""``etl locks``: which runs hold which targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from etl.cli.context import Context, pass_context, shared_options
from etl.cli.records import open_ledger
from etl.cli.table import print_json, print_rows
from etl.errors import LockedError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from etl.runs.holders import Holder, Lease, Standing
    from etl.runs.objects import ObjectStore


@click.group()
@shared_options
def command() -> None:
    """List which runs hold which targets, or release a target.

    A run holds its targets from before its session starts until it is recorded; no other run publishes to them.

    \b
    etl locks list
    etl locks release clean.flights --yes
    """


@command.command("list")
@pass_context
def list_(context: Context) -> None:
    """List the targets that are held, each with the run that holds it and whether that run is at work.

    `living` is at work, or may be; `dead` is not: the next run takes over. `dying` is a killed run whose JVM is still
    there for a moment. Of a run on another machine only its lease can be seen.

    \b
    etl locks list -o json
    """
    store = open_ledger(context.open().config).store
    rows = [_row(*each) for each in _held(store)]
    if not rows and context.output == "text":
        click.echo("no target is held")
        return
    print_rows(rows, ("target", "holder", "state", "host", "pid", "since", "expires", "uri"), context.output)


@command.command()
@click.argument("target")
@click.option("--yes", is_flag=True, help="Do it.")
@click.option("--force", is_flag=True, help="Also from a run that is at work, or may be.")
@pass_context
def release(context: Context, target: str, yes: bool, force: bool) -> None:
    """Take TARGET, a dataset or its URI, from the run that holds it.

    That is hardly ever needed: what a dead run held is free for the next one. A run that is at work, and loses its
    target to --force, notices before its next commit, publishes nothing more, and ends with 8; a commit that it has
    begun by then still lands, and the next run's own then fails with 75, to be repeated.

    \b
    etl locks release clean.flights --yes
    etl locks release clean.flights --yes --force
    """
    from etl.runs.leases import Leases

    project = context.open()
    store = open_ledger(project.config).store
    known = project.datasets[target].uri if target in project.datasets else target
    held = list(_held(store))
    meant = [each for each in held if _is_meant(each[0], target, known)]
    if not meant and target not in project.datasets:
        raise UnknownNameError(f"no target {target!r}", target, [lease.dataset for lease, *_ in held])
    for lease, holder, how in meant:
        if how != "dead" and not force:
            raise LockedError(
                f"run {holder.run_id} on {holder.host} (pid {holder.process.pid}) holds {lease.dataset}: {how}",
                remedy="end that run first; or add --force, if its machine is gone or it will never end by itself",
            )
        if not yes:
            raise UsageError(f"run {holder.run_id} would lose {lease.dataset} ({how})", remedy="pass --yes")
        Leases(store=store).release(lease)
    if context.output == "json":
        print_json([_row(*each) for each in meant])
        return
    for lease, holder, _ in meant:
        click.echo(f"{lease.dataset} is free; run {holder.run_id} had it")
    if not meant:
        click.echo(f"nobody holds {target}")


def _is_meant(lease: Lease, name: str, uri: str) -> bool:
    from etl.runs.holders import target_key

    return lease.dataset == name or target_key(lease.uri) == target_key(uri)


def _held(store: ObjectStore) -> list[tuple[Lease, Holder, Standing]]:
    from etl.model.run import utc_now
    from etl.runs import processes
    from etl.runs.holders import held, standing

    here, now = processes.here(), utc_now()
    return [
        (lease, holder, standing(holder, here, processes.look, expired=holder.has_expired_by(now)))
        for lease, holder in held(store)
    ]


def _row(lease: Lease, holder: Holder, how: Standing) -> dict[str, Any]:
    return {
        "target": lease.dataset,
        "holder": holder.run_id,
        "state": how,
        "host": holder.host,
        "pid": str(holder.process.pid),
        "since": lease.since.isoformat(timespec="seconds"),
        "expires": holder.expires.isoformat(timespec="seconds"),
        "token": lease.token,
        "uri": lease.uri,
    }
