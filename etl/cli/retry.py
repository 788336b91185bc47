"""``etl retry``: do what did not succeed in an earlier run, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import click
from attrs import evolve

from etl.cli.context import Context, pass_context
from etl.cli.records import artifacts_of, open_ledger
from etl.cli.running import Running, running_options
from etl.cli.table import print_json
from etl.errors import UsageError
from etl.model.plural import plural

if TYPE_CHECKING:
    from etl.model.plan import Plan
    from etl.runs.request import Request
    from etl.runs.run_record import RunRecord


@click.command()
@click.argument("run", required=False, default="last", metavar="[RUN_ID|last]")
@running_options
@pass_context
def command(context: Context, running: Running, run: str) -> None:
    """Do what did not succeed in an earlier run.

    That is what failed, was held back by a gate, skipped, cancelled or never begun. Steps, dates, parameters,
    environment and what the command line set are that run's; the code is today's. Of a run that died, what its events
    do not tell is done.

    \b
    etl retry
    etl retry 20130208T060000Z-7f3a91c2
    etl retry last -e prod --yes
    """
    again(context, running, run)


def again(context: Context, running: Running, name: str) -> NoReturn:
    """Do what did not succeed in a run and exit as that ended; exit 0 where nothing is left to do.

    Raises:
        UsageError: there is no such run, it has not ended, or it left no word of what it was to do.
        GoneError: a step that did not succeed is not there any more, or not for such intervals.
    """
    from etl.runs.request import Request, unfinished

    config = context.open().config
    run = open_ledger(config).run(name)
    artifacts = artifacts_of(config, run)
    said = (artifacts.read_manifest() or {}).get("request")
    _refuse(run, is_told=bool(said))
    request = Request.of_json(said or {})
    pairs = unfinished(artifacts, request)
    if not pairs:
        click.echo(f"run {run.run_id}: nothing to retry: {_counted(len(request.pairs))} succeeded", err=True)
        if context.output == "json":
            print_json({"planned": []})
        raise SystemExit(0)
    context = evolve(context, environment=run.environment, overrides={**request.overrides, **context.overrides})
    running = _as_then(running, request.options)
    project = running.open(context)
    steps = tuple(dict.fromkeys(name for name, _ in pairs))
    plan = project.again(steps, request.intervals, request.arguments).restricted(pairs)
    _announce(run, request, plan)
    running.carry_out(
        context,
        project,
        plan,
        selection=run.selection,
        retry_of=run.run_id,
        force=request.options.get("force", False),
        parallel=request.options.get("parallel", 1),
    )


def _as_then(running: Running, options: Mapping[str, Any]) -> Running:
    """Return how steps are run: as the command line says now, else as it was said then."""
    return evolve(
        running,
        threads=running.threads or options.get("threads") or None,
        fail_fast=running.fail_fast or options.get("fail_fast", False),
        master=running.master or options.get("master"),
    )


def _refuse(run: RunRecord, *, is_told: bool) -> None:
    if run.state == "running":
        raise UsageError(
            f"run {run.run_id} has not ended: process {run.pid} on {run.host}",
            remedy="wait for it, or stop it; its steps would run twice",
        )
    if not is_told:
        raise UsageError(
            f"run {run.run_id} left no manifest in {run.artifacts} that says what it was to do",
            remedy=f"run it again: etl run {' '.join(run.selection)}".rstrip(),
        )


def _announce(run: RunRecord, request: Request, plan: Plan) -> None:
    """Say what is done again, and which of it is not what it was."""
    from etl.engine.fingerprint import code

    click.echo(
        f"retry of {run.run_id}: {_counted(len(plan.pairs))} of {len(request.pairs):,} did not succeed", err=True
    )
    changed = [each.step.name for each in plan.steps if request.code.get(each.step.name) != code(each)]
    if changed:
        click.echo(f"note: changed since that run, and run as it is now: {', '.join(changed)}", err=True)


def _counted(pairs: int) -> str:
    return plural(pairs, "step")
