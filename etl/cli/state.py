"""``etl state``: up to where incremental steps have consumed their sources."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from etl.cli.context import Context, pass_context, shared_options
from etl.cli.selection import dated
from etl.cli.session import start_session
from etl.cli.table import print_json, print_rows
from etl.errors import UnknownNameError, UsageError
from etl.model.run import new_run_id, utc_now
from etl.model.write import Append

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from etl.engine.watermarks import Watermarks
    from etl.model.plan import Plan, PlannedStep
    from etl.project.project import Project

SHOWN = 80  # letters of a position in a table


@click.group()
@shared_options
def command() -> None:
    """Say up to where incremental steps have consumed their sources, or say it anew.

    It stands in each step's target, in the same commit as the rows.

    \b
    etl state list
    etl state show clean.orders
    etl state reset clean.orders --to latest --yes
    """


@command.command("list")
@pass_context
def list_(context: Context) -> None:
    """List the incremental steps, and up to where each has consumed its sources.

    \b
    etl state list -o json
    """
    project = context.open(static=False)
    plan = _plan(project)
    from etl.engine.watermarks import watermarks

    rows: list[dict[str, Any]] = []
    if plan is not None:
        session = start_session(project, plan, "state")
        rows = [row for each in plan.steps for row in _rows(each, watermarks(session, each))]
    elif context.output == "text":
        click.echo("no step is incremental")
        return
    print_rows(rows, ("step", "source", "dataset", "publishes", "consumed"), context.output)


@command.command()
@click.argument("step")
@pass_context
def show(context: Context, step: str) -> None:
    """Show up to where STEP has consumed its sources, and what is new in them.

    \b
    etl state show clean.orders
    """
    planned, session = _opened(context, step)
    from etl.engine.watermarks import watermarks

    rows = _rows(planned, watermarks(session, planned, look=True))
    print_rows(rows, ("source", "dataset", "publishes", "consumed", "new"), context.output)


@command.command()
@click.argument("step")
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Only this source. [default: all of the step]")
@click.option(
    "--to",
    required=True,
    type=click.Choice(["earliest", "latest"]),
    help="Nothing is consumed, or all that is there now.",
)
@click.option("--yes", is_flag=True, help="Do it.")
@pass_context
def reset(context: Context, step: str, sources: tuple[str, ...], to: str, yes: bool) -> None:
    """Say up to where STEP has consumed its sources; no row of its target changes.

    A run of the step that is at work publishes nothing more, and ends with 75.

    \b
    etl state reset clean.orders --to earliest
    etl state reset clean.orders --source orders --to latest --yes
    """
    planned, session = _opened(context, step)
    from etl.engine.watermarks import reset, watermarks

    unknown = [name for name in sources if name not in planned.step.incremental]
    if unknown:
        raise UnknownNameError(f"step {step} consumes no source {unknown[0]!r}", unknown[0], planned.step.incremental)
    names = sources or planned.step.incremental
    told = "\n".join(_cause(planned, name, to) for name in names)
    if not yes:
        raise UsageError(told, remedy="pass --yes")
    reset(session, planned, names, to, new_run_id(utc_now()))
    rows = _rows(planned, watermarks(session, planned))
    if context.output == "json":
        print_json(rows)
        return
    click.echo(told)


def _plan(project: Project, *steps: str) -> Plan | None:
    """Return the plan of the incremental steps, or of one of them; None where no step is incremental.

    Raises:
        UsageError: a step that is named is not incremental.
    """
    every = [name for name, node in project.graph.nodes.items() if node.step.publishes and node.step.incremental]
    for name in steps:
        if name not in project.graph.nodes:
            raise UnknownNameError(f"no step {name!r}", name, every)
        if name not in every:
            raise UsageError(
                f"step {name} is not incremental: it consumes nothing", remedy="`etl state list` names those that are"
            )
    names = steps or every
    return project.plan(names, date=dated("yesterday", utc_now())) if names else None


def _opened(context: Context, step: str) -> tuple[PlannedStep, SparkSession]:
    """Return one incremental step, and a session that reaches what it reads and writes."""
    project = context.open(static=False)
    plan = _plan(project, step)
    assert plan is not None  # noqa: S101 a step is named
    return plan.steps[0], start_session(project, plan, "state")


def _rows(planned: PlannedStep, said: Watermarks) -> list[dict[str, Any]]:
    return [
        {
            "step": planned.step.name,
            "source": name,
            "dataset": planned.reads[name].name,
            "publishes": said.publishes,
            "consumed": "unknown" if said.consumed is None else _short(said.consumed.get(name)),
            "position": None if said.consumed is None else _position(said.consumed.get(name)),
            "new": said.new.get(name),
        }
        for name in planned.step.incremental
    ]


def _position(text: str | None) -> Any:
    return json.loads(text) if text else None


def _short(text: str | None) -> str:
    """Return a position for a table: as it is where it is short, else how many things it names."""
    if text is None:
        return "nothing"
    return text if len(text) <= SHOWN else f"{len(json.loads(text)):,} entries"


def _cause(planned: PlannedStep, name: str, to: str) -> str:
    """Say what a reset will cause."""
    dataset, target = planned.reads[name].name, planned.writes.name
    if to == "latest":
        return f"what is in {dataset} now and not consumed yet will never be read into {target}"
    if isinstance(planned.step.target.write, Append):
        return (
            f"the next run reads all of {dataset} again and appends it to {target}: rows that are there already will "
            "be there twice"
        )
    kind = type(planned.step.target.write).__name__
    return f"the next run reads all of {dataset} again into {target}: {kind} leaves its rows there once"
